"""Standard errors and intervals against independent ones."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from recrm_tasks.answers.label import LABEL
from recrm_tasks.answers.order import ORDER
from recrm_tasks.answers.probability import PROBABILITY
from recrm_tasks.reports.runs import Run
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.metrics import ranked_list as of_lists
from recrm_tasks.scoring.metrics.auc import auc
from recrm_tasks.scoring.metrics.beyond_chance import Confusion, balanced_accuracy, kappa, matthews
from recrm_tasks.scoring.metrics.calibration import binned, ece
from recrm_tasks.scoring.metrics.estimate import Estimate, share
from recrm_tasks.scoring.metrics.f1 import confusion, f1, f1_of
from recrm_tasks.scoring.metrics.intervals import of_area, of_share, wilson
from recrm_tasks.scoring.outcomes import Outcome


@settings(max_examples=100, deadline=None, derandomize=True)
@given(n=st.integers(1, 2000), data=st.data(), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson(n, data, level):
    hits = data.draw(st.integers(0, n))
    theirs = binomtest(hits, n).proportion_ci(confidence_level=level, method="wilson")
    z = {0.8: 1.2815515655446004, 0.95: 1.959963984540054, 0.99: 2.5758293035489004}[level]
    low, high = wilson(hits / n, n, z)
    assert low == pytest.approx(theirs.low, abs=1e-12)
    assert high == pytest.approx(theirs.high, abs=1e-12)
    assert 0 <= low <= hits / n + 1e-12
    assert hits / n - 1e-12 <= high <= 1


def test_wilson_of_nothing():
    assert all(math.isnan(x) for x in wilson(math.nan, 0))
    assert all(math.isnan(x) for x in wilson(0.5, 0))
    assert all(math.isnan(x) for x in wilson(math.nan, 10))


def test_wilson_at_the_size_of_the_published_if_column():
    """About ± 8 points at N = 128, as DESIGN.md says."""
    low, high = wilson(96 / 128, 128)
    assert (high - low) / 2 == pytest.approx(0.075, abs=0.005)


def naive_delong(gold, scores, ids=None):
    """DeLong, DeLong and Clarke-Pearson 1988, by loops over pairs; clusters as Obuchowski 1997.

    Her factor I / (I - 1) of the covariance is that of all clusters; here it is the geometric mean of those of clusters
    with positives and with negatives, so that the variance is a sum of squares. The two are equal if each cluster has
    both, or none has. A missing score (NaN) loses each of its pairs.
    """
    positives = [i for i, g in enumerate(gold) if g == 1]
    negatives = [i for i, g in enumerate(gold) if g == 0]

    def won(i, j):
        if math.isnan(scores[i]) or math.isnan(scores[j]):
            return 0.0
        return 1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0

    p, n = len(positives), len(negatives)
    v10 = {i: sum(won(i, j) for j in negatives) / n for i in positives}
    v01 = {j: sum(won(i, j) for i in positives) / p for j in negatives}
    area = sum(v10.values()) / p
    if ids is None:
        s10 = sum((v - area) ** 2 for v in v10.values()) / (p - 1)
        s01 = sum((v - area) ** 2 for v in v01.values()) / (n - 1)
        return area, math.sqrt(s10 / p + s01 / n)
    x = {c: sum(v10[i] - area for i in positives if ids[i] == c) for c in {ids[i] for i in positives}}
    y = {c: sum(v01[j] - area for j in negatives if ids[j] == c) for c in {ids[j] for j in negatives}}
    if len(x) < 2 or len(y) < 2:
        return area, math.nan
    of_positives, of_negatives = len(x) / (len(x) - 1), len(y) / (len(y) - 1)
    s10, s01 = of_positives * sum(v * v for v in x.values()) / p, of_negatives * sum(v * v for v in y.values()) / n
    s11 = math.sqrt(of_positives * of_negatives) * sum(x[c] * y[c] for c in x.keys() & y.keys())
    return area, math.sqrt(max(0.0, s10 / p + s01 / n + 2 * s11 / (p * n)))


SCORES = st.one_of(st.sampled_from([0.0, 0.5, 1.0, math.nan]), st.floats(0, 1))


@st.composite
def scored(draw):
    """Rows of gold, score and cluster, two of each class at least."""
    golds = draw(st.permutations([0, 0, 1, 1, *draw(st.lists(st.integers(0, 1), max_size=36))]))
    return [(gold, draw(SCORES), draw(st.integers(0, 9))) for gold in golds]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(rows=scored())
def test_auc_error_against_naive_delong(rows):
    gold, scores, _ = zip(*rows, strict=True)
    found = auc(np.array(gold), np.array(scores), None)
    value, error = naive_delong(gold, scores)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.stderr == pytest.approx(error, abs=1e-12)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(rows=scored())
def test_clustered_auc_error_against_naive(rows):
    rows = sorted(rows, key=lambda r: r[2])
    gold, scores, ids = zip(*rows, strict=True)
    found = auc(np.array(gold), np.array(scores), np.array(ids))
    value, error = naive_delong(gold, scores, ids)
    assert found.value == pytest.approx(value, abs=1e-12)
    # The root of a rounding error is 1e-8, where the rows of each cluster cancel out.
    assert found.stderr == pytest.approx(error, rel=1e-9, abs=3e-8, nan_ok=True)


def test_auc_error_agrees_with_a_bootstrap():
    rng = np.random.default_rng(3)
    gold = rng.integers(0, 2, 200)
    scores = rng.normal(gold * 1.0)
    found = auc(gold, scores, None)
    draws = []
    for _ in range(400):
        rows = rng.integers(0, 200, 200)
        draws.append(auc(gold[rows], scores[rows], None).value)
    assert found.stderr == pytest.approx(np.std(draws, ddof=1), rel=0.15)


def test_auc_error_needs_two_of_each():
    found = auc(np.array([1, 0, 0]), np.array([0.9, 0.1, 0.2]), None)
    assert found.value == 1
    assert math.isnan(found.stderr)


@pytest.mark.parametrize("average", ["weighted", "macro"])
@pytest.mark.parametrize("unreadable", [0.0, 0.15])
def test_f1_error_agrees_with_a_bootstrap_of_rows(average, unreadable):
    rng = np.random.default_rng(7)
    gold = rng.choice(3, 150, p=[0.5, 0.3, 0.2])
    predicted = np.where(rng.random(150) < 0.65, gold, rng.integers(0, 3, 150))
    predicted = np.where(rng.random(150) < unreadable, -1, predicted)
    found = f1(gold, predicted, average, None)
    labels = [0, 1, 2] if average == "macro" else None
    draws = []
    for _ in range(2000):
        rows = rng.integers(0, 150, 150)
        draws.append(naive_f1(gold[rows], predicted[rows], average))
    expected = f1_score(gold, predicted, labels=labels, average=average, zero_division=0)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.stderr == pytest.approx(np.std(draws, ddof=1), rel=0.1)


def naive_f1(gold, predicted, average):
    """scikit-learn's takes a millisecond; 8,000 of them would take too long here."""
    values, weights = [], []
    for label in sorted({*gold.tolist(), *predicted.tolist()} - {-1}):
        hits = int(((gold == label) & (predicted == label)).sum())
        support, answers = int((gold == label).sum()), int((predicted == label).sum())
        values.append(2 * hits / (support + answers))
        weights.append(support)
    return np.average(values, weights=weights) if average == "weighted" else float(np.mean(values))


def test_f1_error_is_the_same_each_time():
    gold, predicted = np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, -1, 1])
    assert f1(gold, predicted, "weighted", None) == f1(gold, predicted, "weighted", None)


def test_confusion_counts():
    counts = confusion(np.array([0, 0, 1, 2]), np.array([0, -1, 2, 2]))
    assert counts.tolist() == [[1, 0, 0, 1], [0, 0, 1, 0], [0, 0, 1, 0]]


def test_ranking_errors_are_of_a_mean_over_lists():
    rng = np.random.default_rng(5)
    rows = []
    for i in range(50):
        grades = (1, 0, *rng.integers(0, 2, 4).tolist())
        value = None if i % 10 == 0 else tuple(rng.permutation(6).astype(float).tolist())
        rows.append(Outcome(f"l{i:02}", grades, value, "no_answer" if value is None else None))
    found = ORDER.measure(rows)
    measures = {"auc": of_lists.list_auc, "acc": of_lists.top_hit, "mrr": of_lists.reciprocal_rank}
    for name, measure in measures.items():
        values = [0.0 if r.value is None else measure(r.gold, r.value) for r in rows]
        assert found[name].stderr == pytest.approx(np.std(values, ddof=1) / math.sqrt(50), abs=1e-12), name


def test_accuracy_error_is_of_a_mean():
    rows = [Outcome(f"{i:02}", 1, i % 2, None) for i in range(20)]
    assert LABEL.measure(rows)["acc"].stderr == pytest.approx(math.sqrt(0.25 / 19), abs=1e-12)


def test_ece_error_takes_bins_as_given():
    gold, scores = np.array([0, 1] * 10), np.linspace(0.02, 0.98, 20)
    found = ece(scores, binned(gold, scores), None)
    gaps = []
    for b in range(10):
        gap = (scores - gold)[2 * b : 2 * b + 2]
        gaps += list(gap * np.sign(gap.sum()))
    assert found.value == pytest.approx(np.mean(gaps), abs=1e-12)
    assert found.stderr == pytest.approx(np.std(gaps, ddof=1) / math.sqrt(20), abs=1e-12)


def run(dimension, **metrics):
    """A finished run with these numbers."""
    return Run(Path("x"), "lm-eval", "m", dimension, "generate", {}, metrics)


def test_interval_of_a_report_is_wilsons_for_labels():
    rows = [Outcome(f"{i:03}", 1, int(i >= 32), None) for i in range(128)]
    found = Run(Path("x"), "lm-eval", "m", "factual", "generate", {}, flat(LABEL.measure(rows))).interval()
    assert found == pytest.approx(wilson(0.75, 128), abs=1e-12)


@pytest.mark.parametrize(
    "metrics",
    [{"auc": math.nan, "auc_stderr": math.nan}, {"auc": 0.5, "auc_stderr": math.nan}, {"auc": 0.5}],
    ids=["undefined", "no error", "error left out"],
)
def test_interval_without_an_error_is_undefined(metrics):
    """Not 0 to 1: that would look like a measurement."""
    assert all(math.isnan(x) for x in run("behavior", n=1, **metrics).interval())


def test_the_area_of_perfect_probabilities_has_an_interval():
    """DeLong's error is 0 there, but twenty positives do not prove perfection."""
    rows = [Outcome(f"{i:03}", int(i < 20), 0.9 if i < 20 else 0.1, None) for i in range(100)]
    found = flat(PROBABILITY.measure(rows))
    assert (found["auc"], found["auc_stderr"]) == (1, 0)
    assert PROBABILITY.interval("auc", found) == pytest.approx(wilson(1.0, 20))


def test_no_readable_list_has_an_interval():
    rows = [Outcome(f"{i}", (0, 1), None, "empty") for i in range(30)]
    found = flat(ORDER.measure(rows))
    assert ORDER.interval("auc", found) == pytest.approx(wilson(0.0, 30))
    assert all(math.isnan(x) for x in ORDER.interval("auc_valid", found))
    assert all(math.isnan(x) for x in ORDER.interval("n", found))


def test_position_bias_may_be_negative():
    rows = [Outcome(f"{i}", (0, 1, 0), (1.0, 2.0, 3.0) if i % 3 else (3.0, 2.0, 1.0), None) for i in range(30)]
    found = flat(ORDER.measure(rows))
    low, high = ORDER.interval("position_bias", found)
    assert found["position_bias"] == pytest.approx(-1 / 3)
    assert -1 <= low < -1 / 3 < high < 1


@settings(max_examples=60, deadline=None, derandomize=True)
@given(value=st.floats(0, 1), stderr=st.floats(0, 0.5), clusters=st.integers(2, 5000))
def test_intervals_hold_their_value_and_stay_in_range(value, stderr, clusters):
    for low, high in (of_share(value, stderr, clusters), of_area(value, stderr, clusters)):
        assert -1e-12 <= low <= value + 1e-9
        assert value - 1e-9 <= high <= 1 + 1e-12


def test_a_clustered_share_has_fewer_trials():
    """Every record asked four times with the same outcome: the interval is that of the records."""
    once = [Outcome(f"{i:03}", 1, int(i % 4 > 0), None) for i in range(100)]
    again = flat(LABEL.measure(once * 4))
    assert LABEL.interval("acc", again) == pytest.approx(wilson(0.75, 100), abs=1e-9)
    grouped = [Outcome(f"{i:03}-{j}", 1, int(i % 4 > 0), None, f"user {i}") for i in range(100) for j in range(4)]
    assert LABEL.interval("acc", flat(LABEL.measure(grouped))) == pytest.approx(wilson(0.75, 100), abs=1e-9)


# --- coverage by simulation: 95 % intervals hold the truth in 93 to 97 % of 2,000 draws -------------------------------

DRAWS = 2000


def coverage_of(truth, name, draw, answers=LABEL):
    held = 0
    for _ in range(DRAWS):
        low, high = answers.interval(name, flat(draw()))
        held += low <= truth <= high
    return held / DRAWS


@pytest.mark.slow
@pytest.mark.parametrize("n", [128, 1000])
@pytest.mark.parametrize("truth", [0.3, 0.72])
def test_coverage_of_accuracy(n, truth):
    rng = np.random.default_rng(11)

    def draw():
        return {"acc": share(rng.random(n) < truth, None), "n": Estimate(n, None), "clusters": Estimate(n, None)}

    assert 0.93 <= coverage_of(truth, "acc", draw) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("n", [128, 1000])
@pytest.mark.parametrize("name", ["acc", "f1", "f1_macro"])
def test_coverage_of_clustered_rows(n, name):
    """Each user has four rows of one gold label, answered alike half of the time."""
    rng = np.random.default_rng(12)
    clusters = np.repeat(np.arange(n // 4), 4)

    def rows(users):
        gold = np.repeat(rng.integers(0, 2, users), 4)
        own = rng.random(4 * users) < 0.75
        shared = np.repeat(rng.random(users) < 0.75, 4)
        right = np.where(rng.random(4 * users) < 0.5, shared, own)
        return gold, np.where(right, gold, 1 - gold)

    def measured(gold, predicted, groups):
        if name == "acc":
            return share(gold == predicted, groups)
        return f1(gold, predicted, "weighted" if name == "f1" else "macro", groups)

    truth = measured(*rows(200_000), None).value
    numbers = {"n": Estimate(n, None), "clusters": Estimate(n // 4, None)}
    held = coverage_of(truth, name, lambda: {name: measured(*rows(n // 4), clusters), **numbers})
    assert (0.92 if n == 128 else 0.93) <= held <= 0.97  # 32 clusters are few for any cluster-robust error


SHARES = {
    "three labels": [[0.35, 0.08, 0.04, 0.03], [0.06, 0.2, 0.03, 0.01], [0.03, 0.05, 0.1, 0.02]],
    "two unequal labels": [[0.75, 0.1, 0.02], [0.03, 0.09, 0.01]],
}
"""Confusion matrices, the last column for unreadable answers."""


@pytest.mark.slow
@pytest.mark.parametrize("n", [128, 1000])
@pytest.mark.parametrize("average", ["weighted", "macro"])
@pytest.mark.parametrize("kind", SHARES)
def test_coverage_of_f1(n, average, kind):
    matrix = np.array(SHARES[kind])
    k = len(matrix)
    rng = np.random.default_rng(13)
    numbers = {"n": Estimate(n, None), "clusters": Estimate(n, None)}

    def draw():
        cell = rng.choice(matrix.size, n, p=matrix.ravel())
        gold, answer = cell // (k + 1), cell % (k + 1)
        return {"f1": f1(gold, np.where(answer == k, -1, answer), average, None), **numbers}

    assert 0.93 <= coverage_of(float(f1_of(matrix[None], average)[0]), "f1", draw) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("n", [128, 1000])
@pytest.mark.parametrize(("name", "of"), [("acc_balanced", balanced_accuracy), ("mcc", matthews), ("kappa", kappa)])
@pytest.mark.parametrize("kind", SHARES)
def test_coverage_beyond_chance(n, name, of, kind):
    matrix = np.array(SHARES[kind])
    k = len(matrix)
    rng = np.random.default_rng(15)
    numbers = {"n": Estimate(n, None), "clusters": Estimate(n, None)}

    def draw():
        cell = rng.choice(matrix.size, n, p=matrix.ravel())
        gold, answer = cell // (k + 1), cell % (k + 1)
        return {name: Confusion(gold, np.where(answer == k, -1, answer), None).estimate(of), **numbers}

    truth = of(np.rint(10_000 * matrix).astype(np.int64)).value
    assert 0.92 <= coverage_of(truth, name, draw) <= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("n", [128, 1000])
@pytest.mark.parametrize("truth", [0.5, 0.7, 0.85])
def test_coverage_of_auc(n, truth):
    """Normal scores of both classes, the positives shifted: the area is Φ(shift / √2)."""
    rng = np.random.default_rng(14)
    shift = NormalDist().inv_cdf(truth) * math.sqrt(2)

    def draw():
        gold = (rng.random(n) < 0.3).astype(np.int64)
        found = auc(gold, rng.normal(gold * shift), None)
        baseline = Estimate(1 - gold.mean(), None)
        return {"auc": found, "acc_baseline": baseline, "n": Estimate(n, None), "clusters": Estimate(n, None)}

    assert 0.93 <= coverage_of(truth, "auc", draw, PROBABILITY) <= 0.97


def test_a_resolution_below_0_has_no_interval():
    """The generalised resolution may be: here each bin has higher probabilities for its negatives."""
    rows = [Outcome(f"{i:03}", int(i % 6 < 3), i / 60, None) for i in range(60)]
    found = flat(PROBABILITY.measure(rows))
    assert found["resolution_valid"] < -1 / 60
    assert all(math.isnan(x) for x in PROBABILITY.interval("resolution_valid", found))
