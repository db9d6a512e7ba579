"""Workloads of `harnesses.py` for which the harnesses have no command: one per process.

    python benchmarks/workloads.py load|documents|inspect-task|inspect DATA TREE generate|logprob [LIMIT [DIMENSION]]

The last line of the output is a JSON object with the number of rows.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def load(data: str, tree: str, mode: str, limit: int | None, dimension: str) -> dict[str, Any]:
    """The data layer alone."""
    from recrm_tasks.data import load as load_data

    made = load_data(dimension, data, limit=limit)
    return {"rows": len(made) if hasattr(made, "__len__") else len(made.records)}  # older checkouts hold a list


def documents(data: str, tree: str, mode: str, limit: int | None, dimension: str) -> dict[str, Any]:
    """The documents of an lm-eval task."""
    from recrm_tasks.lm_eval_tasks.documents import documents as make

    made = make(recrm_dimension=dimension, recrm_mode=mode, recrm_provenance={}, recrm_data=data, recrm_limit=limit)
    return {"rows": len(made["test"])}


def inspect_task(data: str, tree: str, mode: str, limit: int | None, dimension: str) -> dict[str, Any]:
    """An Inspect task that is built but not run."""
    from inspect_tasks.tasks import dimension_task

    return {"rows": len(dimension_task(dimension, data=data, answer=mode, limit=limit).dataset)}


def inspect(data: str, tree: str, mode: str, limit: int | None, dimension: str) -> dict[str, Any]:
    """A whole evaluation with as little logging as possible: otherwise a full run is impractical."""
    import free_model  # noqa: F401  (registers the model)
    from inspect_ai import eval as evaluate

    os.chdir(tree)  # Inspect does not take an absolute path of a task file here
    (log,) = evaluate(
        f"recrm_tasks/{dimension}.py",
        model="free/any",
        task_args={"data": data, "answer": mode, **({"limit": limit} if limit else {})},
        display="none",
        log_samples=False,
        log_realtime=False,
        score_display=False,
        log_model_api=False,
    )
    if log.status != "success" or log.results is None:
        raise SystemExit(f"status {log.status}: {log.error and log.error.message}")
    score = log.results.scores[0]
    metrics: dict[str, Any] = {name: score.metrics[name].value for name in ("auc", "coverage") if name in score.metrics}
    return {"rows": log.results.completed_samples, **metrics}


WORKLOADS = {"load": load, "documents": documents, "inspect-task": inspect_task, "inspect": inspect}


def main(workload: str, data: str, tree: str, mode: str, limit: str = "", dimension: str = "behavior") -> None:
    """The command line."""
    print(json.dumps(WORKLOADS[workload](data, tree, mode, int(limit) if limit else None, dimension)))


if __name__ == "__main__":
    main(*sys.argv[1:])
