"""Standard errors and intervals against independent ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from recrm_tasks.reports.runs import Run
from recrm_tasks.scoring.answers import Outcome
from recrm_tasks.scoring.metrics import ranking
from recrm_tasks.scoring.metrics.auc import auc
from recrm_tasks.scoring.metrics.calibration import ece
from recrm_tasks.scoring.metrics.estimate import wilson
from recrm_tasks.scoring.metrics.f1 import confusion, f1
from recrm_tasks.scoring.metrics.tables import label_metrics, ranking_metrics


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

    No small-sample factor for clusters. A missing score (NaN) loses each of its pairs.
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
    total = 0.0
    for cluster in set(ids):
        x = sum((v10[i] - area) / math.sqrt(p * (p - 1)) for i in positives if ids[i] == cluster)
        y = sum((v01[j] - area) / math.sqrt(n * (n - 1)) for j in negatives if ids[j] == cluster)
        total += (x + y) ** 2
    return area, math.sqrt(total)


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
    found = auc([f"{i:03}" for i in range(len(rows))], np.array(gold), np.array(scores))
    value, error = naive_delong(gold, scores)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.stderr == pytest.approx(error, abs=1e-12)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(rows=scored())
def test_clustered_auc_error_against_naive(rows):
    rows = sorted(rows, key=lambda r: r[2])
    gold, scores, ids = zip(*rows, strict=True)
    found = auc([f"u{i}" for i in ids], np.array(gold), np.array(scores))
    value, error = naive_delong(gold, scores, ids)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.stderr == pytest.approx(error, abs=1e-12)


def test_auc_error_agrees_with_a_bootstrap():
    rng = np.random.default_rng(3)
    gold = rng.integers(0, 2, 200)
    scores = rng.normal(gold * 1.0)
    found = auc([f"{i:03}" for i in range(200)], gold, scores)
    draws = []
    for _ in range(400):
        rows = rng.integers(0, 200, 200)
        draws.append(auc([f"{i:03}" for i in range(200)], gold[rows], scores[rows]).value)
    assert found.stderr == pytest.approx(np.std(draws, ddof=1), rel=0.15)


def test_auc_error_needs_two_of_each():
    found = auc(["a", "b", "c"], np.array([1, 0, 0]), np.array([0.9, 0.1, 0.2]))
    assert found.value == 1
    assert math.isnan(found.stderr)


@pytest.mark.parametrize("average", ["weighted", "macro"])
@pytest.mark.parametrize("unreadable", [0.0, 0.15])
def test_f1_error_agrees_with_a_bootstrap_of_rows(average, unreadable):
    rng = np.random.default_rng(7)
    gold = rng.choice(3, 150, p=[0.5, 0.3, 0.2])
    predicted = np.where(rng.random(150) < 0.65, gold, rng.integers(0, 3, 150))
    predicted = np.where(rng.random(150) < unreadable, -1, predicted)
    found = f1(confusion(gold, predicted), average, 150)
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
    counts = confusion(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 1, -1, 1]))
    assert f1(counts, "weighted", 5) == f1(counts, "weighted", 5)


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
    found = ranking_metrics(rows)
    measures = {"auc": ranking.list_auc, "acc": ranking.top_hit, "mrr": ranking.reciprocal_rank}
    for name, measure in measures.items():
        values = [0.0 if r.value is None else measure(r.gold, r.value) for r in rows]
        assert found[name].stderr == pytest.approx(np.std(values, ddof=1) / math.sqrt(50), abs=1e-12), name


def test_accuracy_error_is_of_a_mean():
    rows = [Outcome(f"{i:02}", 1, i % 2, None) for i in range(20)]
    assert label_metrics(rows)["acc"].stderr == pytest.approx(math.sqrt(0.25 / 19), abs=1e-12)


def test_ece_error_takes_bins_as_given():
    gold, scores = np.array([0, 1] * 10), np.linspace(0.02, 0.98, 20)
    found = ece([f"{i:02}" for i in range(20)], gold, scores)
    gaps = []
    for b in range(10):
        gap = (scores - gold)[2 * b : 2 * b + 2]
        gaps += list(gap * np.sign(gap.sum()))
    assert found.value == pytest.approx(np.mean(gaps), abs=1e-12)
    assert found.stderr == pytest.approx(np.std(gaps, ddof=1) / math.sqrt(20), abs=1e-12)


def run(dimension, **metrics):
    """A finished run with these numbers."""
    return Run("lm-eval", "m", dimension, "generate", metrics, {}, False)


def test_interval_of_a_report_is_wilsons_for_labels():
    assert run("factual", acc=0.75, acc_stderr=0.1, n=128).interval() == wilson(0.75, 128)


def test_interval_of_a_report_is_symmetric_for_auc_and_stays_in_range():
    low, high = run("behavior", auc=0.75, auc_stderr=0.05, n=100).interval()
    assert (low, high) == (pytest.approx(0.652), pytest.approx(0.848))
    assert run("behavior", auc=0.99, auc_stderr=0.05, n=100).interval()[1] == 1
    assert run("behavior", auc=0.01, auc_stderr=0.05, n=100).interval()[0] == 0


@pytest.mark.parametrize(
    "metrics",
    [{"auc": math.nan, "auc_stderr": math.nan}, {"auc": 0.5, "auc_stderr": math.nan}, {"auc": 0.5}],
    ids=["undefined", "no error", "error left out"],
)
def test_interval_without_an_error_is_undefined(metrics):
    """Not 0 to 1: that would look like a measurement."""
    assert all(math.isnan(x) for x in run("behavior", n=1, **metrics).interval())
