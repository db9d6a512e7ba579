"""Area under the ROC curve with DeLong's standard error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.scoring.metrics.estimate import (
    NAN,
    Clusters,
    Estimate,
    Floats,
    Ints,
    ascending,
    squared_sums,
)


def auc(gold: Ints, scores: Floats, clusters: Clusters) -> Estimate:
    """The share of (positive, negative) pairs in which the positive scores higher; equal scores count one half.

    An unreadable answer (NaN) loses all its pairs. The AUC is undefined (NaN) without positives or without negatives,
    its error with fewer than two clusters of either. Sources: Mann and Whitney 1947; the standard error follows DeLong,
    DeLong and Clarke-Pearson 1988, from structural components, in O(n log n) by sorting (Sun and Xu 2014); clusters
    follow Obuchowski 1997.

    Args:
        gold: shape (n,), 0 or 1.
        scores: shape (n,), higher means more likely positive; NaN is unreadable.
        clusters: shape (n,) or None.
    """
    value, influence = influences(gold, scores, clusters)
    if math.isnan(value) or np.isnan(influence).any():
        return Estimate(value, NAN)
    return Estimate(value, math.sqrt(squared_sums(influence, clusters)[0]))


def influences(gold: Ints, scores: Floats, clusters: Clusters) -> tuple[float, Floats]:
    """The AUC and each row's influence on it: its variance is the sum of the squared sums of clusters.

    With I clusters of positives, the influence of one of p positives is sqrt(I / (I - 1)) · (the share of negatives
    that it is above - AUC) / p; and likewise for negatives. If each row is a cluster this is DeLong's. Obuchowski has
    I / (I - 1) of all clusters as the factor of the covariance of both, here it is the geometric mean of the two.

    Args:
        gold: shape (n,), 0 or 1.
        scores: shape (n,); NaN is unreadable.
        clusters: shape (n,) or None.

    Returns:
        The area, NaN without positives or without negatives; the influences, shape (n,), NaN with fewer than two
        clusters of positives or of negatives.
    """
    positive = gold == 1
    p = int(positive.sum())
    n = len(gold) - p
    if p == 0 or n == 0:
        return NAN, np.full(len(gold), NAN)
    twice = pairs_won(positive, scores)
    value = int(twice[positive].sum()) / (2 * p * n)
    of_p, of_n = cluster_count(positive, clusters), cluster_count(~positive, clusters)
    if of_p < 2 or of_n < 2:
        return value, np.full(len(gold), NAN)
    return value, np.where(
        positive,
        (twice / (2 * n) - value) / math.sqrt(p * p * (of_p - 1) / of_p),
        (twice / (2 * p) - value) / math.sqrt(n * n * (of_n - 1) / of_n),
    )


def cluster_count(rows: NDArray[np.bool_], clusters: Clusters) -> int:
    """The number of clusters of some rows.

    Args:
        rows: shape (n,), which.
        clusters: shape (n,), numbers from 0; or None.
    """
    # Many times faster than `np.unique`, which sorts.
    return int(rows.sum() if clusters is None else np.count_nonzero(np.bincount(clusters[rows])))


def clusters_of_rarer(gold: NDArray[Any], clusters: Clusters) -> int:
    """The number of clusters with a positive, or with a negative if that is less.

    Of more than two values: of each value the number of clusters with another one, the least of these.

    Args:
        gold: shape (n,).
        clusters: shape (n,) or None.
    """
    return min((cluster_count(gold != value, clusters) for value in np.unique(gold)), default=0)


def pairs_won(positive: Ints, scores: Floats) -> Ints:
    """For each row twice the number of its pairs that are in the correct order: integers, so nothing is rounded.

    For a positive: twice the number of negatives with a lower score. For a negative: twice the number of positives with
    a higher score. A tie counts 1. A pair with an unreadable answer (NaN) counts 0.

    Args:
        positive: shape (n,), bool.
        scores: shape (n,), NaN is unreadable.

    Returns:
        Shape (n,).
    """
    order = ascending(scores)[: len(scores) - int(np.isnan(scores).sum())]  # NaN is at the end
    twice = np.zeros(len(scores), dtype=np.int64)
    if not len(order):
        return twice
    ranked = scores[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    ends = np.append(starts[1:], len(ranked))
    is_positive = positive[order]
    positives = np.concatenate(([0], np.cumsum(is_positive)))
    below_or_at = positives[starts] + positives[ends]
    beaten = starts + ends - below_or_at  # twice the negatives below, plus once the tied ones
    beating = 2 * positives[-1] - below_or_at
    sizes = ends - starts
    twice[order] = np.where(is_positive, np.repeat(beaten, sizes), np.repeat(beating, sizes))
    return twice
