"""Records -> the figures of every baseline, through the metrics of the dimension's kind of answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain

import numpy as np

from recrm_tasks.answers.prompt import Ask
from recrm_tasks.baselines import baselines
from recrm_tasks.baselines.answered import result_of
from recrm_tasks.baselines.asked import questions
from recrm_tasks.baselines.base import Baseline
from recrm_tasks.baselines.calibration import Calibration
from recrm_tasks.baselines.measured import Measured, measured
from recrm_tasks.baselines.result import Evaluated
from recrm_tasks.data.dataset import Dataset
from recrm_tasks.data.train_part import train_part

MOST = 50_000
"""Records of the train split that are learned from, at most: a seeded, balanced sample of larger ones."""


def evaluate(dataset: Dataset, orders: int = 1, ask: Ask = "list", most: int = MOST) -> Evaluated:
    """Every baseline that applies to the dimension of some records.

    Those that learn do so from four fifths of the train split; what their numbers mean as labels or probabilities is
    learned from the last fifth, for the others from all of it. No evaluated record is learned from, nor is one with the
    text, user or query of one.

    Args:
        dataset: the records to evaluate.
        orders: in how many orders lists are asked.
        ask: whether lists are asked about as a whole.
        most: learn from at most this many records.

    Raises:
        DataError: lists cannot be asked about in this way.
    """
    dimension = dataset.dimension
    part = train_part(dataset)
    train = replace(part, rows=part.rows[:most]) if part is not None and len(part) else None
    used = {name: cls() for name, cls in baselines().items() if cls.applies(dimension)}
    left_out: dict[str, str] = {}
    calibrations: dict[str, Calibration] = {}
    if train is None:
        left_out = {name: "it learns from a train split, and there is none" for name, one in used.items() if one.learns}
        used = {name: one for name, one in used.items() if not one.learns}
    else:
        calibrations = _calibrations(train, used, ask)
    asked = measured(questions(dataset, orders, ask), used)
    results = []
    for name, one in used.items():
        if not one.constant and np.ptp(asked.numbers[name]) == 0:
            left_out[name] = "it gives every record the same number"
        else:
            results.append(result_of(dimension, name, asked, calibrations.get(name)))
    return Evaluated(
        dimension=dimension.key,
        n=len(asked.prompts),
        provenance=dataset.provenance,
        train=None if train is None else train.provenance["split"],
        learned_from=0 if train is None else len(train),
        to_learn_from=0 if part is None else len(part),
        results=results,
        left_out=left_out,
    )


def _calibrations(train: Dataset, used: Mapping[str, Baseline], ask: Ask) -> dict[str, Calibration]:
    """Has those learn that do, and calibrates all."""
    cut = max(1, 4 * len(train) // 5)
    early, late = replace(train, rows=train.rows[:cut]), replace(train, rows=train.rows[cut:])
    for one in used.values():
        if one.learns:
            one.learn(questions(early, ask=ask))
    first = measured(questions(early, ask=ask), {name: one for name, one in used.items() if not one.learns})
    last = measured(questions(late, ask=ask), used)
    found = {}
    for name, one in used.items():
        parts = [last] if one.learns else [first, last]
        if any(part.prompts for part in parts):
            found[name] = _calibration(name, one, parts)
    return found


def _calibration(name: str, one: Baseline, parts: list[Measured]) -> Calibration:
    return Calibration(
        np.concatenate([part.numbers[name] for part in parts]),
        list(chain.from_iterable(part.positive for part in parts)),
        list(chain.from_iterable(part.right for part in parts)),
        directed=one.directed,
    )
