"""A results file of lm-evaluation-harness -> runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.logged_samples import answers_of_task
from recrm_tasks.lm_eval_tasks.results_file import (
    HARNESS,
    load_results,
    model_of,
    not_results,
    settings_of,
    tasks_of,
    weights_of,
)
from recrm_tasks.models.usage import FIELDS, Usage, total
from recrm_tasks.reports.runs import Cost, Run


def read_runs(file: Path) -> list[Run]:
    """The runs of our tasks in one results file, none if it holds other tasks only.

    The results of the hybrid tasks are of all dimensions together: each dimension's numbers are computed from the
    samples.

    Raises:
        DataError: the file is not a whole results file, or a hybrid task's samples are missing.
    """
    results = load_results(file)
    ours = tasks_of(results)
    runs: list[Run] = []
    try:
        cost = _cost([results["results"][task] for task in ours], results) if ours else None
        for task, metadata in ours.items():
            metrics = _metrics(results["results"][task])
            if "recrm_dimension" in metadata:
                runs.append(_run(file, results, metadata, metrics, cost))
            else:
                answers = answers_of_task(file, results, task)
                runs += [Run.of(one, cost=cost, overall=metrics) for one in answers]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise not_results(file, error) from None
    return runs


def _metrics(table: dict[str, Any]) -> dict[str, float]:
    """What the answers are worth; what they cost is the run's `Cost`."""
    numbers = {name.partition(",")[0]: value for name, value in table.items() if isinstance(value, int | float)}
    return {name: value for name, value in numbers.items() if name not in FIELDS}


def _cost(tables: list[dict[str, Any]], results: dict[str, Any]) -> Cost | None:
    """None for results that lm-eval's command line did not save: nothing else measures the time."""
    if "total_evaluation_time_seconds" not in results:
        return None
    return Cost(
        records=int(sum(table["n,none"] for table in tables)),
        seconds=float(results["total_evaluation_time_seconds"]),
        usage=total(Usage(*(_count(table, name) for name in FIELDS)) for table in tables),
        note="lm-eval: seconds with its start and loading the model; without requests, the tokens are of each prompt "
        "once, and of what was generated, by the model's tokenizer.",
    )


def _count(table: dict[str, Any], name: str) -> int | None:
    return int(table[f"{name},none"]) if f"{name},none" in table else None


def _run(
    file: Path, results: dict[str, Any], metadata: dict[str, Any], metrics: dict[str, float], cost: Cost | None
) -> Run:
    run = Run(
        file=file,
        harness=HARNESS,
        model=model_of(results),
        dimension=metadata["recrm_dimension"],
        mode=metadata["recrm_mode"],
        provenance=metadata["recrm_provenance"],
        metrics=metrics,
        cost=cost,
        weights=weights_of(results),
        harness_settings=settings_of(results),
    )
    try:  # a file without what a table needs is not whole
        _ = run.interval(), run.limited, run.outdated
    except RecrmError as error:
        raise not_results(file, error) from None
    return run
