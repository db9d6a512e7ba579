"""Stress runs -> JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.files.writing import known, write_json
from recrm_tasks.reports.stress_runs import StressRun
from recrm_tasks.robustness.changes import CHANGES
from recrm_tasks.robustness.figures import DECLARED
from recrm_tasks.scoring.metric import Metrics, flat


def write_stress(runs: Sequence[StressRun], file: Path) -> None:
    """Writes every figure of some runs as a JSON list. What is undefined is null.

    Raises:
        DataError: the file cannot be written.
    """
    write_json([_entry(run) for run in runs], file)


def _entry(run: StressRun) -> dict[str, Any]:
    info = run.info
    return {
        "model": info.model,
        "harness": info.harness,
        "answers": info.mode,
        "form": run.form,
        "provenance": {key: one.provenance for key, one in run.answers.items()},
        "without_readable_plain_verdicts": list(run.found.left_out),
        "all": _figures(run.found.all),
        "changes": {change: _figures(found) for change, found in run.found.by_change.items()},
        "dimensions": {
            key: {
                change: {"fair": CHANGES[change].fair_in(dimension_of(key)), **_figures(figures, "reward")}
                for change, figures in found.items()
            }
            for key, found in run.found.by_dimension.items()
        },
    }


def _figures(metrics: Metrics, without: str = "") -> dict[str, Any]:
    """Each figure; with an error, also that and the ends of its interval."""
    numbers = flat(metrics)
    found: dict[str, Any] = {}
    for name in metrics:
        if name == without:
            continue
        if f"{name}_stderr" not in numbers:
            found[name] = known(numbers[name])
            continue
        low, high = DECLARED[name].reach(name, numbers)
        ends = {"value": numbers[name], "stderr": numbers[f"{name}_stderr"], "low": low, "high": high}
        found[name] = {what: known(value) for what, value in ends.items()}
    return found
