"""Repeated answers: flips, and pass^k against all subsets of the repetitions."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.order import ORDER
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.scoring.consistency import MEANINGS, Repetition, consistency
from recrm_tasks.scoring.metrics.intervals import wilson
from recrm_tasks.scoring.outcomes import Outcome


def figures(records: list[list[object]], gold: object = 1, groups: list[str | None] | None = None):
    """By name, of records with these answers; None is unreadable."""
    rows = [
        Repetition(f"r{i}", f"r{i}", answer, answer == gold, groups[i] if groups else None)
        for i, answers in enumerate(records)
        for answer in answers
    ]
    return {one.name: one for one in consistency(rows)}


RECORDS = st.lists(st.lists(st.sampled_from([0, 1, 2, None]), min_size=1, max_size=6), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(records=RECORDS)
def test_against_all_subsets(records: list[list[object]]) -> None:
    """What k repetitions out of those made would have shown, over every choice of them."""
    found = figures(records)
    twice = [answers for answers in records if len(answers) > 1]
    pairs = [[a != b for a, b in itertools.combinations(answers, 2)] for answers in twice]
    expected = {
        "flip": [any(differ) for differ in pairs],
        "differ": [np.mean(differ) for differ in pairs],
        "unstable": [len({answer == 1 for answer in answers}) > 1 for answers in twice],
    }
    for name, figure in found.items():
        if name.startswith("pass^"):
            k = int(name.removeprefix("pass^"))
            several = [answers for answers in records if len(answers) >= k]
            expected[name] = [
                np.mean([all(a == 1 for a in some) for some in itertools.combinations(answers, k)])
                for answers in several
            ]
        values = expected[name]
        assert figure.n == len(values)
        assert figure.estimate.value == pytest.approx(np.mean(values) if values else math.nan, nan_ok=True), name
    most = max(map(len, records))
    assert {int(name[5:]) for name in found if name.startswith("pass^")} == {k for k in (1, 2, 4) if k <= most} | {most}
    assert {name if "^" not in name else "pass^k" for name in found} == set(MEANINGS)


def test_passes_are_unbiased() -> None:
    """The mean over samples of four repetitions is the power of the true chance."""
    rng = np.random.default_rng(0)
    chance = rng.beta(4, 2, 4000)
    found = figures([(rng.random(4) < p).astype(int).tolist() for p in chance])
    for k in (1, 2, 4):
        estimate = found[f"pass^{k}"].estimate
        assert estimate.value == pytest.approx((chance**k).mean(), abs=3 * estimate.stderr)


def test_errors_and_groups() -> None:
    records: list[list[object]] = [[1, 1]] * 30 + [[1, 0]] * 10
    alone = figures(records)["flip"]
    assert alone.interval == pytest.approx(wilson(0.25, 40))
    users = [f"u{i // 2}" for i in range(40)]
    joined = figures(records, groups=users)["flip"]
    assert joined.clusters == 20
    assert joined.interval == pytest.approx(wilson(0.25, 20))


def test_other_orders_can_be_right_or_wrong_but_not_equal() -> None:
    rows = [
        Repetition("r", name, frozenset({place}), right) for name, place, right in (("r", 0, True), ("r#1", 2, False))
    ]
    found = {one.name: one for one in consistency(rows)}
    assert (found["flip"].n, found["differ"].n) == (0, 0)
    assert math.isnan(found["flip"].estimate.value)
    assert (found["unstable"].estimate.value, found["pass^2"].estimate.value) == (1, 0)


def test_nothing_is_repeated() -> None:
    assert all(math.isnan(one.estimate.value) and one.n == 0 for one in consistency([]))
    found = figures([[1], [0]])
    assert (found["flip"].n, found["pass^1"].estimate.value) == (0, 0.5)


def test_what_answers_come_down_to() -> None:
    def decision(kind, value, **more):
        return kind.decision(Outcome("r", 0, value, None if value is not None else "empty", **more))

    assert decision(LABEL, 2) == 2
    assert decision(PROBABILITY, 0.5) == decision(PROBABILITY, 0.9) != decision(PROBABILITY, 0.49)
    assert decision(ORDER, (3.0, 1.0, 2.0)) == decision(ORDER, (9.0, 2.0, 1.0)) != decision(ORDER, (3.0, 3.0, 1.0))
    assert decision(ORDER, 0.7, of_list="l") is True
    assert {decision(kind, None) for kind in (LABEL, PROBABILITY, ORDER)} == {None}
    assert decision(PROBABILITY, 7.5, question="q") == 7.5
