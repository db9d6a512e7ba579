"""Differences of leaderboard entries -> a table: a row for each two of them, a column for each score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.reports.compare_entries import EntryDifference
from recrm_tasks.reports.compare_runs import ALPHA
from recrm_tasks.reports.leaderboard_entries import OVERALL
from recrm_tasks.reports.number_format import p_value, signed, signed_interval
from recrm_tasks.reports.tables.report_table import Cell, Column, Table


class _Pair(NamedTuple):
    first: str
    second: str
    by_score: Mapping[str, EntryDifference]


def entry_differences_table(rows: Sequence[EntryDifference]) -> Table:
    """Every two entries of one data source."""
    caption = (
        "B − A over the same records, with its 95 % interval and the p of a two-sided paired test, by Holm's method "
        f"corrected over all numbers of this table. A difference is significant if that p is below {ALPHA}."
    )
    pairs: dict[tuple[str, str], dict[str, EntryDifference]] = {}
    for one in rows:
        pairs.setdefault((one.first, one.second), {})[_score(one)] = one
    scores = [key for key in (*dimensions(), *OVERALL) if any(key in found for found in pairs.values())]
    columns = [
        Column[_Pair]("A", lambda pair: pair.first),
        Column[_Pair]("B", lambda pair: pair.second),
        *(Column[_Pair](score, partial(_cell, score=score), numeric=True) for score in scores),
    ]
    return Table.of("differences", columns, [_Pair(*names, found) for names, found in pairs.items()], caption, level=3)


def _score(one: EntryDifference) -> str:
    """The dimension, of which there is one metric; or one of the scores of all dimensions."""
    return one.row.metric if one.row.dimension == "all" else one.row.dimension


def _cell(pair: _Pair, score: str) -> Cell:
    if score not in pair.by_score:
        return Cell("–")
    row = pair.by_score[score].row
    difference = row.difference
    notes = [signed_interval(difference.low, difference.high, digits=3)]
    if score in dimensions() and row.metric != dimension_of(score).primary:
        notes.insert(0, row.metric)
    if any(row.unseen):
        notes.append("not exact: unseen answers")
    notes.append(f"p {p_value(row.adjusted)}{', significant' if row.significant else ''}")
    return Cell(signed(difference.value), tuple(notes), difference.value)
