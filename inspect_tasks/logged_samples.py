"""Inspect's logs -> answers."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.scorer import Score

from inspect_tasks.harness_name import HARNESS
from inspect_tasks.log_file import (
    BULK,
    began_of,
    is_ours,
    model_of,
    provenance_of,
    read_header,
    read_samples,
    settings_of,
    unfinished,
    weights_of,
)
from inspect_tasks.logprobs import choice_logprobs
from inspect_tasks.samples import to_prompt, turns_of
from inspect_tasks.solver import ANSWER_TOKENS
from recrm_tasks.errors import DataError
from recrm_tasks.reports.logged_answers import Answers, Logged, label_names
from recrm_tasks.reports.run_info import RunInfo
from recrm_tasks.scoring.outcomes import Outcome


def read_answers(file: Path, max_texts: int = 0, stress: bool = False) -> list[Answers]:
    """What each record of a log was answered, by dimension; none if it is of another task.

    Args:
        file: a log.
        max_texts: keep the texts of at most this many records per dimension.
        stress: whether a stress run is wanted, and not one of the other tasks.

    Raises:
        DataError: the file is not a log, is of a version that wrote no outcomes, or its run ended before any answer.
    """
    log = read_header(file)
    return answers_of_log(file, log, max_texts) if is_ours(log, stress) else []


def answers_of_log(file: Path, log: EvalLog, max_texts: int = 0) -> list[Answers]:
    """The same of a log whose header is read.

    Raises:
        DataError: the samples are broken, were not logged or are of a version that wrote no outcomes; or the run ended
            before any answer.
    """
    if log.eval.config.log_samples is False:
        raise DataError(f"{file}: its samples were not logged (--no-log-samples)")
    missing = unfinished(log)
    infos = infos_of(file, log)
    answers = {one.dimension: Answers(**vars(one), unfinished=missing or "", max_texts=max_texts) for one in infos}
    for sample in read_samples(file, log, BULK if max_texts else BULK | {"output"}):
        found = _logged(file, sample, texts=max_texts > 0)
        if found is not None:
            answers[found.dimension].add(found, partial(_labels, found.dimension, sample))
    answered = [one for one in answers.values() if one.outcomes]
    if missing and not answered:
        raise DataError(f"{file}: this run is incomplete ({missing}), and its log has no answer")
    return answered


def infos_of(file: Path, log: EvalLog) -> list[RunInfo]:
    """What a log's header says of its run, by dimension."""
    weights, settings = weights_of(log), settings_of(log)
    return [
        RunInfo(
            file,
            HARNESS,
            model_of(log),
            key,
            str(entry["mode"]),
            entry,
            weights=weights,
            harness_settings=settings,
            repeats=log.eval.config.epochs or 1,
            began=began_of(log),
        )
        for key, entry in provenance_of(log).items()
    ]


def our_score(file: Path, sample: EvalSample) -> tuple[str, Score]:
    """The score of a sample that this package's scorer wrote, and its name.

    Raises:
        DataError: there is none.
    """
    for name, score in (sample.scores or {}).items():
        if "outcome" in (score.metadata or {}):
            return name, score
    raise DataError(f"{file}: sample {sample.id} has no outcome that this version can read")


def outcome_of(file: Path, sample: EvalSample, score: Score) -> tuple[str, Outcome]:
    """The dimension and the outcome in a score of a sample.

    Raises:
        DataError: this version cannot read them.
    """
    entry = score.metadata or {}
    try:
        return entry["dimension"], Outcome.from_json(entry["outcome"])
    except (LookupError, TypeError):
        raise DataError(f"{file}: sample {sample.id} has no outcome that this version can read") from None


def _logged(file: Path, sample: EvalSample, texts: bool) -> Logged | None:
    """A sample with its outcome; None if its request failed, so that it has none, or if it was invalidated."""
    if not sample.scores or sample.invalidation is not None:
        return None
    _, score = our_score(file, sample)
    dimension, outcome = outcome_of(file, sample, score)
    return Logged(
        dimension=dimension,
        outcome=outcome,
        turns=_turns(sample),
        lang=str(sample.metadata.get("lang", "")),
        target=str(sample.target),
        said=said(sample) if texts else "",
        unseen=bool((score.metadata or {}).get("unseen")),
    )


def _labels(dimension: str, sample: EvalSample) -> dict[int, str]:
    return label_names(dimension, to_prompt(str(sample.id), "".join(sample.target), sample.metadata))


def _turns(sample: EvalSample) -> tuple[tuple[str, str], ...]:
    return tuple((message.role, message.text) for message in turns_of(sample.input, sample.metadata))


def said(sample: EvalSample) -> str:
    """A completion as it is, or each allowed answer with its log-probability."""
    if sample.metadata.get("mode") != "logprob":
        return sample.output.completion
    prompt = to_prompt(str(sample.id), "".join(sample.target), sample.metadata)
    given = choice_logprobs(
        sample.output,
        prompt.choices,
        sample.metadata.get(ANSWER_TOKENS),
        opened=prompt.opened,
        marks=prompt.marks,
    )
    if not isinstance(given, list):
        return sample.output.completion
    return "\n".join(f"{choice}: {logprob:.4f}" for choice, logprob in zip(prompt.choices, given, strict=True))
