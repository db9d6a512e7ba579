"""Runs of both harnesses with scripted answers, saved as their command lines save them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lm_eval
import scripted
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.model import get_model
from lm_eval.loggers import EvaluationTracker
from lm_eval.tasks import TaskManager

from recrm_tasks import lm_eval_tasks


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
        The metrics by task.
    """
    manager = TaskManager(
        include_path=str(Path(lm_eval_tasks.__file__).parent),
        include_defaults=False,
        metadata={"recrm_data": data, **metadata},
    )
    tracker = EvaluationTracker(output_path=str(folder))
    tracker.general_config_tracker.model_name = model
    done = lm_eval.simple_evaluate(scripted.ScriptedLM(table), tasks=[task], task_manager=manager, limit=limit)
    assert done is not None
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
    api = get_model(f"scripted/{model}", answers=table, memoize=False)
    (log,) = inspect_eval(task, model=api, log_dir=str(folder), display="none", **options)
    assert log.status == "success", log.error
    assert log.results is not None
    return {name: metric.value for name, metric in log.results.scores[0].metrics.items()}
