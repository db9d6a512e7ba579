"""A results file of lm-evaluation-harness with the `samples_*.jsonl` beside it -> answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from recrm_tasks.errors import DataError, HarnessError
from recrm_tasks.lm_eval_tasks.results import COST, UNSEEN, Item, outcome_of, prompt_of
from recrm_tasks.lm_eval_tasks.results_file import (
    HARNESS,
    began_of,
    load_results,
    metadata_of,
    model_of,
    samples_of,
    settings_of,
    stress_tasks_of,
    tasks_of,
    weights_of,
)
from recrm_tasks.models.usage import FIELDS
from recrm_tasks.reports.logged_answers import Answers, Logged, label_names
from recrm_tasks.reports.run_info import RunInfo
from recrm_tasks.scoring.outcomes import Outcome

Read = TypeVar("Read")


def read_answers(file: Path, max_texts: int = 0, stress: bool = False) -> list[Answers]:
    """What each record was answered, by task and dimension; none if the file holds other tasks only.

    Args:
        file: a results file.
        max_texts: keep the texts of at most this many records per dimension.
        stress: whether the stress tasks are wanted, and not the other ones.

    Raises:
        DataError: the file is not a whole results file, or the samples are missing, broken or fewer than were asked.
    """
    results = load_results(file)
    tasks = stress_tasks_of(results) if stress else tasks_of(results)
    return [one for task in tasks for one in answers_of_task(file, results, task, max_texts)]


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
    answers = {
        info.dimension: Answers(**vars(info), max_texts=max_texts) for info in infos_of_task(file, results, task)
    }
    samples = samples_of(file, task)

    def add(line: dict[str, Any]) -> None:
        sample = _sample(line)
        answers[sample.dimension].add(sample, partial(_labels, line["doc"]))

    for _ in read_lines(samples, wanted_of(results, task), add):
        pass
    return [one for one in answers.values() if one.outcomes]


def infos_of_task(file: Path, results: dict[str, Any], task: str) -> list[RunInfo]:
    """What a results file says of the run of one task, by dimension; the hybrid tasks have several."""
    metadata = metadata_of(results, task)
    provenance = metadata["recrm_provenance"]
    if "recrm_dimension" in metadata:
        provenance = {metadata["recrm_dimension"]: provenance}
    weights, settings, began = weights_of(results), settings_of(results), began_of(results)
    return [
        RunInfo(
            file,
            HARNESS,
            model_of(results),
            key,
            metadata["recrm_mode"],
            entry,
            weights=weights,
            harness_settings=settings,
            began=began,
        )
        for key, entry in provenance.items()
    ]


def wanted_of(results: dict[str, Any], task: str) -> int | None:
    """The number of samples of one task; None if the results do not say it."""
    found: int | None = results.get("n-samples", {}).get(task, {}).get("effective")
    return found


def read_lines(samples: Path, wanted: int | None, read: Callable[[dict[str, Any]], Read]) -> Iterator[Read]:
    """What `read` makes of each line of a file of samples.

    Args:
        samples: the file.
        wanted: the number of lines that it must have.
        read: called with each line.

    Raises:
        DataError: the file is missing, has another number of lines, or a line is not JSON or cannot be read.
    """
    number = 0
    try:
        with samples.open(encoding="utf-8") as lines:
            for line in lines:
                number += 1
                yield read(json.loads(line))
    except FileNotFoundError:
        raise DataError(f"{samples}: no such file; lm_eval --log_samples writes it") from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, HarnessError) as error:
        raise DataError(
            f"{samples}: line {number} is not a sample that this version can read: {type(error).__name__}: {error}"
        ) from None
    if number != wanted:
        raise DataError(f"{samples}: incomplete, it has {number} of {wanted} samples")


def logged_item(line: dict[str, Any]) -> Item:
    """The outcome of a sample, with its dimension and what it cost, as it was logged."""
    score: Item = line["score"]
    if isinstance(score, list):  # as version 0.1.0 wrote it
        score = {"dimension": score[0], **Outcome.from_json(score[1]).to_json()}
    # Earlier versions had them among the metrics of a sample.
    cost = {name: line[name] for name in FIELDS if name in line}
    return {**({COST: cost} if cost else {}), **({UNSEEN: True} if UNSEEN in line else {}), **score}


def _sample(line: dict[str, Any]) -> Logged:
    doc, score = line["doc"], logged_item(line)
    before = (("system", doc["system"]),) if doc["system"] else ()
    return Logged(
        dimension=score["dimension"],
        outcome=outcome_of(score),
        turns=(*before, ("user", doc["prompt"])),
        lang=doc["lang"],
        target=doc["target"],
        said=said(line["filtered_resps"], doc["choices"]),
        unseen=UNSEEN in score,
    )


def _labels(doc: dict[str, Any]) -> dict[int, str]:
    """The names of the labels; none of documents of versions that did not log what reading needs."""
    return label_names(doc["dimension"], prompt_of(doc)) if "scoring" in doc else {}


def said(responses: list[Any], choices: list[str]) -> str:
    """A completion as it is, or each allowed answer with its log-likelihood."""
    if all(isinstance(one, str) for one in responses):
        return "\n".join(responses)
    return "\n".join(f"{choice}: {float(one[0]):.4f}" for choice, one in zip(choices, responses, strict=True))
