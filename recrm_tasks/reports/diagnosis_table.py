"""Diagnoses of runs -> tables for the terminal, and JSON for plots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import DataError
from recrm_tasks.reports.answered import Answers
from recrm_tasks.scoring.diagnosis import Diagnosis

Diagnosed = tuple[Answers, Diagnosis]


def diagnoses(answers: Sequence[Answers]) -> list[Diagnosed]:
    """Each run with its diagnosis."""
    return [(one, dimension_of(one.dimension).kind.diagnose(one.outcomes, one.targets)) for one in answers]


def print_diagnoses(found: Sequence[Diagnosed], console: Console) -> None:
    """One table per run."""
    for one, diagnosis in found:
        rows = diagnosis.rows
        title = f"{one.dimension}: {one.model} in {one.harness}, answers: {one.mode}"
        if not rows:
            console.print(f"{title}: no readable answer", highlight=False)
            continue
        table = Table(title=title, title_justify="left", caption=diagnosis.caption, caption_justify="left")
        for heading in rows[0]:
            table.add_column(heading, justify="right")
        for row in rows:
            table.add_row(*(f"{x:.3f}" if isinstance(x, float) else str(x) for x in row.values()))
        console.print(table)


def write_diagnoses(found: Sequence[Diagnosed], file: Path) -> None:
    """All of them as a JSON list.

    Raises:
        DataError: the file cannot be written.
    """
    entries = [
        {
            "model": one.model,
            "harness": one.harness,
            "answers": one.mode,
            "dimension": one.dimension,
            "provenance": one.provenance,
            "rows": diagnosis.rows,
        }
        for one, diagnosis in found
    ]
    try:
        file.write_text(json.dumps(entries, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{file}: cannot be written: {error.strerror or error}") from None
