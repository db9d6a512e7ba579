"""lm-evaluation-harness's `results_*.json` with the `samples_*.jsonl` beside it -> answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recrm_tasks.errors import DataError
from recrm_tasks.reports.answers import Answers
from recrm_tasks.reports.lm_eval_results import load, model_of
from recrm_tasks.scoring.answers import Outcome


def read_answers(file: Path) -> list[Answers]:
    """What each record was answered, by task and dimension; none if the file holds other tasks only.

    Raises:
        DataError: the file is no whole results file, or the samples are missing, broken or fewer than were asked.
    """
    results = load(file)
    found: list[Answers] = []
    for task, config in results["configs"].items():
        metadata = config.get("metadata") or {}
        if "recrm_provenance" not in metadata:
            continue
        samples = file.with_name(f"samples_{task}_{file.stem.removeprefix('results_')}.jsonl")
        provenance = metadata["recrm_provenance"]
        if "recrm_dimension" in metadata:
            provenance = {metadata["recrm_dimension"]: provenance}
        answers = {
            key: Answers(file, "lm-eval", model_of(results), key, metadata["recrm_mode"], entry)
            for key, entry in provenance.items()
        }
        _fill(answers, samples)
        count = sum(len(one.outcomes) for one in answers.values())
        wanted = results.get("n-samples", {}).get(task, {}).get("effective")
        if count != wanted:
            raise DataError(f"{samples}: incomplete, {count} of {wanted} samples are there")
        found += [one for one in answers.values() if one.outcomes]
    return found


def _fill(answers: dict[str, Answers], samples: Path) -> None:
    """Reads one file of samples."""
    number = 0
    try:
        with samples.open(encoding="utf-8") as lines:
            for line in lines:
                number += 1
                sample = json.loads(line)
                dimension, row = sample["score"]
                answers[dimension].add(Outcome.from_json(row), _turns(sample["doc"]))
    except FileNotFoundError:
        raise DataError(
            f"{samples}: no such file; what was answered to each record is logged by lm_eval --log_samples"
        ) from None
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(
            f"{samples}: line {number} is no sample that this version can read: {type(error).__name__}: {error}"
        ) from None


def _turns(doc: dict[str, Any]) -> list[tuple[str, str]]:
    before = [("system", doc["system"])] if doc["system"] else []
    return [*before, ("user", doc["prompt"])]
