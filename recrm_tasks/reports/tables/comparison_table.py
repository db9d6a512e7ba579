"""Differences of runs and of entries, and disputed records -> tables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from recrm_tasks.reports.answer_format import answer_text, gold_text
from recrm_tasks.reports.compare_entries import EntryDifference
from recrm_tasks.reports.compare_runs import ALPHA, Disputed, MetricDifference
from recrm_tasks.reports.number_format import p_value, signed
from recrm_tasks.reports.tables.report_table import Cell, Column, Table
from recrm_tasks.reports.tables.unseen_mark import maybe_marked_cell, with_meaning


def _columns(first: str, second: str) -> list[Column[MetricDifference]]:
    """What a difference is of, both values, and the difference with its test.

    Args:
        first: what the first run is called.
        second: what the second one is called.
    """
    return [
        Column("dimension", lambda row: row.dimension),
        Column("metric", lambda row: row.metric),
        Column(first, lambda row: maybe_marked_cell(row.difference.first, row.unseen[0]), numeric=True),
        Column(second, lambda row: maybe_marked_cell(row.difference.second, row.unseen[1]), numeric=True),
        Column(
            f"{second} − {first}",
            lambda row: Cell(signed(row.difference.value), order=row.difference.value),
            numeric=True,
        ),
        Column("95 % interval", lambda row: _interval(row), numeric=True),
        Column("p", lambda row: Cell(p_value(row.difference.p), order=row.difference.p), numeric=True),
        Column("p (Holm)", lambda row: _adjusted(row), numeric=True),
    ]


def _interval(row: MetricDifference) -> Cell:
    low, high = row.difference.low, row.difference.high
    return Cell("undefined" if math.isnan(low) else f"{signed(low)} to {signed(high)}", order=low)


def _adjusted(row: MetricDifference) -> Cell:
    if row.dimension == "all" and math.isnan(row.adjusted):  # of no family
        return Cell("")
    return Cell(p_value(row.adjusted), order=row.adjusted)


def difference_tables(rows: Sequence[MetricDifference]) -> Iterator[Table]:
    """One table per answer mode."""
    caption = (
        "B − A over the same records. An unreadable answer counts as wrong. p is two-sided. Holm: corrected over the "
        "dimensions; the primary metrics, the first of each dimension, are one family."
    )
    columns = [*_columns("A", "B"), Column[MetricDifference]("test", lambda row: row.difference.test)]
    for mode in dict.fromkeys(row.mode for row in rows):
        of_mode = [row for row in rows if row.mode == mode]
        yield Table.of(
            f"answers: {mode}",
            columns,
            of_mode,
            with_meaning(caption, _unseen(of_mode)),
            section=lambda row: row.dimension,
            emphasised=lambda row: row.significant,
        )


def _unseen(rows: Sequence[MetricDifference]) -> int:
    return sum(sum(row.unseen) for row in rows)


def entry_difference_table(rows: Sequence[EntryDifference]) -> Table:
    """Every two entries of one data source."""
    return _named_differences("differences", rows, ("A", "B"), _OVER_ALL)


def run_difference_table(rows: Sequence[EntryDifference]) -> Table:
    """Every two of some runs, which have letters as names."""
    return _named_differences("differences", rows, ("first", "second"), _OVER_ALL)


_OVER_ALL = "Holm: corrected over all rows of this table."


def jury_difference_table(rows: Sequence[EntryDifference]) -> Table:
    """Juries and their best members."""
    said = (
        "Holm: corrected over the dimensions. The best member is the one that scored best on these same records, so "
        "chance has helped it, and the comparison favours it."
    )
    return _named_differences("the jury and its best member", rows, ("best", "jury"), said)


def _named_differences(title: str, rows: Sequence[EntryDifference], sides: tuple[str, str], said: str) -> Table:
    caption = (
        f"Paired tests over the same records, two-sided. {said} A difference is significant if the corrected p is "
        f"below {ALPHA}."
    )
    columns: list[Column[EntryDifference]] = [
        Column(sides[0], lambda one: one.first),
        Column(sides[1], lambda one: one.second),
        *(column.within(lambda one: one.row) for column in _columns(*sides)),
        Column("significant", lambda one: "yes" if one.row.significant else "no"),
    ]
    caption = with_meaning(caption, _unseen([one.row for one in rows]))
    return Table.of(title, columns, rows, caption, level=3, emphasised=lambda one: one.row.significant)


_DISPUTED: Sequence[Column[Disputed]] = (
    Column("answers", lambda one: one.mode),
    Column("dimension", lambda one: one.dimension),
    Column("record", lambda one: one.first.id),
    Column("gold", lambda one: gold_text(one.first)),
    Column("A", lambda one: answer_text(one.first)),
    Column("B", lambda one: answer_text(one.second)),
    Column("credit of A, B", lambda one: f"{one.credits[0]:.3f}, {one.credits[1]:.3f}"),
)


def disputed_table(records: Sequence[Disputed]) -> Table:
    """The records on which the runs scored most differently."""
    return Table.of("records on which the runs scored most differently", _DISPUTED, records)
