"""A results file of lm-evaluation-harness -> what it contains: runs, and answers of stress runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.logged_samples import answers_of_task, infos_of_task
from recrm_tasks.lm_eval_tasks.results_file import (
    METRICS,
    load_results,
    not_results,
    numbers_of,
    stress_tasks_of,
    tasks_of,
)
from recrm_tasks.models.usage import FIELDS, Usage, total
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.readers import LogContents
from recrm_tasks.reports.run_info import RunInfo
from recrm_tasks.reports.runs import Cost, Run
from recrm_tasks.scoring.aggregate.declared import DECLARED
from recrm_tasks.scoring.metric import columns


def read_contents(file: Path) -> LogContents:
    """What one results file has of our tasks, nothing if it holds other tasks only.

    Raises:
        DataError: the file is not a whole results file, or samples that are needed are missing.
    """
    results = load_results(file)
    runs = _runs(file, results)
    stress: list[Answers] = []
    unusable: list[str] = []
    for task in stress_tasks_of(results):
        try:
            stress += answers_of_task(file, results, task)
        except RecrmError as error:  # without its samples; the other tasks of the file may do without
            unusable.append(str(error))
    return LogContents(runs, stress, unusable=unusable)


def _runs(file: Path, results: dict[str, Any]) -> list[Run]:
    """The runs of the tasks that evaluate a model.

    Earlier versions wrote the results of the hybrid tasks of all dimensions together only: each dimension's numbers are
    then computed from the samples.
    """
    ours = tasks_of(results)
    runs: list[Run] = []
    try:
        numbers = {task: numbers_of(results, task) for task in ours}
        cost = _cost(list(numbers.values()), results) if ours else None
        for task, metadata in ours.items():
            found, infos = numbers[task], infos_of_task(file, results, task)
            if "recrm_dimension" in metadata:
                runs += [_run(info, found, cost, {}) for info in infos]
            elif METRICS in metadata:
                overall = {name: found[name] for name in columns(DECLARED) if name in found}
                by_dimension = {info.dimension: _with_prefix(found, f"{info.dimension}_") for info in infos}
                # --limit may leave out a dimension.
                runs += [_run(i, by_dimension[i.dimension], cost, overall) for i in infos if by_dimension[i.dimension]]
            else:
                answers = answers_of_task(file, results, task)
                runs += [Run.of(one, cost=cost, overall=_worth(found)) for one in answers]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise not_results(file, error) from None
    return runs


def _with_prefix(numbers: dict[str, float], prefix: str) -> dict[str, float]:
    """Those whose names begin with it, by the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in numbers.items() if name.startswith(prefix)}


def _worth(numbers: dict[str, float]) -> dict[str, float]:
    """What the answers are worth; what they cost is the run's `Cost`."""
    return {name: value for name, value in numbers.items() if name not in FIELDS}


def _cost(tables: list[dict[str, float]], results: dict[str, Any]) -> Cost | None:
    """None for results that lm-eval's command line did not save: nothing else measures the time."""
    if "total_evaluation_time_seconds" not in results:
        return None
    return Cost(
        records=int(sum(table["n"] for table in tables)),
        seconds=float(results["total_evaluation_time_seconds"]),
        usage=total(Usage(*(_count(table, name) for name in FIELDS)) for table in tables),
        note="lm-eval: seconds with its start and loading the model; without requests, the tokens are of each prompt "
        "once, and of what was generated, by the model's tokenizer.",
    )


def _count(table: dict[str, float], name: str) -> int | None:
    return int(table[name]) if name in table else None


def _run(info: RunInfo, numbers: dict[str, float], cost: Cost | None, overall: dict[str, float]) -> Run:
    run = Run(**vars(info), metrics=_worth(numbers), cost=cost, overall=overall)
    try:  # a file without what a table needs is not whole
        _ = run.interval(), run.limited, run.outdated
    except RecrmError as error:
        raise not_results(info.file, error) from None
    return run
