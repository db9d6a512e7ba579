"""Area under the ROC curve with DeLong's standard error."""

from __future__ import annotations

import math

import numpy as np

from recrm_tasks.scoring.metrics.estimate import (
    NAN,
    Clusters,
    Estimate,
    Floats,
    Ints,
    ascending,
    cluster_sums,
    total,
)


def auc(gold: Ints, scores: Floats, clusters: Clusters) -> Estimate:
    """The share of (positive, negative) pairs in which the positive scores higher; equal scores count one half.

    An unreadable answer (NaN) loses all its pairs. The AUC is undefined (NaN) without positives or without negatives.
    Sources: Mann and Whitney 1947; the standard error follows DeLong, DeLong and Clarke-Pearson 1988, from structural
    components, in O(n log n) by sorting (Sun and Xu 2014); clusters follow Obuchowski 1997.

    Args:
        gold: shape (n,), 0 or 1.
        scores: shape (n,), higher means more likely positive; NaN is unreadable.
        clusters: shape (n,) or None.
    """
    value, influence = influences(gold, scores)
    if math.isnan(value) or np.isnan(influence).any():
        return Estimate(value, NAN)
    sums = cluster_sums(influence, clusters)
    return Estimate(value, math.sqrt(total(sums * sums)))


def influences(gold: Ints, scores: Floats) -> tuple[float, Floats]:
    """The AUC and each row's influence on it: DeLong's variance is the sum of squared influences.

    Args:
        gold: shape (n,), 0 or 1.
        scores: shape (n,); NaN is unreadable.

    Returns:
        The area, NaN without positives or without negatives; the influences, shape (n,), NaN with fewer than two
        positives or fewer than two negatives.
    """
    positive = gold == 1
    p = int(positive.sum())
    n = len(gold) - p
    if p == 0 or n == 0:
        return NAN, np.full(len(gold), NAN)
    twice = pairs_won(positive, scores)
    value = int(twice[positive].sum()) / (2 * p * n)
    if p < 2 or n < 2:
        return value, np.full(len(gold), NAN)
    return value, np.where(
        positive, (twice / (2 * n) - value) / math.sqrt(p * (p - 1)), (twice / (2 * p) - value) / math.sqrt(n * (n - 1))
    )


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
