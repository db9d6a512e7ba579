"""Paired tests against statsmodels, scipy, scikit-learn and a DeLong of another make."""

from __future__ import annotations

import gc
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import f1_score, roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar as theirs_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.scoring.compare.difference import holm, normal_p
from recrm_tasks.scoring.compare.paired import of_areas, of_f1, of_means, of_shares
from recrm_tasks.scoring.compare.randomisation import mcnemar, sign_flip
from recrm_tasks.scoring.metrics.intervals import wilson
from recrm_tasks.scoring.outcomes import Outcome

NAN = math.nan


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_that_of_statsmodels(lost: int, won: int) -> None:
    theirs = theirs_mcnemar([[5, lost], [won, 7]], exact=True).pvalue
    assert mcnemar(lost, won) == pytest.approx(theirs, rel=1e-9, abs=1e-300)


def test_mcnemar_of_a_million_records() -> None:
    assert mcnemar(250_000, 251_000) == pytest.approx(stats.binomtest(250_000, 501_000).pvalue, rel=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_that_of_statsmodels(ps: list[float]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda: 0)  # statsmodels collects garbage at each call: half a second
        theirs = multipletests(ps, method="holm")[1].tolist()
    assert holm(ps) == pytest.approx(theirs)


def test_holm_leaves_undefined_ones_out() -> None:
    assert holm([0.01, NAN, 0.04])[0] == pytest.approx(0.02)
    assert math.isnan(holm([0.01, NAN])[1])
    assert holm([]) == []


@given(st.integers(1, 300), st.integers(0, 300))
def test_wilson_is_that_of_statsmodels(n: int, k: int) -> None:
    k = min(k, n)
    low, high = proportion_confint(k, n, method="wilson")
    assert wilson(k / n, n) == pytest.approx((max(0, low), min(1, high)), abs=1e-12)


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=9))
def test_exact_sign_flips_are_those_of_scipy(values: list[int]) -> None:
    differences = np.array(values, dtype=float)
    p, how = sign_flip(differences, None)
    theirs = stats.permutation_test(
        (differences, np.zeros(len(values))),
        lambda a, b, axis: (a - b).sum(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert how == "sign flips, exact"
    # scipy doubles the smaller tail; the flips are symmetric, so that is the share of both.
    assert p == pytest.approx(theirs.pvalue)


def test_sign_flips_of_more_agree_with_the_t_test_and_the_limit() -> None:
    rng = np.random.default_rng(0)
    differences = rng.normal(0.1, 1, 400)
    p, how = sign_flip(differences, None)
    assert how == "sign flips"
    assert p == pytest.approx(stats.ttest_1samp(differences, 0).pvalue, abs=0.01)
    many = rng.normal(0.01, 1, 20_000)
    p, how = sign_flip(many, None)
    assert how == "sign flips, normal limit"
    assert p == pytest.approx(stats.ttest_1samp(many, 0).pvalue, abs=0.002)


def test_clusters_flip_together() -> None:
    differences = np.array([1.0, 1, 1, 1, -1, -1])
    # Sums 4 and -2: in all four ways of signing them the sum is 2 or 6 away from 0.
    assert sign_flip(differences, np.array([0, 0, 0, 0, 1, 1]))[0] == 1.0
    # One cluster: p would be 1, whatever the difference.
    assert math.isnan(sign_flip(differences, np.zeros(6, dtype=np.int64))[0])


def naive_delong(gold: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """Structural components pair by pair, as in the paper of 1988."""
    components = []
    for scores in (first, second):
        positives, negatives = scores[gold == 1], scores[gold == 0]
        won = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
        components.append((won.mean(), won.mean(axis=1), won.mean(axis=0)))
    (one, v10, v01), (other, w10, w01) = components
    variance = np.var(w10 - v10, ddof=1) / len(v10) + np.var(w01 - v01, ddof=1) / len(v01)
    return one, other, math.sqrt(variance)


@pytest.mark.parametrize("seed", range(5))
def test_paired_delong(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 2, 150)
    first = np.round(np.clip(gold * 0.2 + rng.normal(0.4, 0.3, 150), 0, 1), 1)
    second = np.round(np.clip(first + rng.normal(0, 0.2, 150), 0, 1), 1)
    found = of_areas(gold, first, second, None)
    one, other, stderr = naive_delong(gold, first, second)
    assert found.first == pytest.approx(roc_auc_score(gold, first))
    assert found.second == pytest.approx(roc_auc_score(gold, second))
    assert found.stderr == pytest.approx(stderr)
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(other - one) / stderr))
    assert (found.low, found.high) == pytest.approx(stats.norm.interval(0.95, other - one, stderr))


def test_areas_of_one_class_are_undefined() -> None:
    found = of_areas(np.ones(5, dtype=np.int64), np.linspace(0, 1, 5), np.linspace(1, 0, 5), None)
    assert all(math.isnan(x) for x in found[:-1])


@pytest.mark.slow
@pytest.mark.parametrize("average", ["weighted", "macro"])
def test_paired_f1(average: str) -> None:
    """Values by scikit-learn; the error by resampling rows."""
    rng = np.random.default_rng(1)
    gold = rng.integers(0, 3, 300)
    first = np.where(rng.random(300) < 0.6, gold, rng.integers(-1, 3, 300))
    second = np.where(rng.random(300) < 0.5, first, gold)
    found = of_f1(gold, first, second, average, None)  # type: ignore[arg-type]

    def score(rows: np.ndarray, answers: np.ndarray) -> float:
        return f1_score(gold[rows], answers[rows], labels=[0, 1, 2], average=average, zero_division=0)

    every = np.arange(300)
    assert found.first == pytest.approx(score(every, first))
    assert found.second == pytest.approx(score(every, second))
    draws = [rng.integers(0, 300, 300) for _ in range(300)]
    spread = np.std([score(rows, second) - score(rows, first) for rows in draws], ddof=1)
    assert found.stderr == pytest.approx(spread, rel=0.12)
    assert found.p == pytest.approx(2 / 2001)
    assert of_f1(gold, first, first, average, None).p == 1.0  # type: ignore[arg-type]


def test_shares_have_the_interval_of_agresti_and_min() -> None:
    first = np.array([True] * 50 + [False] * 50)
    second = np.array([True] * 45 + [False] * 5 + [True] * 15 + [False] * 35)
    found = of_shares(first, second, None)
    n, more, less = 102, 15.5, 5.5
    half = 1.959964 * math.sqrt(more + less - (more - less) ** 2 / n) / n
    assert (found.low, found.high) == pytest.approx(((more - less) / n - half, (more - less) / n + half), abs=1e-6)
    assert (found.first, found.second, found.value) == (0.5, 0.6, pytest.approx(0.1))
    same = of_shares(first, first, None)
    assert same.p == 1.0
    assert same.low < 0 < same.high


def test_rows_twice_in_clusters_say_no_more() -> None:
    rng = np.random.default_rng(2)
    gold = rng.integers(0, 2, 200)
    first, second = (np.clip(gold * 0.3 + rng.random(200) * 0.7, 0, 1) for _ in range(2))
    twice = [np.tile(x, 2) for x in (gold, first, second)]
    clusters = np.tile(np.arange(200), 2)
    assert of_areas(*twice, clusters).stderr == pytest.approx(of_areas(gold, first, second, None).stderr, rel=0.01)
    assert of_means(twice[1], twice[2], clusters).stderr == pytest.approx(
        of_means(first, second, None).stderr, rel=1e-9
    )
    labels = [np.round(x).astype(np.int64) for x in (gold, first, second)]
    once = of_f1(*labels, "macro", None)
    joined = of_f1(*(np.tile(x, 2) for x in labels), "macro", clusters)
    assert joined.stderr == pytest.approx(once.stderr, rel=0.08)
    right = [labels[0] == x for x in labels[1:]]
    wide, joined = of_shares(*right, None), of_shares(*(np.tile(x, 2) for x in right), clusters)
    assert joined.high - joined.low == pytest.approx(wide.high - wide.low, rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["acc", "auc", "f1", "mean"])
def test_no_difference_is_called_one_in_at_most_one_of_twenty(kind: str) -> None:
    """Two equally good runs, 1,000 times: p below 0.05 in 2.5 to 6.5 %; the exact test may be more careful."""
    rng = np.random.default_rng(3)
    below = covered = 0
    for _ in range(1000):
        gold = rng.integers(0, 2, 128)
        first, second = (np.where(rng.random(128) < 0.7, gold, 1 - gold) for _ in range(2))
        if kind == "acc":
            found = of_shares(first == gold, second == gold, None)
        elif kind == "auc":
            found = of_areas(gold, first * 0.5 + rng.random(128), second * 0.5 + rng.random(128), None)
        elif kind == "f1":
            found = of_f1(gold, first, second, "weighted", None)
        else:
            found = of_means(rng.random(128), rng.random(128), None)
        below += found.p < 0.05
        covered += found.low <= 0 <= found.high
    assert below <= 65
    assert below >= (10 if kind == "acc" else 25)
    assert 930 <= covered <= 985


def test_normal_p() -> None:
    assert normal_p(1.96, 1.0) == pytest.approx(0.05, abs=1e-4)
    assert normal_p(0.0, 0.0) == 1.0
    assert math.isnan(normal_p(1.0, 0.0))


def outcomes(dimension: str, answers: list) -> list[Outcome]:
    golds = {"factual": [0, 1, 0], "behavior": [1, 0, 1], "ranking": [(1, 0, 0), (0, 1, 0), (0, 0, 1)]}[dimension]
    return [
        Outcome(
            f"r{i}",
            gold,
            answer,
            None if answer is not None else "empty",
            None,
            (1.0, 0.0) if dimension == "factual" else (),
        )
        for i, (gold, answer) in enumerate(zip(golds, answers, strict=True))
    ]


@pytest.mark.parametrize(
    ("dimension", "first", "second"),
    [
        ("factual", [0, None, 0], [0, 1, 1]),
        ("behavior", [0.9, 0.1, None], [0.4, 0.6, 0.7]),
        ("ranking", [(2.0, 1.0, 0.0), None, (0.0, 0.0, 1.0)], [(0.0, 1.0, 2.0), (0.0, 1.0, 1.0), (0.0, 0.0, 1.0)]),
    ],
)
def test_a_dimension_compares_what_it_measures(dimension: str, first: list, second: list) -> None:
    """Both values of every difference are the metrics of the two runs."""
    dim = dimension_of(dimension)
    one, other = outcomes(dimension, first), outcomes(dimension, second)
    found = dim.kind.compare(one, other)
    assert dim.primary == next(iter(found))
    before, after = dim.metrics(one), dim.metrics(other)
    for name, difference in found.items():
        assert difference.first == pytest.approx(before[name].value)
        assert difference.second == pytest.approx(after[name].value)
        assert difference.value == pytest.approx(after[name].value - before[name].value)
