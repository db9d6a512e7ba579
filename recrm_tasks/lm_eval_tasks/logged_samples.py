"""A results file of lm-evaluation-harness with the `samples_*.jsonl` beside it -> answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recrm_tasks.errors import DataError
from recrm_tasks.lm_eval_tasks.results import outcome_of
from recrm_tasks.lm_eval_tasks.results_file import HARNESS, load_results, model_of, samples_of, tasks_of
from recrm_tasks.reports.logged_answers import Answers, Logged
from recrm_tasks.scoring.outcomes import Outcome


def read_answers(file: Path, max_texts: int = 0) -> list[Answers]:
    """What each record was answered, by task and dimension; none if the file holds other tasks only.

    Args:
        file: a results file.
        max_texts: keep the texts of at most this many records per dimension.

    Raises:
        DataError: the file is not a whole results file, or the samples are missing, broken or fewer than were asked.
    """
    results = load_results(file)
    return [one for task in tasks_of(results) for one in answers_of_task(file, results, task, max_texts)]


def answers_of_task(file: Path, results: dict[str, Any], task: str, max_texts: int = 0) -> list[Answers]:
    """The same for one task, by dimension.

    Args:
        file: the results file.
        results: its content.
        task: one of this package's.
        max_texts: as for `read_answers`.

    Raises:
        DataError: the samples are missing, broken or fewer than were asked.
    """
    metadata = tasks_of(results)[task]
    provenance = metadata["recrm_provenance"]
    if "recrm_dimension" in metadata:
        provenance = {metadata["recrm_dimension"]: provenance}
    answers = {
        key: Answers(
            file=file,
            harness=HARNESS,
            model=model_of(results),
            dimension=key,
            mode=metadata["recrm_mode"],
            provenance=entry,
            max_texts=max_texts,
        )
        for key, entry in provenance.items()
    }
    samples = samples_of(file, task)
    _fill(answers, samples)
    count = sum(len(one.outcomes) for one in answers.values())
    wanted = results.get("n-samples", {}).get(task, {}).get("effective")
    if count != wanted:
        raise DataError(f"{samples}: incomplete, it has {count} of {wanted} samples")
    return [one for one in answers.values() if one.outcomes]


def _fill(answers: dict[str, Answers], samples: Path) -> None:
    """Reads one file of samples."""
    number = 0
    try:
        with samples.open(encoding="utf-8") as lines:
            for line in lines:
                number += 1
                sample = _sample(json.loads(line))
                answers[sample.dimension].add(sample)
    except FileNotFoundError:
        raise DataError(f"{samples}: no such file; lm_eval --log_samples writes it") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{samples}: line {number} is not a sample that this version can read: {type(error).__name__}: {error}"
        ) from None


def _sample(line: dict[str, Any]) -> Logged:
    doc, score = line["doc"], line["score"]
    if isinstance(score, list):  # as version 0.1.0 wrote it
        score = {"dimension": score[0], **Outcome.from_json(score[1]).to_json()}
    before = (("system", doc["system"]),) if doc["system"] else ()
    return Logged(
        dimension=score["dimension"],
        outcome=outcome_of(score),
        turns=(*before, ("user", doc["prompt"])),
        lang=doc["lang"],
        target=doc["target"],
        said=_said(line["filtered_resps"], doc["choices"]),
    )


def _said(responses: list[Any], choices: list[str]) -> str:
    """A completion as it is, or each allowed answer with its log-likelihood."""
    if all(isinstance(one, str) for one in responses):
        return "\n".join(responses)
    return "\n".join(f"{choice}: {float(one[0]):.4f}" for choice, one in zip(choices, responses, strict=True))
