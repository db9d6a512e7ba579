"""Aggregates -> JSON, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recrm_tasks.reports.aggregate_runs import Aggregate
from recrm_tasks.reports.files.writing import known, write_json
from recrm_tasks.scoring.metric import flat


def write_aggregates(found: Sequence[Aggregate], file: Path) -> None:
    """Writes the numbers of all aggregates as a JSON list. What is not defined is null.

    Raises:
        DataError: the file cannot be written.
    """
    write_json([_entry(one) for one in found], file)


def _entry(one: Aggregate) -> dict[str, Any]:
    source = next(iter(one.answers.values())).provenance
    return {
        "model": one.model,
        "answers": one.mode,
        "suite": one.suite.to_json(),
        "data": source["data"],
        "revision": source["revision"],
        "roles": {key: role._asdict() for key, role in one.roles.items()},
        "metrics": {key: _known(flat(metrics)) for key, metrics in one.metrics.items()},
        "mean_score": _known(flat({"mean_score": one.mean})),
        "hybrid": {form: _known(score._asdict()) for form, score in one.hybrid.items()},
        "dead_groups": {
            form: {
                str(size): {
                    **_known(share._asdict()),
                    **_known(dict(zip(("low", "high"), share.interval, strict=True))),
                }
                for size, share in by_size.items()
            }
            for form, by_size in one.dead_groups.by_form.items()
        },
        "starves": one.dead_groups.starving,
    }


def _known(numbers: dict[str, float]) -> dict[str, float | None]:
    return {name: known(value) for name, value in numbers.items()}
