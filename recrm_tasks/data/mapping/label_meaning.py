"""What the words of a label column mean: certain, or every meaning that is possible."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, permutations, product
from typing import Any, NamedTuple

from recrm_tasks.answers.label_sets import Label, LabelSet
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.class_names import class_names
from recrm_tasks.data.mapping.column_words import Words, is_named, words_by_key, words_of
from recrm_tasks.data.mapping.doubts import Choice
from recrm_tasks.data.mapping.look import Look, column_list
from recrm_tasks.data.mapping.mapping_file import OPEN, LabelColumn
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import field_type

_MOST = 24
"""Meanings that are listed at most; beyond, a person writes the labels into a line that has the values."""
_TO_WRITE = "…"
_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?")


class Meaning(NamedTuple):
    """What a column's labels mean."""

    column: LabelColumn
    """With a `?` where it is not certain."""
    labels: LabelSet | None = None
    """The label set, where it is not the dimension's default one."""
    doubt: str = ""
    """The question, if there is one."""
    choices: tuple[Choice, ...] = ()

    @property
    def answers(self) -> tuple[Choice, ...]:
        """The ways to write it into a mapping: one, where it is certain."""
        return self.choices or (Choice({"label": as_part(self.column)}),)


def meaning_of(look: Look, path: str, given: LabelColumn | None = None) -> Meaning:
    """What the labels of a column mean.

    Args:
        look: the rows.
        path: the column.
        given: what a person said about how it is read.
    """
    base = given or LabelColumn(column=path)
    words = words_of(look, path, base.key)
    return _texts(look, path, base) if words is None else _meaning(look, path, base, words)


def _meaning(look: Look, path: str, base: LabelColumn, words: Words) -> Meaning:
    base = base.model_copy(update={"read": words.read, "key": words.key})
    seen, labels = words.seen, look.labels
    spoken = _spoken(look, path, words)
    meant = _certain(look, path, words, spoken)
    new = None
    if meant is None and labels is not None and not look.declared:
        telling = is_named(look.dimension.telling, look, path, words.key)
        new = scale_of(list(spoken.values()), look.dimension, telling)
        meant = spoken if new else None
    if meant is not None:
        changed = {v: m for v, m in meant.items() if v != m}
        return Meaning(base.model_copy(update={"values": meant if changed else {}}), new)
    allowed = allowed_labels(look)
    known = _known(look, path, words)
    choices = tuple(
        Choice({"label": as_part(base.model_copy(update=update))}) for update in _possible(seen, allowed, known)
    )
    more = ", or of your own `labels`" if labels else ""
    return Meaning(
        base.model_copy(update={"values": dict.fromkeys(seen, OPEN)}),
        None,
        f"label: what do the values {', '.join(_shown(look, path, v) for v in seen)} of {path} mean? Each is one of "
        f"{', '.join(allowed)}{more}",
        choices or to_write(base, seen),
    )


def as_part(column: LabelColumn) -> dict[str, Any]:
    """A label column as a mapping has it."""
    part: dict[str, Any] = column.model_dump(mode="json", exclude_defaults=True)
    return part


def allowed_labels(look: Look) -> tuple[str, ...]:
    """The labels that records may have, the best first."""
    if look.labels is not None:
        return tuple(label.name for label in sorted(look.labels.labels, key=lambda label: -label.value))
    return tuple(str(c) for c in sorted(field_type(look.dimension.record_type, "label").choices, reverse=True))


def graded(values: Sequence[str]) -> LabelSet:
    """The label set of grades, the best first."""
    numbers = [int(v) if v.isdecimal() and len(v) < 10 else -1 for v in values]
    if numbers[-1] == 0 and all(a - b == 1 for a, b in pairwise(numbers)):
        return _counted(numbers)
    if all(_NUMBER.fullmatch(v) for v in values):
        last = len(values)
        return LabelSet(
            labels=tuple(
                Label(
                    name=value,
                    value=(last - i) / (last - 1),
                    zh=f"第 {i} 档（共 {last} 档，第 1 档最好）",
                    en=f"level {i} of {last}, where 1 is best",
                )
                for i, value in enumerate(values, 1)
            )
        )
    return _named([(value, value) for value in values])


def scale_of(seen: Sequence[str], dimension: Dimension, telling: bool) -> LabelSet | None:
    """A label set for graded words in common use, or for numbers that are grades by their column's name."""
    if len(dimension.default_labels.labels if dimension.default_labels else ()) < 3 or len(seen) < 2:
        return None
    folded = {v.strip().casefold(): v for v in seen}
    for scale in column_names.SCALES:
        order = [next((folded[w] for w in same if w in folded), None) for same in scale]
        if all(any(w in same for same in scale) for w in folded):
            return _named([(name, "/".join(same)) for name, same in zip(order, scale, strict=True) if name is not None])
    numbers = sorted((int(v) for v in seen if v.isdecimal() and len(v) < 10), reverse=True)
    if telling and len(numbers) == len(seen) and numbers[-1] == 0 and all(a - b == 1 for a, b in pairwise(numbers)):
        return _counted(numbers)
    return None


def _counted(numbers: Sequence[int]) -> LabelSet:
    top = numbers[0]
    return LabelSet(
        labels=tuple(
            Label(name=str(n), value=n / top, zh=f"{top} 级中的 {n} 级", en=f"grade {n} of {top}") for n in numbers
        )
    )


def _named(grades: Sequence[tuple[str, str]]) -> LabelSet:
    last = len(grades) - 1
    return LabelSet(
        labels=tuple(
            Label(name=name, value=(last - i) / last, zh=name, en=word.split("/")[0])
            for i, (name, word) in enumerate(grades)
        )
    )


def _certain(look: Look, path: str, words: Words, spoken: Mapping[str, str]) -> dict[str, str] | None:
    """Each value's label, or None if one of them is not certain."""
    known = _known(look, path, words._replace(seen=list(spoken.values())))
    found = {value: known[name] for value, name in spoken.items() if name in known}
    return found if len(found) == len(words.seen) else None


def _spoken(look: Look, path: str, words: Words) -> dict[str, str]:
    """Each value, with the name of its class, where it has one.

    A card may declare the names of a column whose rows have the names themselves.
    """
    names = class_names(look.batch, path) if words.read == "value" else {}
    return {value: names.get(column_names.word(value), value) for value in words.seen}


def _known(look: Look, path: str, words: Words) -> dict[str, str]:
    """The labels of the values whose meaning is certain."""
    labels, dimension = look.labels, look.dimension
    listing = words.read == "filled"
    # One found violation decides; one rule that was followed says nothing of the others.
    telling = not listing and is_named(dimension.telling, look, path, words.key)
    spans = column_names.with_spans(dimension.contrary) if listing else []
    contrary = is_named((*dimension.contrary, *spans), look, path, words.key)
    best, worst = (allowed := allowed_labels(look))[0], allowed[-1]
    known = {column_names.word(w): label for label, said in _source_words(look) for w in said}
    if labels is not None:
        general = {*column_names.YES, *column_names.NO}
        for label in labels.labels:
            # "yes" and "1" mean nothing unless the column's name says what is asked.
            spoken = (w for w in label.spoken if w not in general or label.name.casefold() == w)
            known |= {column_names.word(w): label.name for w in spoken}
    yes, no = (worst, best) if contrary and not telling else (best, worst)
    if (
        (labels is None and not listing)
        or (contrary and not telling)
        or (telling and (labels is None or len(labels.labels) == 2 or _are_words(words)))
    ):
        known |= {**dict.fromkeys(column_names.YES, yes), **dict.fromkeys(column_names.NO, no)}
    return {v: known[column_names.word(v)] for v in words.seen if column_names.word(v) in known}


def _shown(look: Look, path: str, value: str) -> str:
    """A value with the name of its class, where it has one."""
    name = class_names(look.batch, path).get(value)
    return f"{value!r}" + (f" ({name})" if name is not None else "")


def _are_words(words: Words) -> bool:
    """Whether no value is a number: of more than two labels, a number may be a grade."""
    return not any(column_names.word(v).isdecimal() for v in words.seen)


def _source_words(look: Look) -> Iterator[tuple[str, Sequence[str]]]:
    """The dimension's words for labels; those of labels that the source does not have are left out."""
    allowed = allowed_labels(look)
    return ((label, said) for label, said in look.dimension.label_words.items() if label in allowed)


def _possible(seen: Sequence[str], allowed: Sequence[str], known: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every meaning that the values may have, as changes of a label column; none where there are too many."""
    open_values = [v for v in seen if v not in known]
    ways: list[dict[str, Any]] = []
    if known:
        rest = [label for label in allowed if label not in known.values()]
        if len(open_values) > len(rest):
            rest = list(allowed)
        if len(rest) ** len(open_values) <= _MOST:
            said = product(rest, repeat=len(open_values))
            ways = [{"values": {**known, **dict(zip(open_values, labels, strict=True))}} for labels in said]
        return ways
    numbers = sorted((v for v in seen if _NUMBER.fullmatch(v.strip())), key=float)
    ordered = numbers if len(numbers) == len(seen) else None
    if ordered is not None:
        ways = [{"values": values} for values in _monotone(ordered, allowed)]
        if len(seen) > 2 and len(allowed) > 2:
            ways += [{"grades": ordered[::-1]}, {"grades": ordered}]
    elif len(seen) <= len(allowed):
        ways = [{"values": dict(zip(seen, labels, strict=True))} for labels in permutations(allowed, len(seen))]
    elif len(allowed) ** len(seen) <= _MOST:
        said = product(allowed, repeat=len(seen))
        ways = [{"values": dict(zip(seen, labels, strict=True))} for labels in said if len(set(labels)) > 1]
    return ways if len(ways) <= _MOST else []


def _monotone(ordered: Sequence[str], allowed: Sequence[str]) -> Iterator[dict[str, str]]:
    """Numbers, in ascending order, that rise or fall with the labels."""
    if len(ordered) > len(allowed):
        if len(allowed) == 2:
            for cut in range(1, len(ordered)):
                for low, high in (allowed[::-1], allowed):
                    yield {v: low if i < cut else high for i, v in enumerate(ordered)}
        return
    worst_first = allowed[::-1]
    for labels in permutations(worst_first, len(ordered)):
        places = [worst_first.index(label) for label in labels]
        if places == sorted(places) or places == sorted(places, reverse=True):
            yield dict(zip(ordered, labels, strict=True))


def _texts(look: Look, path: str, base: LabelColumn) -> Meaning:
    """A column without words that could be labels: empty, or texts."""
    seen = look.distinct(path)
    keyed = [_meaning(look, path, base, words) for words in words_by_key(look, path)]
    if keyed:
        keys = ", ".join(str(m.column.key) for m in keyed)
        return Meaning(
            LabelColumn(column=path, read="answer", key=OPEN),
            None,
            f"label: the texts in {path} are JSON with {keys}: which one has the label, and what does it mean?",
            tuple(choice for m in keyed for choice in m.answers),
        )
    if not seen or look.is_turns(path):
        what = "is empty in the first rows" if not seen else "has no answers in its last turns"
        return Meaning(
            LabelColumn(column=OPEN),
            None,
            f"label: {path} {what}; the columns are {column_list(look.columns)}",
            (Choice({"label": {"column": "COLUMN"}}),),
        )
    if len(seen) <= len(allowed_labels(look)) and len(seen) < len(look.strings(path)):
        # A few whole sentences, each of which is a label.
        open_values = base.model_copy(update={"values": dict.fromkeys(seen, OPEN)})
        possible = _possible(seen, allowed_labels(look), {})
        return Meaning(
            open_values,
            None,
            f"label: what do the values {', '.join(repr(v[:60]) for v in seen)} of {path} mean?",
            tuple(Choice({"label": as_part(base.model_copy(update=u))}) for u in possible) or to_write(base, seen),
        )
    values = f"{{WORD: {' or '.join(allowed_labels(look))}}}"
    return Meaning(
        base.model_copy(update={"pattern": OPEN}),
        None,
        f"label: {path} holds texts, not labels, like {seen[0][:80]!r}",
        (
            Choice(
                {"label": {"column": path, "pattern": "REGULAR EXPRESSION WITH (THE LABEL)"}}, f"and `values: {values}`"
            ),
            Choice({"label": {"column": path, "read": "answer", "key": "KEY"}}, "the JSON key of the answer in it"),
        ),
    )


def to_write(base: LabelColumn, seen: Sequence[str]) -> tuple[Choice, ...]:
    """The line into which a person writes what values mean."""
    return (Choice({"label": {**as_part(base), "values": dict.fromkeys(seen, _TO_WRITE)}}),)
