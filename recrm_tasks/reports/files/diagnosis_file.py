"""Diagnoses of runs -> JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recrm_tasks.reports.diagnose_runs import Diagnosed
from recrm_tasks.reports.files.writing import write_json


def write_diagnoses(found: Sequence[Diagnosed], file: Path) -> None:
    """Writes all of them as a JSON list.

    Raises:
        DataError: the file cannot be written.
    """
    entries = [
        {
            "model": one.answers.model,
            "harness": one.answers.harness,
            "answers": one.answers.mode,
            "dimension": one.answers.dimension,
            "provenance": one.answers.provenance,
            "labels": {str(label): name for label, name in sorted(one.answers.targets.items())},
            "rows": one.diagnosis.rows,
        }
        for one in found
    ]
    write_json(entries, file)
