"""Diagnoses of runs -> tables for the terminal, and JSON for plots."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import DataError
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.scoring.metrics.diagnoses import Diagnosis

_CAPTIONS = {
    "place": "Place in the order shown. A model that looks at the candidates alone follows chance.",
    "n": "Bins of ECE: number of answers, mean stated probability, share of positives. Equal ones are calibrated.",
    "gold": "Labels by their place in the set, 0 being the first.",
}
"""By the first column."""


Diagnosed = tuple[Answers, Diagnosis]


def diagnoses(answers: Sequence[Answers]) -> list[Diagnosed]:
    """Each run with its diagnosis."""
    return [(one, dimension_of(one.dimension).diagnose(one.outcomes)) for one in answers]


def print_diagnoses(found: Sequence[Diagnosed], console: Console) -> None:
    """One table per run."""
    for one, rows in found:
        title = f"{one.dimension}: {one.model} in {one.harness}, answers: {one.mode}"
        if not rows:
            console.print(f"{title}: no readable answer", highlight=False)
            continue
        caption = _CAPTIONS[next(iter(rows[0]))]
        table = Table(title=title, title_justify="left", caption=caption, caption_justify="left")
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
            "rows": rows,
        }
        for one, rows in found
    ]
    try:
        file.write_text(json.dumps(entries, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(f"{file}: cannot be written: {error.strerror or error}") from None
