"""Inspect's logs -> what they contain: runs, answers of stress runs, runs of agents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalScore

from inspect_tasks.harness_name import HARNESS
from inspect_tasks.log_file import (
    began_of,
    is_ours,
    model_of,
    provenance_of,
    read_header,
    seconds_of,
    settings_of,
    unfinished,
    weights_of,
)
from inspect_tasks.logged_agents import agent_runs_of, is_of_agents
from inspect_tasks.logged_samples import answers_of_log
from inspect_tasks.usage import usage_of
from recrm_tasks.models.usage import FIELDS, Usage, total
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.readers import LogContents
from recrm_tasks.reports.runs import Cost, Run


def read_contents(file: Path) -> LogContents:
    """What is in one log, nothing if it is of another task.

    Raises:
        DataError: the file is not a log, or its run ended before any sample was scored.
    """
    log = read_header(file)
    return LogContents(
        runs=_runs(file, log) if is_ours(log) else [],
        stress=answers_of_log(file, log) if is_ours(log, stress=True) else [],
        agents=agent_runs_of(file, log) if is_of_agents(log) else [],
    )


def _runs(file: Path, log: EvalLog) -> list[Run]:
    """The runs of our tasks. Of a run that ended early, or some of whose samples were invalidated, the numbers are
    those of the samples that were scored and are valid, and `Run.wanted` is set."""
    if unfinished(log):
        return [Run.of(one, wanted=_wanted(log, one)) for one in answers_of_log(file, log)]
    assert log.results is not None
    score = log.results.scores[0]
    provenance = provenance_of(log)
    cost = _cost(log, score)
    runs = [_run(file, log, score, key, entry, cost) for key, entry in provenance.items()]
    if "unseen" in score.metrics and not any(run.unseen for run in runs):
        # Earlier versions counted them for all dimensions of a bench together; the samples say which they are.
        unseen = {one.dimension: len(one.unseen) for one in answers_of_log(file, log)}
        for run in runs:
            run.metrics["unseen"] = float(unseen[run.dimension])
    return runs


def _wanted(log: EvalLog, answers: Answers) -> int:
    """How many questions about a dimension the harness was to ask. With a limit of its own, or in logs that do not say
    how many there are, each of several dimensions has an equal part."""
    epochs, limit = log.eval.config.epochs or 1, log.eval.config.limit
    questions = answers.provenance.get("questions")
    if questions and limit is None:
        return int(questions) * epochs
    count = log.eval.dataset.samples or 0
    if isinstance(limit, int):
        count = min(count, limit)
    return round(count * epochs / len(provenance_of(log)))


def _run(file: Path, log: EvalLog, score: EvalScore, dimension: str, provenance: dict[str, Any], cost: Cost) -> Run:
    every = {name: float(metric.value) for name, metric in score.metrics.items()}
    prefix = f"{dimension}_"
    metrics = {name.removeprefix(prefix): value for name, value in every.items() if name.startswith(prefix)}
    overall = {name: value for name, value in every.items() if name.startswith(("mean_score", "hybrid"))}
    if not metrics:  # a task of one dimension
        metrics, overall = every, {}
    metrics = {name: value for name, value in metrics.items() if name not in FIELDS}  # what it costs is in `Cost`
    return Run(
        file=file,
        harness=HARNESS,
        model=model_of(log),
        dimension=dimension,
        mode=str(provenance["mode"]),
        provenance=dict(provenance),
        metrics=metrics,
        cost=cost,
        overall=overall,
        weights=weights_of(log),
        harness_settings=settings_of(log),
        repeats=log.eval.config.epochs or 1,
        began=began_of(log),
    )


def _cost(log: EvalLog, score: EvalScore) -> Cost:
    """Seconds are those of the last part of a run that was resumed; the rest is of all of it."""
    assert log.results is not None
    counted = {name: int(score.metrics[name].value) for name in FIELDS if name in score.metrics}
    return Cost(
        records=log.results.completed_samples,
        seconds=seconds_of(log),
        usage=Usage(**counted) if counted else _usage_of_older(log),
        note="Inspect: seconds without loading the model; tokens as the provider counted them.",
    )


def _usage_of_older(log: EvalLog) -> Usage:
    """The counts in logs without metrics of them."""
    return total(usage_of(one) for one in log.stats.model_usage.values())
