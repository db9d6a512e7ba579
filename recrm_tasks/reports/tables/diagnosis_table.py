"""Diagnoses of runs -> tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recrm_tasks.reports.diagnose_runs import Diagnosed
from recrm_tasks.reports.tables.report_table import Cell, Column, Table


def diagnosis_tables(found: Sequence[Diagnosed]) -> Iterator[Table]:
    """One table per run."""
    for one in found:
        answers = one.answers
        title = f"{answers.dimension}: {answers.model} in {answers.harness}, answers: {answers.mode}"
        if answers.unseen:
            title += f" ({len(answers.unseen)} records with unseen answers)"
        if rows := one.diagnosis.named or one.diagnosis.rows:
            columns = [_column(name, numeric=not isinstance(value, str)) for name, value in rows[0].items()]
            yield Table.of(title, columns, rows, one.diagnosis.caption)
        else:
            yield Table.of(title, [Column[str]("", lambda text: text)], ["no readable answer"])


def _column(name: str, numeric: bool) -> Column[Mapping[str, Any]]:
    return Column(name, lambda row: _cell(row[name]), numeric=numeric)


def _cell(value: str | float) -> Cell:
    if isinstance(value, str):
        return Cell(value)
    return Cell(f"{value:.3f}" if isinstance(value, float) else str(value), order=value)
