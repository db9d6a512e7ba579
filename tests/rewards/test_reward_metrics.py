"""Metrics over the rewards of many runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from recrm_tasks.rewards import Case, FunctionJudge, HybridReward
from recrm_tasks.rewards.combine import MISSING
from recrm_tasks.rewards.reward_metrics import IF_ANY, Judged, declared, numbers
from recrm_tasks.scoring.aggregate.forms import FORMS

NONE = dict.fromkeys(FORMS)


def judged(cluster: str, reward: float | None = None, /, **others: Any) -> Judged:
    plain = {"parts": {"factual": reward}, "no_answer": False, "failed": False, "judge_is_agent": False}
    return Judged(cluster, reward, dict.fromkeys(FORMS, reward), **{**plain, **others})


def test_shares_have_wilsons_intervals() -> None:
    rows = [judged(str(place), float(place < 13), hit=place % 4 == 0) for place in range(20)]
    found = numbers(rows)
    assert found["reward"] == found["reward_gated"] == found["factual"] == 13 / 20
    assert found["reward_stderr"] == pytest.approx(np.std([1] * 13 + [0] * 7, ddof=1) / math.sqrt(20))
    low, high = proportion_confint(13, 20, method="wilson")
    assert (found["factual_low"], found["factual_high"]) == (pytest.approx(low), pytest.approx(high))
    assert (found["n"], found["clusters"], found["factual_n"], found["reward_n"], found["hit_n"]) == (20,) * 5
    assert (found["coverage"], found["missing"], found["hit"]) == (1, 0, 0.25)


def test_a_mean_is_over_what_is_known() -> None:
    rows = [judged("a", 1.0), judged("b", 0.0), judged("c"), judged("d", hit=True)]
    found = numbers(rows)
    assert (found["reward"], found["reward_n"], found["coverage"], found["missing"]) == (0.5, 2, 0.5, 0.5)
    assert (found["hit"], found["hit_n"]) == (1, 1)
    assert "hit_auc" not in found
    # The interval is that of two runs, not of four.
    low, high = proportion_confint(1, 2, method="wilson")
    assert (found["factual_low"], found["factual_high"]) == (pytest.approx(low), pytest.approx(high))


def test_runs_of_one_sample_are_not_independent() -> None:
    rows = [judged(str(place // 5), float(place < 10)) for place in range(20)]
    found = numbers(rows)
    means = [1.0, 1.0, 0.0, 0.0]  # of the clusters, which are of one size
    assert found["reward_stderr"] == pytest.approx(np.std(means, ddof=1) / 2)
    assert (found["n"], found["clusters"]) == (20, 4)


def test_whether_the_reward_knows_what_the_user_took() -> None:
    rows = [judged(str(place), place / 10, hit=place > 4) for place in range(10)]
    assert numbers(rows)["hit_auc"] == 1
    rows = [judged(str(place), 0.5, hit=place > 4) for place in range(10)]
    assert numbers(rows)["hit_auc"] == 0.5


def test_counts_of_what_should_not_be() -> None:
    assert not set(IF_ANY) & set(numbers([judged("a", 1.0)]))
    found = numbers([judged("a", 1.0, judge_is_agent=True, unseen=2), judged("b", failed=True, unseen=1)])
    assert (found["failed"], found["judge_is_agent"], found["unseen"]) == (1, 1, 3)
    assert numbers([]) == {}
    assert numbers([judged("a")]).keys() >= {"n", "coverage", "missing"}


KNOWN = st.none() | st.floats(0, 1)
ROWS = st.builds(
    lambda cluster, reward, parts, hit: judged(cluster, reward, parts=dict(zip("ab", parts, strict=True)), hit=hit),
    st.sampled_from("xyz"), KNOWN, st.tuples(KNOWN, KNOWN), st.none() | st.booleans(),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=12), st.randoms())
def test_any_rewards(rows: list[Judged], random: Any) -> None:
    """No order of the runs changes a bit; intervals contain their values; every name is declared."""
    found = numbers(rows)
    mixed = list(rows)
    random.shuffle(mixed)
    assert numbers(mixed) == found
    assert not any(map(math.isnan, found.values()))
    names = declared(["a", "b"])
    for name, value in found.items():
        base = name.removesuffix("_stderr").removesuffix("_low").removesuffix("_high")
        assert name in names or base in names
        if f"{name}_low" in found:
            assert found[f"{name}_low"] - 1e-9 <= value <= found[f"{name}_high"] + 1e-9


@pytest.mark.parametrize("missing", MISSING)
def test_the_forms_of_one_reward(missing: Any) -> None:
    """Each is what `HybridReward` of that form gives."""
    case = Case(query="q", response="r", evidence=["e"], items=["i"], instruction="rules")
    for said in ("A", "B", "hm"):
        rewards = {form: HybridReward(FunctionJudge(lambda p, s=said: s), form, missing=missing) for form in FORMS}
        (one,) = rewards["stratified"]([case])
        row = Judged.of(one, rewards["stratified"].roles, missing, cluster="x", judge_is_agent=False)
        assert row.forms == {form: reward([case])[0].value for form, reward in rewards.items()}
        assert (row.reward, row.parts, row.failed, row.no_answer) == (one.value, one.parts, False, False)


def test_a_judge_that_is_down() -> None:
    def down(prompt: Any) -> str:
        raise OSError("down")

    reward = HybridReward(FunctionJudge(down), dimensions=["relevance"], missing="zero", on_error="none")
    (one,) = reward([Case(query="q", items=["i"])])
    row = Judged.of(one, reward.roles, "zero", cluster="x", judge_is_agent=False)
    assert (row.reward, row.forms, row.failed) == (None, NONE, True)
