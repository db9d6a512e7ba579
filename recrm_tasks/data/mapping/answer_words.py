"""The words that ready prompts ask for: they are what answers to them are read by."""

from __future__ import annotations

from collections.abc import Iterable

from recrm_tasks.answers.label_sets import Label, LabelSet
from recrm_tasks.answers.plain_text import bare
from recrm_tasks.answers.prompt import LETTERS
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.mapping_file import OPEN, Source
from recrm_tasks.errors import DataError

_CODES = frozenset({"true", "false", "t", "f", "y", "n"})


def with_source_words(labels: LabelSet, sources: Iterable[Source], where: str) -> LabelSet:
    """The label set whose words are those of the source, if all of its prompts are ready ones.

    A ready prompt asks in its own words. If 是 means `inconsistent` in the label column, it means so in answers as
    well, and so do the other words for yes. If the values are the letters of options, the labels get their order.
    Numbers and booleans say nothing of the words for yes and no: they may be a code that no prompt shows.

    Args:
        labels: the label set.
        sources: the sources of a dimension.
        where: the data, for messages.

    Raises:
        DataError: a word means different labels, or the letters are not those of all labels.
    """
    said: dict[str, str] = {}
    for source in sources:
        if source.own or source.label is None or source.messages in (None, OPEN):
            return labels
        for value, name in source.label.values.items():
            word = _folded(value)
            if name == OPEN or name not in labels.names or word in ("", _folded(name)):
                continue
            if said.setdefault(word, name) != name:
                raise DataError(
                    f"{where}: {value!r} means {said[word]} in some ready prompts and {name} in others, so answers "
                    "to them cannot be read: evaluate these files one at a time, each with a mapping.yaml of its own"
                )
    options = LETTERS[: len(labels.labels)].casefold()
    letters = {letter: said[letter] for letter in options if letter in said}
    if letters:
        labels = _in_order_of(letters, labels, where)
    meant = {word: name for word, name in said.items() if word not in letters}
    for words in (column_names.YES, column_names.NO):
        group = {word for word in map(_folded, words) if not word.isdecimal() and word not in _CODES}
        names = {meant[word] for word in group if word in meant}
        if len(names) == 1:
            spoken = {word for label in labels.labels for word in label.spoken}
            meant |= dict.fromkeys(group & spoken, names.pop())
    return LabelSet(labels=tuple(_spoken(label, labels, meant) for label in labels.labels))


def _folded(word: str) -> str:
    return bare(word).casefold()


def _in_order_of(letters: dict[str, str], labels: LabelSet, where: str) -> LabelSet:
    names = [letters[letter] for letter in sorted(letters)]
    if sorted(names) != sorted(labels.names):
        raise DataError(
            f"{where}: the labels of ready prompts are the letters {', '.join(sorted(letters)).upper()}, but each of "
            f"the labels {', '.join(labels.names)} needs one of its own: declare `labels` in a mapping.yaml"
        )
    by_name = {label.name: label for label in labels.labels}
    return LabelSet(labels=tuple(by_name[name] for name in names))


def _spoken(label: Label, labels: LabelSet, meant: dict[str, str]) -> Label:
    """The label with the words that mean it, and without those that mean another one."""
    taken = {_folded(word) for other in labels.labels for word in (other.name, other.zh, other.en)}
    kept = [word for word in label.words if meant.get(_folded(word), label.name) == label.name]
    have = {_folded(word) for word in kept} | taken
    new = [word for word, name in meant.items() if name == label.name and word not in have]
    return label.model_copy(update={"words": (*kept, *new)})
