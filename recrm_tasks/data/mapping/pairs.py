"""Rows with a better and a worse one of what is judged: each row is two records."""

from __future__ import annotations

from typing import Any, NamedTuple

from recrm_tasks.data.formats import texts
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.doubts import Choice
from recrm_tasks.data.mapping.fields import (
    Fields,
    ask_for_missing,
    find_fields,
    free_columns,
    may_be_none,
    weak_fields,
)
from recrm_tasks.data.mapping.label_meaning import allowed_labels
from recrm_tasks.data.mapping.look import Look, column_list, columns_of
from recrm_tasks.data.mapping.mapping_file import OPEN, LabelColumn
from recrm_tasks.data.mapping.prompts import is_in


class Side(NamedTuple):
    """One of the two records of a row, as keys of a source."""

    fields: dict[str, Any]
    label: LabelColumn
    each: str | None = None
    """The column, where it has lists: each entry is a record."""
    named: bool = True
    """Whether the other columns have names of the record's fields, and not ones that may be of any."""


class Pair(NamedTuple):
    """The columns of a pair."""

    better: str
    worse: str


def find_pair(look: Look) -> Pair | None:
    """The columns of a pair, if the judged field has none of its own."""
    judged = look.dimension.judged
    if judged is None or look.named((judged, *look.dimension.columns.get(judged, ()))):
        return None
    for better, worse in column_names.PAIRS:
        found = look.named((better,)), look.named((worse,))
        if all(found):
            return Pair(found[0][0], found[1][0])
    return None


def sides_of(look: Look, pair: Pair, given: dict[str, Any]) -> list[Side]:
    """Both records of a row. What a field lacks is asked.

    A weak name is enough here: the pair leaves no other reading of the columns than the record's fields.
    """
    judged = look.dimension.judged
    assert judged is not None
    fields = find_fields(look, {**given, judged: pair.better})
    turns = next((c for c in (*look.named(column_names.COMMON["messages"]), pair.better) if look.is_turns(c)), None)
    free = [c for c in free_columns(look, fields.taken) if c not in pair]
    if turns is not None:  # a text that the turns have too is no field beside them
        free = [c for c in free if not is_in(look, c, [turns])]
    weak = weak_fields(look, fields.missing, free, turns)
    fields.columns |= weak
    fields.missing = [n for n in fields.missing if n not in fields.columns]
    if fields.missing:
        _ask(look, fields, free)
        fields.columns |= dict.fromkeys(fields.absent)
    elif fields.absent:
        ask_for_missing(look, fields, besides=pair)
    best, worst = (allowed := allowed_labels(look))[0], allowed[-1]
    whole = fields.source()["fields"]
    return [
        Side(whole | {judged: _judged(look, column)}, LabelColumn(value=label), _each(look, column), named=not weak)
        for column, label in zip(pair, (best, worst), strict=True)
    ]


def group_of(look: Look, taken: dict[str, Any], sides: list[Side]) -> str | None:
    """The column that both records of a row share, so that a hash split does not divide them."""
    column = taken.get("group") or taken.get("id")
    query = sides[0].fields.get("query")
    return column or (query if isinstance(query, str) and query != OPEN else None)


def _judged(look: Look, column: str) -> str:
    return f"{column}.assistant" if look.is_turns(column) else column


def _each(look: Look, column: str) -> str | None:
    listed = not look.is_turns(column) and column in look.batch.schema.names
    return column if listed and any(isinstance(v, list) for v in texts.values_of(look.column(column))) else None


def _ask(look: Look, fields: Fields, free: list[str]) -> None:
    names = fields.missing
    taken = {n: c for n, c in fields.columns.items() if n not in names}
    others = [c for c in free if c not in columns_of([v for v in taken.values() if v is not None]) and look.size(c)]
    # A column of another field may be this one, and that field be none.
    others_too = [n for n, c in taken.items() if n != look.dimension.judged and isinstance(c, str)]
    nullable = [n for n in others_too if may_be_none(look, n)]
    choices = [Choice({"fields": {name: column}}) for name in names for column in others]
    choices += [Choice({"fields": {names[0]: taken[n], n: None}}) for n in nullable if len(names) == 1]
    if all(may_be_none(look, n) for n in names):
        nothing = {**{n: taken[n] for n in nullable}, **dict.fromkeys(names)}
        choices.append(Choice({"fields": nothing}, "the source has none"))
    look.ask(
        f"no column for {', '.join(names)} of {look.dimension.key} records; "
        f"the columns are {column_list(look.columns)}",
        *(choices or [Choice({"fields": dict.fromkeys(names, "COLUMN")})]),
    )
