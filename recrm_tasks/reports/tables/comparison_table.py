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

_DIFFERENCE: Sequence[Column[MetricDifference]] = (
    Column("dimension", lambda row: row.dimension),
    Column("metric", lambda row: row.metric),
    Column("A", lambda row: maybe_marked_cell(row.difference.first, row.unseen[0]), numeric=True),
    Column("B", lambda row: maybe_marked_cell(row.difference.second, row.unseen[1]), numeric=True),
    Column("B − A", lambda row: Cell(signed(row.difference.value), order=row.difference.value), numeric=True),
    Column(
        "95 % interval",
        lambda row: Cell(f"{signed(row.difference.low)} to {signed(row.difference.high)}", order=row.difference.low),
        numeric=True,
    ),
    Column("p", lambda row: Cell(p_value(row.difference.p), order=row.difference.p), numeric=True),
    Column("p (Holm)", lambda row: _adjusted(row), numeric=True),
)


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
    columns = [*_DIFFERENCE, Column[MetricDifference]("test", lambda row: row.difference.test)]
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
    caption = (
        "Paired tests over the same records, two-sided. Holm: corrected over all rows of this table. A difference is "
        f"significant if the corrected p is below {ALPHA}."
    )
    columns: list[Column[EntryDifference]] = [
        Column("A", lambda one: one.first),
        Column("B", lambda one: one.second),
        *(column.within(lambda one: one.row) for column in _DIFFERENCE),
        Column("significant", lambda one: "yes" if one.row.significant else "no"),
    ]
    caption = with_meaning(caption, _unseen([one.row for one in rows]))
    return Table.of("differences", columns, rows, caption, level=3, emphasised=lambda one: one.row.significant)


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
