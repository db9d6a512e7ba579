"""Inspect's logs -> runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalScore

from inspect_tasks.harness_name import HARNESS
from inspect_tasks.log_file import model_of, provenance_of, read_header, unfinished
from inspect_tasks.logged_samples import answers_of_log
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.runs import Cost, Run


def read_runs(file: Path) -> list[Run]:
    """The runs in one log, none if it is of another task.

    Of a run that ended early, or some of whose samples were invalidated, the numbers are those of the samples that were
    scored and are valid, and `Run.wanted` is set.

    Raises:
        DataError: the file is not a log, or its run ended before any sample was scored.
    """
    log = read_header(file)
    if log is None:
        return []
    if unfinished(log):
        return [Run.of(one, wanted=_wanted(log, one)) for one in answers_of_log(file, log)]
    assert log.results is not None
    score = log.results.scores[0]
    provenance = provenance_of(log)
    cost = _cost(log)
    runs = [_run(file, log, score, key, entry, cost) for key, entry in provenance.items()]
    if "unseen" in score.metrics and not any(run.unseen for run in runs):
        # Earlier versions counted them for all dimensions of a bench together; the samples say which they are.
        unseen = {one.dimension: len(one.unseen) for one in answers_of_log(file, log)}
        for run in runs:
            run.metrics["unseen"] = float(unseen[run.dimension])
    return runs


def _wanted(log: EvalLog, answers: Answers) -> int:
    """How many records of a dimension the harness was to ask; each of several dimensions has an equal part."""
    count = (log.eval.dataset.samples or 0) * (log.eval.config.epochs or 1)
    limit = log.eval.config.limit
    if isinstance(limit, int):
        count = min(count, limit)
    return round(count / len(provenance_of(log)))


def _run(file: Path, log: EvalLog, score: EvalScore, dimension: str, provenance: dict[str, Any], cost: Cost) -> Run:
    every = {name: float(metric.value) for name, metric in score.metrics.items()}
    prefix = f"{dimension}_"
    metrics = {name.removeprefix(prefix): value for name, value in every.items() if name.startswith(prefix)}
    overall = {name: value for name, value in every.items() if name.startswith(("mean_score", "hybrid"))}
    if not metrics:  # a task of one dimension
        metrics, overall = every, {}
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
    )


def _cost(log: EvalLog) -> Cost:
    """Tokens as the provider counted them. Of a run that was resumed, the last part only."""
    assert log.results is not None
    began, ended = (datetime.fromisoformat(str(at)) for at in (log.stats.started_at, log.stats.completed_at))
    used = list(log.stats.model_usage.values())
    cached = sum((one.input_tokens_cache_read or 0) + (one.input_tokens_cache_write or 0) for one in used)
    return Cost(
        records=log.results.completed_samples,
        seconds=(ended - began).total_seconds(),
        tokens_in=sum(one.input_tokens for one in used) + cached if used else None,
        tokens_out=sum(one.output_tokens for one in used) if used else None,
        note="Inspect: seconds without loading the model; tokens as the provider counted them.",
    )
