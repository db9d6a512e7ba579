"""lm-evaluation-harness's `results_*.json` with the `samples_*.jsonl` beside it -> answers."""

from __future__ import annotations

import json
from collections import defaultdict
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
        wanted = results["n-samples"][task]["effective"]
        outcomes = _outcomes(samples)
        count = sum(map(len, outcomes.values()))
        if count != wanted:
            raise DataError(f"{samples}: incomplete, {count} of {wanted} samples are there")
        of_one = "recrm_dimension" in metadata
        for dimension, rows in outcomes.items():
            provenance = metadata["recrm_provenance"] if of_one else metadata["recrm_provenance"][dimension]
            mode = metadata["recrm_mode"]
            found.append(Answers(file, "lm-eval", model_of(results), dimension, mode, provenance, rows))
    return found


def _outcomes(samples: Path) -> dict[str, list[Outcome]]:
    """The outcomes in one file of samples, by dimension."""
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    number = 0
    try:
        with samples.open(encoding="utf-8") as lines:
            for line in lines:
                number += 1
                dimension, row = _item(json.loads(line))
                outcomes[dimension].append(Outcome.from_json(row))
    except FileNotFoundError:
        raise DataError(
            f"{samples}: no such file; what was answered to each record is logged by lm_eval --log_samples"
        ) from None
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(
            f"{samples}: line {number} is no sample that this version can read: {type(error).__name__}: {error}"
        ) from None
    return outcomes


def _item(sample: dict[str, Any]) -> tuple[str, list[object]]:
    dimension, row = sample["score"]
    return dimension, row
