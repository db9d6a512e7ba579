"""Inspect's logs -> runs and answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import ijson
from inspect_ai.log import (
    EvalLog,
    EvalSample,
    EvalScore,
    read_eval_log,
    read_eval_log_sample_summaries,
    read_eval_log_samples_by_id,
)

from inspect_tasks.logprobs import choice_logprobs
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.reports.logged_answers import Answers, Logged
from recrm_tasks.reports.runs import Cost, Run
from recrm_tasks.scoring.outcomes import Outcome


def read(file: Path) -> list[Run]:
    """The runs in one log, none if it is of another task.

    Of a run that ended early the numbers are those of the samples that were scored, and `Run.wanted` is set.

    Raises:
        DataError: the file is no log, or it ended before any sample was scored.
    """
    log = _header(file)
    if log is None:
        return []
    if told := _unfinished(log):
        runs = [Run.of(one, wanted=_wanted(log, one)) for one in _answers(file, log, most=0)]
        if not runs:
            raise DataError(f"{file}: this run is incomplete ({told}), and no answer is in its log")
        return runs
    assert log.results is not None
    score = log.results.scores[0]
    provenance = _provenance(log)
    cost = _cost(log)
    return [_run(file, log, score, key, entry, len(provenance), cost) for key, entry in provenance.items()]


def read_answers(file: Path, most: int = 0, partial: bool = False) -> list[Answers]:
    """What each record of a log was answered, by dimension; none if it is of another task.

    Args:
        file: a log.
        most: of so many records of each dimension the texts too.
        partial: also of a run that ended early.

    Raises:
        DataError: the file is no log, its run ended early, or it is of a version that wrote no outcomes.
    """
    log = _header(file)
    if log is None:
        return []
    if (told := _unfinished(log)) and not partial:
        raise DataError(f"{file}: this run is incomplete ({told}); it has no score")
    return _answers(file, log, most)


def _answers(file: Path, log: EvalLog, most: int) -> list[Answers]:
    answers = {
        key: Answers(file, "inspect", _model(log), key, str(entry["mode"]), entry, most)
        for key, entry in _provenance(log).items()
    }
    for sample in _samples(file, log, _BULK if most else _BULK | {"output"}):
        found = _sample(file, sample, texts=most > 0)
        if found is not None:
            answers[found.dimension].add(found)
    return [one for one in answers.values() if one.outcomes]


def _sample(file: Path, sample: EvalSample, texts: bool) -> Logged | None:
    """A sample with its outcome; None if it has none since its request failed."""
    if not sample.scores:
        return None
    entries = [score.metadata or {} for score in sample.scores.values()]
    try:
        entry = next(entry for entry in entries if "outcome" in entry)
        outcome = Outcome.from_json(entry["outcome"])
    except (StopIteration, TypeError):
        raise DataError(f"{file}: sample {sample.id} has no outcome that this version can read") from None
    return Logged(
        dimension=entry["dimension"],
        outcome=outcome,
        turns=_turns(sample),
        lang=str(sample.metadata.get("lang", "")),
        target=str(sample.target),
        said=_said(sample) if texts else "",
    )


def _turns(sample: EvalSample) -> tuple[tuple[str, str], ...]:
    if isinstance(sample.input, str):
        return (("user", sample.input),)
    return tuple((message.role, message.text) for message in sample.input)


def _said(sample: EvalSample) -> str:
    """A completion as it is; log-probabilities beside the answers that they are of."""
    if sample.metadata.get("mode") != "logprob":
        return sample.output.completion
    choices = sample.metadata["choices"]
    given = choice_logprobs(sample.output, choices)
    if not isinstance(given, list):
        return sample.output.completion
    return "\n".join(f"{choice}: {logprob:.4f}" for choice, logprob in zip(choices, given, strict=True))


def _samples(file: Path, log: EvalLog, without: set[str]) -> Iterator[EvalSample]:
    """The samples, one after the other."""
    try:
        if file.suffix == ".json":
            yield from _samples_of_json(file, without)
        else:
            yield from _samples_of_eval(file, log, without)
    except Exception as error:  # as for the header
        raise DataError(f"{file}: not a readable Inspect log: {type(error).__name__}: {error}") from None


def _samples_of_eval(file: Path, log: EvalLog, without: set[str]) -> Iterator[EvalSample]:
    """In parts: Inspect's reader of all samples opens the file and its directory again for each."""
    if _unfinished(log) is None:
        epochs = range(1, (log.eval.config.epochs or 1) + 1)
        wanted = [(name, epoch) for name in log.eval.dataset.sample_ids or [] for epoch in epochs]
    else:
        wanted = [(one.id, one.epoch) for one in read_eval_log_sample_summaries(str(file))]
    for start in range(0, len(wanted), _PART):
        yield from read_eval_log_samples_by_id(str(file), wanted[start : start + _PART], exclude_fields=without)


_PART = 1_024


def _samples_of_json(file: Path, without: set[str]) -> Iterator[EvalSample]:
    """As a stream. Inspect's own reader holds the whole file, and goes through all of it for every sample."""
    done = 0
    try:
        with file.open("rb") as stream:
            for sample in ijson.items(stream, "samples.item", use_float=True):
                yield EvalSample.model_validate({name: value for name, value in sample.items() if name not in without})
                done += 1
    except ijson.IncompleteJSONError:  # NaN and infinities, which Inspect writes and JSON has not
        yield from (read_eval_log(str(file)).samples or [])[done:]


_BULK = {"messages", "events", "store", "attachments"}
"""What no report needs of a sample."""


def _header(file: Path) -> EvalLog | None:
    """A log of our tasks without its samples; None if it is of another task."""
    try:
        log = read_eval_log(str(file), header_only=True)
    except Exception as error:  # Inspect raises whatever its readers of zip, JSON and pydantic do
        raise DataError(f"{file}: not a readable Inspect log: {type(error).__name__}: {error}") from None
    return log if "recrm_provenance" in (log.eval.metadata or {}) else None


def _unfinished(log: EvalLog) -> str | None:
    """What is missing of a run; None if nothing is."""
    if log.status != "success" or log.results is None or not log.results.scores:
        return f"status {log.status}, {log.eval.dataset.samples} samples wanted"
    # With --no-fail-on-error a run succeeds without the samples whose requests failed.
    done, wanted = log.results.completed_samples, log.results.total_samples
    return f"{done} of {wanted} samples have an answer" if done < wanted else None


def _wanted(log: EvalLog, answers: Answers) -> int:
    """How many records of a dimension the harness was to ask: of several dimensions, a part each."""
    count = (log.eval.dataset.samples or 0) * (log.eval.config.epochs or 1)
    limit = log.eval.config.limit
    if isinstance(limit, int):
        count = min(count, limit)
    return round(count / len(_provenance(log)))


def _provenance(log: EvalLog) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = (log.eval.metadata or {})["recrm_provenance"]
    return found


def _model(log: EvalLog) -> str:
    return log.eval.model.rpartition("/")[2]


def _run(
    file: Path, log: EvalLog, score: EvalScore, dimension: str, provenance: dict[str, Any], of: int, cost: Cost
) -> Run:
    every = {name: float(metric.value) for name, metric in score.metrics.items()}
    if of < len(dimensions()):
        metrics, overall = every, {}
    else:
        prefix = f"{dimension}_"
        metrics = {name.removeprefix(prefix): value for name, value in every.items() if name.startswith(prefix)}
        overall = {name: value for name, value in every.items() if name.startswith(("mean_score", "hybrid"))}
    return Run(
        file=file,
        harness="inspect",
        model=_model(log),
        dimension=dimension,
        mode=str(provenance["mode"]),
        metrics=metrics,
        provenance=dict(provenance),
        cost=cost,
        overall=overall,
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
