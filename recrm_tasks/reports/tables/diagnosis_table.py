"""Diagnoses of runs -> tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from recrm_tasks.reports.diagnose_runs import Diagnosed
from recrm_tasks.reports.tables.report_table import Cell, Column, Table


def diagnosis_tables(found: Sequence[Diagnosed]) -> Iterator[Table]:
    """One table per run."""
    for one in found:
        answers = one.answers
        title = f"{answers.dimension}: {answers.model} in {answers.harness}, answers: {answers.mode}"
        if answers.unseen:
            title += f" ({len(answers.unseen)} records with unseen answers)"
        if rows := one.diagnosis.rows:
            yield Table.of(title, [_column(name) for name in rows[0]], rows, one.diagnosis.caption)
        else:
            yield Table.of(title, [Column[str]("", lambda text: text)], ["no readable answer"])


def _column(name: str) -> Column[Mapping[str, float]]:
    return Column(name, lambda row: _cell(row[name]), numeric=True)


def _cell(value: float) -> Cell:
    return Cell(f"{value:.3f}" if isinstance(value, float) else str(value), order=value)
