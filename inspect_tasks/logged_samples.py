"""Inspect's logs -> answers."""

from __future__ import annotations

from pathlib import Path

from inspect_ai.log import EvalLog, EvalSample

from inspect_tasks.harness_name import HARNESS
from inspect_tasks.log_file import model_of, provenance_of, read_header, read_samples, unfinished
from inspect_tasks.logprobs import choice_logprobs
from recrm_tasks.errors import DataError
from recrm_tasks.reports.logged_answers import Answers, Logged
from recrm_tasks.scoring.outcomes import Outcome

_BULK = {"messages", "events", "store", "attachments"}
"""What no report needs of a sample."""


def read_answers(file: Path, max_texts: int = 0, partial: bool = False) -> list[Answers]:
    """What each record of a log was answered, by dimension; none if it is of another task.

    Args:
        file: a log.
        max_texts: keep the texts of at most this many records per dimension.
        partial: read a run that ended early too.

    Raises:
        DataError: the file is not a log, its run ended early, or it is of a version that wrote no outcomes.
    """
    log = read_header(file)
    if log is None:
        return []
    if (missing := unfinished(log)) and not partial:
        raise DataError(f"{file}: this run is incomplete ({missing}); it has no score")
    return answers_of_log(file, log, max_texts)


def answers_of_log(file: Path, log: EvalLog, max_texts: int = 0) -> list[Answers]:
    """The same of a log whose header is read, also of a run that ended early.

    Raises:
        DataError: the samples are broken, or of a version that wrote no outcomes.
    """
    answers = {
        key: Answers(
            file=file,
            harness=HARNESS,
            model=model_of(log),
            dimension=key,
            mode=str(entry["mode"]),
            provenance=entry,
            max_texts=max_texts,
        )
        for key, entry in provenance_of(log).items()
    }
    for sample in read_samples(file, log, _BULK if max_texts else _BULK | {"output"}):
        found = _logged(file, sample, texts=max_texts > 0)
        if found is not None:
            answers[found.dimension].add(found)
    return [one for one in answers.values() if one.outcomes]


def _logged(file: Path, sample: EvalSample, texts: bool) -> Logged | None:
    """A sample with its outcome; None if its request failed, so that it has none, or if it was invalidated."""
    if not sample.scores or sample.invalidation is not None:
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
    """A completion as it is, or each allowed answer with its log-probability."""
    if sample.metadata.get("mode") != "logprob":
        return sample.output.completion
    choices = sample.metadata["choices"]
    given = choice_logprobs(sample.output, choices)
    if not isinstance(given, list):
        return sample.output.completion
    return "\n".join(f"{choice}: {logprob:.4f}" for choice, logprob in zip(choices, given, strict=True))
