"""Which column has the labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.data.formats import texts
from recrm_tasks.data.formats.turns import last_answers
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.column_words import are_labels, is_listing, words_of
from recrm_tasks.data.mapping.doubts import Choice
from recrm_tasks.data.mapping.label_meaning import Meaning, allowed_labels, as_part, graded, meaning_of
from recrm_tasks.data.mapping.labels_of_lists import chosen_side, inner_grades, list_label
from recrm_tasks.data.mapping.look import LOOKED_AT, Look, column_list, columns_of
from recrm_tasks.data.mapping.mapping_file import OPEN, LabelColumn, TextPart
from recrm_tasks.data.mapping.text_parts import CANDIDATES
from recrm_tasks.dimensions.record_fields import is_list

_OFFERED = 12
"""Columns that are offered at most: of more, none is likelier than the others."""
_OFTEN = 5
"""Rows per word from which on it is no chance that each word stands beside one label."""


def find_label(look: Look, taken: dict[str, Any]) -> tuple[LabelColumn, LabelSet | None]:
    """The label column and what its values mean; asks where either is not certain.

    Args:
        look: the rows.
        taken: the keys of a source that were found.
    """
    texts_with_parts = [v for v in (taken.get("fields") or {}).values() if isinstance(v, TextPart)]
    prompt = [c for c in columns_of(taken.get("messages") or texts_with_parts) if c != OPEN]
    fields = {c for v in (taken.get("fields") or {}).values() if v is not None for c in columns_of(v)} | set(prompt)
    lists = is_list(look.dimension.record_type)
    names = column_names.LABELS + column_names.LABEL if lists else column_names.LABEL
    if lists and (chosen := chosen_side(look, taken)) is not None:
        return chosen, None
    says = [c for c in look.named((*look.dimension.telling, *look.dimension.contrary)) if c not in fields]
    if not lists:
        spans = look.named(column_names.with_spans(look.dimension.contrary))
        says += [c for c in spans if c not in fields and c not in says and is_listing(look, c)]
    plain = [c for c in look.named(names) if c not in fields]
    if not lists:
        plain = [c for c in plain if c in look.label_like]  # no answer that a score judges
        # A column of texts is no label, if another one has labels.
        readable = [c for c in (*says, *plain) if are_labels(look, words_of(look, c))]
        says, plain = ([c for c in each if not readable or c in readable] for each in (says, plain))
    found = [*says, *(c for c in plain if c not in says)]
    if not found and prompt:
        found = [c for c in prompt if look.is_turns(c) and last_answers(look.column(c)).null_count == 0]
    if lists:
        found = inner_grades(look, taken) or found
        found = found or [c for c in look.named((*column_names.RANKS, *column_names.ORDERS)) if c not in fields][:1]
    elif found:
        found = [*found, *_scores_beside(look, found, fields, prompt)]
    if len(found) > 1 and not lists and _agree(look, found):
        found = found[:1]
    if len(found) == 1:
        if lists:
            return list_label(look, found[0], taken), None
        return _asked(look, meaning_of(look, found[0]), prompt or sorted(fields))
    _ask_which(look, found, fields, prompt, lists)
    return LabelColumn(column=OPEN), None


def _scores_beside(look: Look, found: Sequence[str], fields: set[str], prompt: Sequence[str]) -> list[str]:
    """The columns of scores beside an answer or a last turn, which may be what they judge."""
    if not set(found) <= {*look.named(column_names.ANSWERS), *prompt}:
        return []
    scores = [c for c in look.named(column_names.SCORES) if c not in fields and c not in found]
    return [c for c in scores if are_labels(look, words_of(look, c))]


def complete_label(
    look: Look, given: LabelColumn, taken: dict[str, Any], shown: list[str], skip: bool
) -> tuple[LabelColumn, LabelSet | None]:
    """The meaning of a column that a person named without saying what its values mean.

    Args:
        look: the rows.
        given: what the person said.
        taken: the keys of a source that were found.
        shown: the columns of the prompt, for an example.
        skip: whether rows that cannot be used are left out, so that a value that is no label is no question.
    """
    if given.grades:
        return given, graded(given.grades)
    said = given.model_fields_set - {"column", "read", "key"}
    if given.column is None or said:
        return given, None
    if is_list(look.dimension.record_type):
        in_text = isinstance((taken.get("fields") or {}).get(CANDIDATES), TextPart)
        seen = look.distinct(given.column)
        ranks = given.column in look.named(column_names.RANKS)
        if taken.get("list_id") is not None or taken.get("no_lists"):
            # Beside grades, a word is a mistake in its row.
            asked = ranks or not any(column_names.word(v).isdecimal() for v in seen)
        else:
            asked = in_text or ranks or pa.types.is_list(texts.parsed(look.column(given.column)).type)
        return (list_label(look, given.column, taken) if asked and seen else given), None
    if not look.strings(given.column):  # some files of several: their rows are refused one by one
        return given, None
    meaning = meaning_of(look, given.column, given)
    if meaning.doubt and skip and set(look.distinct(given.column)) & set(allowed_labels(look)):
        return given, None
    return _asked(look, meaning, shown)


def _asked(look: Look, meaning: Meaning, shown: list[str]) -> tuple[LabelColumn, LabelSet | None]:
    if meaning.doubt:
        look.ask(meaning.doubt, *meaning.choices, example=_example(look, meaning, shown))
    return meaning.column, meaning.labels


def _example(look: Look, meaning: Meaning, shown: list[str]) -> str:
    """A whole prompt, or the fields of a record, with its label."""
    column = meaning.column.column
    words = words_of(look, column) if column is not None and column != OPEN else None
    if words is None or not shown:
        return ""
    wanted = next((v for v in ("1", "是", "yes", "true") if v in words.seen), words.seen[-1])
    index = next(i for i, v in enumerate(words.rows.to_pylist()) if v is not None and v.strip() == wanted.strip())
    columns = [c for c in shown if c in look.columns or "." in c]
    return f"{look.row(index, columns)}\n=> the label in {column}: {wanted}"


def says_the_label(look: Look, column: str, label: str | None) -> bool:
    """Whether a column, or the last turn of one with turns, has the answer that the label column has.

    Other words than the label's must be known ones, or each stand beside one label in many rows.
    """
    said = words_of(look, column)
    labels = words_of(look, label) if label is not None and label != OPEN else None
    if said is None or labels is None:
        return False
    both = zip(said.rows.to_pylist(), labels.rows.to_pylist(), strict=True)
    rows = [(column_names.word(a), column_names.word(b)) for a, b in both if a and b]
    pairs = set(rows)
    if all(a == b for a, b in pairs):
        return bool(pairs)
    if not len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs}):
        return False
    # The grades of a list have no words of a known meaning.
    known = not is_list(look.dimension.record_type) and not meaning_of(look, column).doubt
    return known or len(rows) >= _OFTEN * len(pairs)


def _agree(look: Look, found: list[str]) -> bool:
    """Whether all of several label columns say the same of every row."""
    rows = []
    for column in found:
        words = words_of(look, column)
        if words is None:
            return False
        rows.append([None if v is None else column_names.word(v) for v in words.rows.to_pylist()])
    if all(row == rows[0] for row in rows):
        return True
    if meaning_of(look, found[0]).doubt:
        return False
    # Other words for the same: each of one column stands beside one of the other, and there are at least two.
    pairs = [set(zip(rows[0], row, strict=True)) for row in rows[1:]]
    kinds = len(set(rows[0]))
    return kinds > 1 and all(len(p) == kinds == len({b for _, b in p}) for p in pairs)


def _ask_which(look: Look, found: list[str], fields: set[str], prompt: list[str], lists: bool) -> None:
    what = f"label: each of the columns {', '.join(found)} may be it" if found else "label: no column for it"
    ids = _ids(look)
    rest = [c for c in look.leaves if c not in fields and c not in ids][:LOOKED_AT]
    others = found or [c for c in rest if lists or _may_be_labels(look, c)]
    if not found and not lists:
        others = [c for c in others if _tells_rows_apart(look, c)] or others
    choices: list[Choice] = []
    for column in others if len(others) <= _OFFERED else []:
        if lists:
            choices.append(Choice({"label": {"column": column}}))
        else:
            choices += meaning_of(look, column).answers if found else _either_way(look, column)
    if not lists:
        choices += [
            Choice({"label": as_part(LabelColumn(column=c))}, "what the assistant says last")
            for c in dict.fromkeys((*prompt, *rest))
            if not found and look.is_turns(c) and not meaning_of(look, c).doubt
        ]
        choices += [
            Choice({"label": {"column": c, "pattern": "REGULAR EXPRESSION WITH (THE LABEL)"}}, f"{c} has it inside")
            for c in rest
            if not found and not look.is_turns(c) and _holds_lists(look, c)
        ]
    look.ask(
        f"{what}; the columns are {column_list(look.columns)}",
        *(choices or [Choice({"label": {"column": "COLUMN"}})]),
        example=look.row(0, prompt) if prompt else "",
    )


def _holds_lists(look: Look, column: str) -> bool:
    return any(isinstance(value, list | dict) for value in texts.values_of(look.column(column)))


def _may_be_labels(look: Look, column: str) -> bool:
    """Whether a column of any name may have labels."""
    return not look.is_time(column) and are_labels(look, words_of(look, column))


def _tells_rows_apart(look: Look, column: str) -> bool:
    """Whether a column has several words, or one that is known: whoever labelled it, say, is the same in all rows."""
    words = words_of(look, column)
    return words is not None and (len(words.seen) > 1 or not meaning_of(look, column).doubt)


def _either_way(look: Look, column: str) -> tuple[Choice, ...]:
    """The meanings of a column whose name is not known: a yes in it may be a no to the dimension's question."""
    meaning, words = meaning_of(look, column), words_of(look, column)
    if meaning.doubt or words is None or look.labels is not None:
        return meaning.answers
    best, *_, worst = allowed_labels(look)
    meant = meaning.column.values or {value: value for value in words.seen}
    other = {value: worst if label == best else best for value, label in meant.items()}
    return (*meaning.answers, Choice({"label": as_part(meaning.column.model_copy(update={"values": other}))}))


def _ids(look: Look) -> set[str]:
    return {c for name in ("id", "group", "split", "lang") for c in look.named(column_names.COMMON[name])}
