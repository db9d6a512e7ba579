"""Consistency of models -> a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from recrm_tasks.reports.consistency_runs import Consistent
from recrm_tasks.reports.number_format import number, short_interval
from recrm_tasks.reports.tables.report_table import Cell, Column, Table
from recrm_tasks.scoring.consistency import MEANINGS, Figure


class _Row(NamedTuple):
    of: Consistent
    figure: Figure


def consistency_table(found: Sequence[Consistent]) -> Table:
    """A row for each figure."""
    caption = "An unreadable answer is wrong, and differs from one that could be read. " + " ".join(
        f"{name}: {meaning}." for name, meaning in MEANINGS.items()
    )
    rows = [_Row(one, figure) for one in found for figure in one.figures]
    return Table.of("consistency", _COLUMNS, rows, caption, section=lambda row: id(row.of))


_COLUMNS: Sequence[Column[_Row]] = (
    Column("model", lambda row: row.of.model),
    Column("dimension", lambda row: row.of.dimension),
    Column("answers", lambda row: row.of.mode),
    Column("runs", lambda row: Cell(str(row.of.runs), order=row.of.runs), numeric=True),
    Column("repetitions", lambda row: _span(*row.of.repetitions), numeric=True),
    Column("figure", lambda row: row.figure.name),
    Column("N", lambda row: Cell(f"{row.figure.n}", order=row.figure.n), numeric=True),
    Column("value", lambda row: Cell(number(row.figure.estimate.value), order=row.figure.estimate.value), numeric=True),
    Column("95 % interval", lambda row: short_interval(row.figure.interval), numeric=True),
)


def _span(fewest: int, most: int) -> Cell:
    return Cell(str(most) if fewest == most else f"{fewest} to {most}", order=most)
