"""Tables behind the metrics."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.order import ORDER
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.scoring.outcomes import Outcome


def test_confusions_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    gold, answers = rng.integers(0, 3, 200), rng.integers(-1, 3, 200)
    outcomes = [
        Outcome(f"r{i}", int(g), None if a < 0 else int(a), "empty" if a < 0 else None, None, (1.0, 0.5, 0.0))
        for i, (g, a) in enumerate(zip(gold, answers, strict=True))
    ]
    rows = LABEL.diagnose(outcomes, {}).rows
    theirs = confusion_matrix(gold, np.where(answers < 0, 3, answers), labels=[0, 1, 2, 3])[:3]
    assert [list(row.values())[1:] for row in rows] == theirs.tolist()
    assert list(rows[0]) == ["gold", "answered 0", "answered 1", "answered 2", "unreadable"]
    named = LABEL.diagnose(outcomes, {0: "A (exact)", 2: "C (irrelevant)"}).named
    assert [row["gold"] for row in named] == ["A (exact)", "B", "C (irrelevant)"]
    assert [list(row.values())[1:] for row in named] == theirs.tolist()
    assert list(named[0]) == ["gold", "answered A (exact)", "answered B", "answered C (irrelevant)", "unreadable"]


def test_reliability_makes_up_the_ece() -> None:
    rng = np.random.default_rng(1)
    outcomes = [
        Outcome(f"r{i}", int(rng.integers(0, 2)), None if i % 7 == 0 else float(p), "empty" if i % 7 == 0 else None)
        for i, p in enumerate(rng.random(300))
    ]
    rows = PROBABILITY.diagnose(outcomes, {}).rows
    n = sum(row["n"] for row in rows)
    assert n == sum(o.value is not None for o in outcomes)
    ece = sum(row["n"] * abs(row["probability"] - row["positives"]) for row in rows) / n
    assert ece == pytest.approx(PROBABILITY.measure(outcomes)["ece_valid"].value)


def test_places_of_the_first_choice() -> None:
    outcomes = [
        Outcome("a", (1, 0), (2.0, 1.0), None),
        Outcome("b", (1, 0, 0), (1.0, 2.0, 2.0), None),
        Outcome("c", (1, 0), None, "empty"),
    ]
    assert ORDER.diagnose(outcomes, {}).rows == [
        {"place": 1, "first choice": 1.0, "by chance": pytest.approx(1 / 2 + 1 / 3)},
        {"place": 2, "first choice": 0.5, "by chance": pytest.approx(1 / 2 + 1 / 3)},
        {"place": 3, "first choice": 0.5, "by chance": pytest.approx(1 / 3)},
    ]


@pytest.mark.parametrize("key", ["behavior", "ranking"])
def test_nothing_readable(key: str) -> None:
    gold = 1 if key == "behavior" else (1, 0)
    assert dimension_of(key).kind.diagnose([Outcome("a", gold, None, "empty")], {}).rows == []
