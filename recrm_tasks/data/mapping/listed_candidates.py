"""Candidates in columns of another form than one list: in one text with separators, or divided by what was chosen."""

from __future__ import annotations

from collections.abc import Sequence

from recrm_tasks.data.formats import texts
from recrm_tasks.data.formats.candidates import name_of
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.doubts import Choice
from recrm_tasks.data.mapping.listings import answers_of, listings_in
from recrm_tasks.data.mapping.look import Look
from recrm_tasks.data.mapping.mapping_file import OPEN, TextPart
from recrm_tasks.data.mapping.text_parts import CANDIDATES

_SEPARATORS = {"\n": r"[^\n]+", "；;": "[^；;]+", "|｜": "[^|｜]+", "\t": r"[^\t]+", "、": "[^、]+", "，,": "[^，,]+"}
"""The characters that may stand between candidates, with the pattern of what does not have them."""
_WITHIN_NAMES = "，,"
"""Separators that names and descriptions have as well."""
_MOST = 0.9
"""The share of texts that have to list several."""


def list_pair(look: Look) -> tuple[str, str] | None:
    """The columns of the candidates that were chosen and of those that were not, where they are lists."""
    for better, worse in column_names.LIST_PAIRS:
        found = look.named((better,)), look.named((worse,))
        if all(found) and _holds_entries(look, found[0][0]) and _holds_entries(look, found[1][0]):
            return found[0][0], found[1][0]
    return None


def divided_texts(look: Look, column: str) -> str | TextPart:
    """The candidates of a column: the column itself, or a pattern that finds them in its texts.

    What divides the texts is asked where several separators may, or the only one is a comma.
    """
    if not _holds_texts(look, column):
        return column
    numbered = listings_in(look, column)
    if numbered:
        return numbered[0]
    fitting = _fitting(look, column)
    named = [marks for marks in fitting if _fits_labels(look, column, marks)]
    certain = named if len(named) == 1 else [] if named or _WITHIN_NAMES in fitting else fitting
    if len(certain) == 1:
        return _part(column, certain[0])
    if not fitting:
        return column
    unknown = {"column": column, "pattern": "REGULAR EXPRESSION OF (ONE CANDIDATE)"}
    look.ask(
        f"{CANDIDATES}: {column} has texts: what divides the candidates in them?",
        *(
            Choice({"fields": {CANDIDATES: _part(column, marks)}}, f"{len(_split(first, marks))} in the first row")
            for marks in fitting
            for first in look.strings(column)[:1]
        ),
        Choice({"fields": {CANDIDATES: unknown}}),
        example=look.row(0, [column]),
    )
    return OPEN


def lists_by_labels(look: Look, column: str) -> bool:
    """Whether the texts of a column list candidates, as the labels prove."""
    return _holds_texts(look, column) and any(_fits_labels(look, column, m) for m in _fitting(look, column))


def _holds_texts(look: Look, column: str) -> bool:
    if look.is_turns(column):
        return False
    rows = [row for row in texts.values_of(look.column(column)) if row is not None]
    return bool(rows) and all(isinstance(row, str) for row in rows)


def _holds_entries(look: Look, column: str) -> bool:
    """Whether a column has lists, objects, or texts that are a single entry each."""
    rows = [row for row in texts.values_of(look.column(column)) if row is not None]
    if any(isinstance(row, list | dict) for row in rows):
        return all(isinstance(row, list | dict) for row in rows)
    return bool(rows) and all(isinstance(row, str) for row in rows) and not _fitting(look, column)


def _split(text: str, marks: str) -> list[str]:
    for mark in marks:
        text = text.replace(mark, marks[0])
    return [part.strip() for part in text.split(marks[0]) if part.strip()]


def _fitting(look: Look, column: str) -> list[str]:
    """The separators that divide nearly all texts into different parts."""
    said = look.strings(column)
    divided = {marks: [_split(text, marks) for text in said] for marks in _SEPARATORS}
    return [
        marks
        for marks, rows in divided.items()
        if sum(1 for parts in rows if 1 < len(parts) == len(set(parts))) >= max(1, _MOST * len(said))
    ]


def _fits_labels(look: Look, column: str, marks: str) -> bool:
    """Whether some label column names one of the parts in every row, or has a label for each."""
    rows = [_split(str(v or ""), marks) for v in texts.plain(look.column(column)).to_pylist()]
    names = (*look.dimension.telling, *column_names.LABELS, *column_names.LABEL)
    return any(_says(look, label, rows) for label in look.named(names) if label != column)


def _says(look: Look, label: str, rows: Sequence[list[str]]) -> bool:
    values = texts.values_of(look.column(label))
    if any(isinstance(v, list) and len(v) == len(parts) > 1 for v, parts in zip(values, rows, strict=True)):
        return all(not isinstance(v, list) or len(v) == len(parts) for v, parts in zip(values, rows, strict=True))
    whole = [v is not None and name_of(v) in parts for v, parts in zip(values, rows, strict=True)]
    if all(whole):
        return True
    said = [(names, parts) for names, parts in zip(answers_of(look, label), rows, strict=False) if names]
    listed = [set(names) <= set(parts) or len(names) == len(parts) > 1 for names, parts in said]
    return bool(listed) and all(listed)


def _part(column: str, marks: str) -> TextPart:
    return TextPart(column=column, pattern=_SEPARATORS[marks])
