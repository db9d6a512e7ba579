"""Balanced accuracy, Matthews correlation and kappa against scikit-learn, statsmodels and resampling."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, matthews_corrcoef
from statsmodels.stats.inter_rater import cohens_kappa

from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.scoring.compare.paired import of_confusions
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.metrics.beyond_chance import (
    Confusion,
    OfCounts,
    balanced_accuracy,
    kappa,
    matthews,
    squared_distances,
    weighted_kappa,
)
from recrm_tasks.scoring.outcomes import Outcome

UNREADABLE = -1
ROWS = st.integers(2, 4).flatmap(
    lambda k: st.lists(st.tuples(st.integers(0, k - 1), st.integers(UNREADABLE, k - 1)), min_size=1, max_size=40)
)
GRADES = (0.0, 0.5, 1.0)
MEASURES: dict[str, OfCounts] = {"acc_balanced": balanced_accuracy, "mcc": matthews, "kappa": kappa}


def theirs(name: str, gold: np.ndarray, answered: np.ndarray) -> float:
    """scikit-learn's value. It warns of classes that are never gold, which unreadable answers are meant to be."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score = {"acc_balanced": balanced_accuracy_score, "mcc": matthews_corrcoef, "kappa": cohen_kappa_score}[name]
        return float(score(gold, answered))


def outcomes(gold: np.ndarray, answered: np.ndarray, values: tuple[float, ...] = ()) -> list[Outcome]:
    rows = enumerate(zip(gold.tolist(), answered.tolist(), strict=True))
    return [
        Outcome(f"r{i:04}", g, None if a < 0 else a, "empty" if a < 0 else None, None, values) for i, (g, a) in rows
    ]


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    gold = rng.choice(3, n, p=[0.6, 0.3, 0.1])
    return gold, np.where(rng.random(n) < 0.6, gold, rng.integers(UNREADABLE, 3, n))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rows=ROWS)
def test_values_against_scikit_learn(rows: list[tuple[int, int]]) -> None:
    gold, answered = (np.array(column) for column in zip(*rows, strict=True))
    for name, of in MEASURES.items():
        value = Confusion(gold, answered, None).estimate(of).value
        if name == "mcc" and len(set(gold.tolist())) == 1:
            assert math.isnan(value)  # 0 there: nothing can correlate with one gold label
        else:
            assert value == pytest.approx(theirs(name, gold, answered), abs=1e-12, nan_ok=True), name


@settings(max_examples=100, deadline=None, derandomize=True)
@given(rows=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=4, max_size=60))
def test_errors_of_kappa_are_those_of_statsmodels(rows: list[tuple[int, int]]) -> None:
    """Fleiss, Cohen and Everitt 1969, plain and with quadratic weights."""
    gold, answered = (np.array(column) for column in zip(*rows, strict=True))
    table = np.zeros((3, 3))
    np.add.at(table, (gold, answered), 1)
    confusion = Confusion(gold, answered, None)
    distances = squared_distances(GRADES, len(confusion.counts))
    assert distances is not None
    for weights, of in ((None, kappa), ("quadratic", lambda counts: weighted_kappa(counts, distances))):
        with np.errstate(all="ignore"):
            known = cohens_kappa(table, wt=weights)
        found = confusion.estimate(of)
        assert found.value == pytest.approx(known.kappa, abs=1e-9, nan_ok=True)
        if not math.isnan(found.value):
            factor = math.sqrt(len(rows) / (len(rows) - 1))
            # statsmodels takes a difference of large numbers, so that a variance of 0 may come out below it.
            assert found.stderr == pytest.approx(factor * math.sqrt(max(0.0, known.var_kappa)), abs=1e-6)


def test_over_readable_answers() -> None:
    gold, answered = drawn(100)
    found, kept = LABEL.measure(outcomes(gold, answered)), answered >= 0
    for name in MEASURES:
        assert found[name].value == pytest.approx(theirs(name, gold, answered))
        assert found[f"{name}_valid"].value == pytest.approx(theirs(name, gold[kept], answered[kept]))


@pytest.mark.parametrize("name", MEASURES)
def test_errors_are_the_spread_of_resamples(name: str) -> None:
    gold, answered = drawn(300)
    found = Confusion(gold, answered, None).estimate(MEASURES[name])
    rng = np.random.default_rng(1)
    draws = [rng.integers(0, 300, 300) for _ in range(1000)]
    values = [MEASURES[name](Confusion(gold[rows], answered[rows], None).counts).value for rows in draws]
    assert found.stderr == pytest.approx(np.std(values, ddof=1), rel=0.08)


def test_the_same_rows_in_clusters_say_no_more() -> None:
    gold, answered = drawn(200)
    for of in (*MEASURES.values(), lambda counts: weighted_kappa(counts, squared_distances(GRADES, len(counts)))):  # type: ignore[arg-type]
        once = Confusion(gold, answered, None).estimate(of)
        twice = Confusion(np.tile(gold, 2), np.tile(answered, 2), np.tile(np.arange(200), 2)).estimate(of)
        assert twice == pytest.approx(once, rel=1e-9)


def test_an_unreadable_answer_is_the_worst_grade() -> None:
    """It disagrees with every gold label as much as two labels can."""
    gold, answered = np.array([0, 1, 2, 2, 1, 0]), np.array([0, 1, 2, 1, 1, 1])
    read = LABEL.measure(outcomes(gold, answered, GRADES))["kappa_quadratic"].value
    answered[3] = UNREADABLE
    missing = LABEL.measure(outcomes(gold, answered, GRADES))
    weights = np.array([[0, 0.25, 1, 1], [0.25, 0, 0.25, 1], [1, 0.25, 0, 1]])
    counts = Confusion(gold, answered, None).counts
    by_chance = sum(weights[i, j] * counts[i].sum() * counts[:, j].sum() for i in range(3) for j in range(4))
    assert missing["kappa_quadratic"].value == pytest.approx(1 - 6 * (weights * counts).sum() / by_chance)
    assert missing["kappa_quadratic"].value < read
    kept = answered >= 0
    assert missing["kappa_quadratic_valid"].value == pytest.approx(
        cohen_kappa_score(gold[kept], answered[kept], weights="quadratic")
    )


def test_what_has_no_value_is_undefined() -> None:
    names = ("mcc", "kappa", "kappa_quadratic")
    agreed = flat(LABEL.measure(outcomes(np.zeros(9, dtype=int), np.zeros(9, dtype=int), GRADES)))
    assert [agreed["acc_balanced"], *(agreed[name] for name in names)] == [
        1.0,
        *[pytest.approx(math.nan, nan_ok=True)] * 3,
    ]
    assert all(math.isnan(x) for name in names for x in LABEL.interval(name, agreed))
    gold = np.array([0, 0, 1, 2])
    for constant in (1, UNREADABLE):
        found = flat(LABEL.measure(outcomes(gold, np.full(4, constant), GRADES)))
        assert found["mcc"] == found["kappa"] == 0
        assert math.isnan(found["mcc_stderr"])
    without = flat(LABEL.measure(outcomes(gold, gold)))  # the values of the labels are not known
    assert (without["kappa"], without["mcc"], without["acc_balanced"]) == (1, 1, 1)
    assert math.isnan(without["kappa_quadratic"])
    for values in ((1.0, 1.0, 1.0), ()):
        assert squared_distances(values, 3) is None


def test_of_a_probability_they_are_of_its_yes_or_no() -> None:
    rng = np.random.default_rng(2)
    gold = rng.integers(0, 2, 80)
    stated = np.round(np.clip(gold * 0.3 + rng.random(80) * 0.7, 0, 1), 1)
    rows = enumerate(zip(gold.tolist(), stated.tolist(), strict=True))
    rows = enumerate(zip(gold.tolist(), stated.tolist(), strict=True))
    found = PROBABILITY.measure([Outcome(f"r{i}", g, p, None) for i, (g, p) in rows])
    for name in MEASURES:
        assert found[name].value == pytest.approx(theirs(name, gold, stated >= 0.5))
    assert "kappa_quadratic" not in found


@pytest.mark.parametrize("name", MEASURES)
def test_paired_differences(name: str) -> None:
    gold, first = drawn(250)
    rng = np.random.default_rng(3)
    second = np.where(rng.random(250) < 0.4, first, gold)
    found = LABEL.compare(outcomes(gold, first), outcomes(gold, second))[name]
    assert found.value == pytest.approx(theirs(name, gold, second) - theirs(name, gold, first))

    def change(rows: np.ndarray) -> float:
        before, after = (MEASURES[name](Confusion(gold[rows], x[rows], None).counts).value for x in (first, second))
        return after - before

    spread = np.std([change(rng.integers(0, 250, 250)) for _ in range(1000)], ddof=1)
    assert found.stderr == pytest.approx(spread, rel=0.1)
    same = LABEL.compare(outcomes(gold, first), outcomes(gold, first))[name]
    assert (same.value, same.p) == (0, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", MEASURES)
def test_no_difference_is_called_one_in_about_one_of_twenty(name: str) -> None:
    """Two equally good runs, 1,000 times."""
    rng = np.random.default_rng(4)
    below = covered = 0
    for _ in range(1000):
        gold = rng.choice(3, 128, p=[0.5, 0.3, 0.2])
        first, second = (
            Confusion(gold, np.where(rng.random(128) < 0.5, gold, rng.integers(UNREADABLE, 3, 128)), None)
            for _ in range(2)
        )
        found = of_confusions(first, second, MEASURES[name], MEASURES[name], widest=2.0)
        below += found.p < 0.05
        covered += found.low <= 0 <= found.high
    assert 25 <= below <= 70
    assert 930 <= covered <= 975
