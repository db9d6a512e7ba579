"""Paired differences of each type of metric. The rows of both runs are in the same order."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.scoring.compare.difference import Difference, normal_p
from recrm_tasks.scoring.compare.randomisation import mcnemar, sign_flip
from recrm_tasks.scoring.metrics.auc import influences
from recrm_tasks.scoring.metrics.beyond_chance import Confusion, OfCounts
from recrm_tasks.scoring.metrics.estimate import (
    NAN,
    Clusters,
    Floats,
    Ints,
    design_effect,
    error_of,
    mean,
    squared_sums,
)
from recrm_tasks.scoring.metrics.f1 import DRAWS, Average, cells_of, f1, f1_of, gradient, matrices, resampled
from recrm_tasks.scoring.metrics.intervals import around


def of_shares(first: NDArray[np.bool_], second: NDArray[np.bool_], clusters: Clusters) -> Difference:
    """Accuracies: the exact McNemar test; with clusters, sign flips of clusters.

    The interval is that of Agresti and Min (2005): half a record is added to each cell of the two-by-two table, so that
    two runs without a difference still have an interval. With clusters the table is divided by the design effect. With
    a single cluster both are undefined.

    Args:
        first: shape (n,), whether the first run is correct.
        second: the same of the second run.
        clusters: shape (n,) or None.
    """
    n = len(first)
    won, lost = int((second & ~first).sum()), int((first & ~second).sum())
    change = second.astype(np.float64) - first
    p, test = (mcnemar(lost, won), "McNemar, exact") if clusters is None else sign_flip(change, clusters)
    effect = design_effect(change, clusters)
    size = n / effect + 2
    more, less = won / effect + 0.5, lost / effect + 0.5
    centre = (more - less) / size
    low, high = around(centre, math.sqrt(more + less - (more - less) ** 2 / size) / size)
    one, other = int(first.sum()) / n, int(second.sum()) / n
    stderr = mean(change, clusters).stderr
    assert stderr is not None
    return Difference(one, other, other - one, stderr, low, high, p, test)


def of_means(first: Floats, second: Floats, clusters: Clusters) -> Difference:
    """Means over records: sign flips, and a cluster-robust interval.

    Args:
        first: shape (n,), each record's value in the first run.
        second: the same of the second run.
        clusters: shape (n,) or None.
    """
    p, test = sign_flip(second - first, clusters)
    stderr = mean(second - first, clusters).stderr
    assert stderr is not None
    return Difference.normal(mean(first, None).value, mean(second, None).value, stderr, p, test)


def of_areas(gold: Ints, first: Floats, second: Floats, clusters: Clusters) -> Difference:
    """AUCs: the paired test of DeLong, DeLong and Clarke-Pearson 1988.

    Args:
        gold: shape (n,), 0 or 1.
        first: shape (n,), scores of the first run; NaN is unreadable.
        second: the same of the second run.
        clusters: shape (n,) or None.
    """
    one, of_one = influences(gold, first, clusters)
    other, of_other = influences(gold, second, clusters)
    change = of_other - of_one
    stderr = NAN if np.isnan(change).any() else math.sqrt(squared_sums(change, clusters)[0])
    p = normal_p(other - one, stderr) if not math.isnan(stderr) else NAN
    return Difference.normal(one, other, stderr, p, "DeLong, paired")


def of_f1(gold: Ints, first: Ints, second: Ints, average: Average, clusters: Clusters) -> Difference:
    """F1: 2,000 seeded multinomial draws of the table of (gold, first, second).

    p is twice the share of draws on the opposite side of zero; the observed table counts as one of them. With clusters
    fewer records are drawn: their number is divided by the design effect of the linearised difference. With a single
    cluster both are undefined.

    Args:
        gold: shape (n,), label indices.
        first: shape (n,), the first run's answers; -1 is unreadable.
        second: the same of the second run.
        average: which mean over labels.
        clusters: shape (n,) or None.
    """
    k = int(max(gold.max(initial=0), first.max(initial=0), second.max(initial=0))) + 1
    one, other = cells_of(gold, first, k), cells_of(gold, second, k)
    pairs, counts = np.unique(one * k * (k + 1) + other, return_counts=True)
    cells = pairs // (k * (k + 1)), pairs % (k * (k + 1))
    change = gradient(one, k, average)[one] - gradient(other, k, average)[other]
    before, after = f1(gold, first, average, None).value, f1(gold, second, average, None).value
    effect = design_effect(change, clusters)
    if math.isnan(effect):
        return Difference.normal(before, after, NAN, NAN, "resampled tables")
    drawn = resampled(counts, max(1, round(len(gold) / effect)))
    changes = f1_of(matrices(drawn, cells[1], k), average) - f1_of(matrices(drawn, cells[0], k), average)
    beyond = min(int((changes <= 0).sum()), int((changes >= 0).sum()))
    p = min(1.0, 2 * (beyond + 1) / (DRAWS + 1))
    return Difference.normal(before, after, float(changes.std(ddof=1)), p, "resampled tables")


def of_confusions(
    first: Confusion, second: Confusion, of_first: OfCounts, of_second: OfCounts, widest: float = 1.0
) -> Difference:
    """Functions of confusion matrices: normal, with the error of the difference of the linearised values.

    Args:
        first: the first run's matrix.
        second: that of the second run, with the same gold labels row by row.
        of_first: the metric of the first run.
        of_second: the same metric of the second run.
        widest: the largest difference of two values of the metric.
    """
    one, other = of_first(first.counts), of_second(second.counts)
    influence = second.influence(other) - first.influence(one)
    stderr = NAN if np.isnan(influence).any() else error_of(influence, first.clusters)
    change = other.value - one.value
    low, high = around(change, stderr, -widest, widest)
    return Difference(one.value, other.value, change, stderr, low, high, normal_p(change, stderr), "delta, normal")
