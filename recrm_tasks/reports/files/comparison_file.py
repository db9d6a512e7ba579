"""What is known of several runs, and of repeated answers -> JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recrm_tasks.reports.compare_runs import MetricDifference
from recrm_tasks.reports.comparison import Comparison
from recrm_tasks.reports.consistency_runs import Consistent
from recrm_tasks.reports.files.writing import known, write_json
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.several_judges import Judge, JudgesAgree


def write_comparison(runs: Mapping[str, Sequence[Answers]], found: Comparison, file: Path) -> None:
    """Writes all numbers of a comparison; undefined ones are null.

    Raises:
        DataError: the file cannot be written.
    """
    entries = {
        "runs": {
            name: [
                {
                    "model": one.model,
                    "harness": one.harness,
                    "dimension": one.dimension,
                    "answers": one.mode,
                    "files": [str(log) for log in one.logs],
                    "provenance": one.provenance,
                }
                for one in answers
            ]
            for name, answers in runs.items()
        },
        "scores": [_score(judge) for judges in found.judges for judge in judges],
        "overall": [
            {"run": one.name, "answers": one.mode, **{name: known(value) for name, value in one.numbers.items()}}
            for one in found.overall
        ],
        "differences": [
            *({"first": "A", "second": "B", **_difference(row)} for row in found.of_two),
            *({"first": one.first, "second": one.second, **_difference(one.row)} for one in found.of_every_two),
        ],
        "agreement": [_agreement(row) for row in found.agreement],
        "juries": [{"best": one.first, "jury": one.second, **_difference(one.row)} for one in found.juries],
    }
    write_json(entries, file)


def write_consistency(found: Sequence[Consistent], file: Path) -> None:
    """Writes all figures of consistency; undefined ones are null.

    Raises:
        DataError: the file cannot be written.
    """
    entries = [
        {
            "model": one.model,
            "dimension": one.dimension,
            "answers": one.mode,
            "runs": one.runs,
            "repetitions": list(one.repetitions),
            "figures": {
                figure.name: {
                    "value": known(figure.estimate.value),
                    "stderr": known(figure.estimate.stderr),
                    **_ends(figure.interval),
                    "n": figure.n,
                    "clusters": figure.clusters,
                }
                for figure in one.figures
            },
        }
        for one in found
    ]
    write_json(entries, file)


def _score(judge: Judge) -> dict[str, Any]:
    run = judge.run
    return {
        "run": judge.name,
        "members": list(judge.members),
        "dimension": run.dimension,
        "answers": run.mode,
        "primary": run.primary,
        "metrics": {name: known(value) for name, value in run.metrics.items()},
    }


def _difference(row: MetricDifference) -> dict[str, Any]:
    difference = row.difference
    values = {name: known(value) for name, value in difference._asdict().items()}
    named = {"first_value": values.pop("first"), "second_value": values.pop("second")}
    of = {"dimension": row.dimension, "answers": row.mode, "metric": row.metric, "primary": row.primary}
    return {**of, **named, **values, "p_holm": known(row.adjusted)}


def _agreement(row: JudgesAgree) -> dict[str, Any]:
    return {
        "dimension": row.dimension,
        "answers": row.mode,
        "runs": list(row.judges),
        "measure": row.measure.name,
        "value": known(row.found.value),
        "stderr": known(row.found.stderr),
        **_ends(row.measure.interval(row.found)),
        "n": row.found.n,
        "of": row.total,
        "clusters": row.found.clusters,
    }


def _ends(interval: tuple[float, float]) -> dict[str, float | None]:
    low, high = interval
    return {"low": known(low), "high": known(high)}
