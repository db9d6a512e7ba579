"""Inspect's logs -> runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from inspect_ai.log import EvalLog, EvalSample, EvalScore, read_eval_log, read_eval_log_samples

from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.reports.answers import Answers
from recrm_tasks.reports.runs import Cost, Run
from recrm_tasks.scoring.answers import Outcome


def read(file: Path) -> list[Run]:
    """The runs in one log, none if it is of another task.

    Raises:
        DataError: the file is no log, or its run did not end well: an incomplete run has no score.
    """
    log = _header(file)
    if log is None:
        return []
    assert log.results is not None
    provenance = _provenance(log)
    cost = _cost(log)
    return [_run(log, log.results.scores[0], key, entry, len(provenance), cost) for key, entry in provenance.items()]


def read_answers(file: Path) -> list[Answers]:
    """What each record of a log was answered, by dimension; none if it is of another task.

    Raises:
        DataError: as for `read`, or the log is of a version that wrote no outcomes.
    """
    log = _header(file)
    if log is None:
        return []
    answers = {
        key: Answers(file, "inspect", _model(log), key, str(entry["mode"]), entry)
        for key, entry in _provenance(log).items()
    }
    for sample in _samples(file):
        entries = [score.metadata or {} for score in (sample.scores or {}).values()]
        try:
            entry = next(entry for entry in entries if "outcome" in entry)
            answers[entry["dimension"]].add(Outcome.from_json(entry["outcome"]), _turns(sample))
        except (StopIteration, LookupError, TypeError):
            raise DataError(f"{file}: sample {sample.id} has no outcome that this version can read") from None
    return [one for one in answers.values() if one.outcomes]


def _turns(sample: EvalSample) -> list[tuple[str, str]]:
    if isinstance(sample.input, str):
        return [("user", sample.input)]
    return [(message.role, message.text) for message in sample.input]


def _samples(file: Path) -> Iterator[EvalSample]:
    """The samples, one after the other."""
    try:
        yield from read_eval_log_samples(str(file), exclude_fields=_BULK)
    except Exception as error:  # as for the header
        raise DataError(f"{file}: not a readable Inspect log: {type(error).__name__}: {error}") from None


_BULK = {"messages", "events", "store", "attachments", "output"}
"""What a comparison need not read of a sample."""


def _header(file: Path) -> EvalLog | None:
    """A log of our tasks that ended well, without its samples; None if it is of another task."""
    try:
        log = read_eval_log(str(file), header_only=True)
    except Exception as error:  # Inspect raises whatever its readers of zip, JSON and pydantic do
        raise DataError(f"{file}: not a readable Inspect log: {type(error).__name__}: {error}") from None
    if "recrm_provenance" not in (log.eval.metadata or {}):
        return None
    if log.status != "success" or log.results is None or not log.results.scores:
        raise DataError(
            f"{file}: this run is incomplete (status {log.status}, {log.eval.dataset.samples} samples wanted); "
            "it has no score"
        )
    # With --no-fail-on-error a run succeeds without the samples whose requests failed.
    done, wanted = log.results.completed_samples, log.results.total_samples
    if done < wanted:
        raise DataError(f"{file}: this run is incomplete ({done} of {wanted} samples have an answer); it has no score")
    return log


def _provenance(log: EvalLog) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = (log.eval.metadata or {})["recrm_provenance"]
    return found


def _model(log: EvalLog) -> str:
    return log.eval.model.rpartition("/")[2]


def _run(log: EvalLog, score: EvalScore, dimension: str, provenance: dict[str, object], of: int, cost: Cost) -> Run:
    prefix = f"{dimension}_" if of == len(dimensions()) else ""
    metrics = {
        name.removeprefix(prefix): float(metric.value)
        for name, metric in score.metrics.items()
        if name.startswith(prefix)
    }
    return Run(
        harness="inspect",
        model=_model(log),
        dimension=dimension,
        mode=str(provenance["mode"]),
        metrics=metrics,
        provenance=dict(provenance),
        limited=metrics["n"] < float(str(provenance["rows_available"])),
        cost=cost,
    )


def _cost(log: EvalLog) -> Cost:
    """As the provider counted tokens; of a run that was taken up again, the last part only."""
    assert log.results is not None
    began, ended = (datetime.fromisoformat(str(at)) for at in (log.stats.started_at, log.stats.completed_at))
    used = list(log.stats.model_usage.values())
    cached = sum((one.input_tokens_cache_read or 0) + (one.input_tokens_cache_write or 0) for one in used)
    return Cost(
        records=log.results.completed_samples,
        seconds=(ended - began).total_seconds(),
        tokens_in=sum(one.input_tokens for one in used) + cached if used else None,
        tokens_out=sum(one.output_tokens for one in used) if used else None,
    )
