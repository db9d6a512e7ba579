"""Runs of both harnesses with scripted answers, saved as their command lines save them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import scripted
from inspect_ai import Task
from lm_eval.loggers import EvaluationTracker


def by_lm_eval(
    folder: Path,
    table: scripted.Answers,
    task: str,
    model: str = "some/model",
    samples: bool = True,
    limit: int | None = None,
    data: str = "sample",
    **metadata: Any,
) -> dict[str, Any]:
    """A run of lm-eval.

    Args:
        folder: where its results are saved.
        table: the answers.
        task: a task or group of ours.
        model: what the model is called.
        samples: as with --log_samples.
        limit: lm-eval's own.
        data: the records.
        metadata: more task options.

    Returns:
        lm-eval's own table of metrics, by task.
    """
    done = scripted.by_lm_eval(table, task, limit=limit, recrm_data=data, **metadata)
    tracker = EvaluationTracker(output_path=str(folder))
    tracker.general_config_tracker.model_name = model
    per_task = done.pop("samples")
    tracker.save_results_aggregated(results=done, samples=per_task if samples else None)
    for name, rows in per_task.items() if samples else ():
        tracker.save_results_samples(task_name=name, samples=rows)
    results: dict[str, Any] = done["results"]
    return results


def by_inspect(
    folder: Path, table: scripted.Answers, task: Task, model: str = "some/model", **options: Any
) -> dict[str, float]:
    """A run of Inspect.

    Args:
        folder: where its log is saved.
        table: the answers.
        task: one of ours.
        model: what the model is called.
        options: of Inspect's `eval`.

    Returns:
        The metrics.
    """
    return scripted.numbers(scripted.by_inspect(task, table, folder, model, **options))
