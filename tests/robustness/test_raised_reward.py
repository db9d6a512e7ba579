"""The rise of the reward, against all combinations of records one by one."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.rewards.combine import combine
from recrm_tasks.robustness.raised_reward import Side, raised_reward
from recrm_tasks.scoring.aggregate.forms import FORMS

SIDES = {
    "instruction": ([1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0]),
    "factual": ([1.0, 0.0], [1.0, 1.0]),
    "relevance": ([0.0, 0.5, 1.0, 0.5], [0.5, 0.5, 1.0, 0.0]),
    "behavior": ([0.1, 0.8], [0.3, 0.9]),
}


def sides(*keys: str) -> dict[str, Side]:
    return {key: Side(*map(np.array, SIDES[key]), clusters=None) for key in keys}


def by_all_combinations(keys: tuple[str, ...], form: str) -> float:
    rises = []
    for rows in product(*(range(len(SIDES[key][0])) for key in keys)):
        before, after = (
            combine(
                {key: SIDES[key][side][row] for key, row in zip(keys, rows, strict=True)}, RECRM.roles, form, "none"
            )
            for side in (0, 1)
        )
        assert before is not None
        assert after is not None
        rises.append(after - before)
    return sum(rises) / len(rises)


@pytest.mark.parametrize("keys", [tuple(SIDES), ("relevance", "behavior"), ("instruction", "factual"), ("factual",)])
@pytest.mark.parametrize("form", FORMS)
def test_the_mean_over_all_virtual_responses(form: str, keys: tuple[str, ...]) -> None:
    found = raised_reward(sides(*keys), RECRM.roles, form)
    # Sums of parts are met exactly, since each record is drawn equally often; products almost.
    close = 1e-12 if form == "weighted" or len(keys) == 1 else 0.01
    assert found.value == pytest.approx(by_all_combinations(keys, form), abs=close)
    assert found == raised_reward(sides(*keys), RECRM.roles, form)


def test_the_error_of_one_dimension_is_that_of_a_mean() -> None:
    generator = np.random.default_rng(1)
    before, after = generator.random(64), generator.random(64)
    found = raised_reward({"relevance": Side(before, after, None)}, RECRM.roles, "weighted")
    assert found.stderr == pytest.approx(np.std(after - before, ddof=1) / 8, rel=1e-9)
    clusters = np.repeat(np.arange(16), 4)
    sums = (after - before - np.mean(after - before)).reshape(16, 4).sum(axis=1) / 64
    found = raised_reward({"relevance": Side(before, after, clusters)}, RECRM.roles, "weighted")
    assert found.stderr == pytest.approx(math.sqrt(16 / 15 * (sums**2).sum()), rel=1e-9)


def test_nothing_to_reward() -> None:
    assert math.isnan(raised_reward({}, RECRM.roles, "weighted").value)
    no_weight = {"relevance": RECRM.roles["relevance"]._replace(weight=0.0)}
    assert math.isnan(raised_reward(sides("relevance"), no_weight, "weighted").value)
    assert math.isnan(
        raised_reward({"factual": Side(np.ones(1), np.ones(1), None)}, RECRM.roles, "weighted").stderr or 0
    )
