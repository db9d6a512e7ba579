"""Area under the ROC curve with DeLong's standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.scoring.metrics.estimate import NAN, Estimate, cluster_sums


def auc(ids: Sequence[str], gold: NDArray[np.int64], scores: NDArray[np.float64]) -> Estimate:
    """The share of (positive, negative) pairs in which the positive scores higher; equal scores count one half.

    An unreadable answer (NaN) loses every pair that it is in. Undefined (NaN) without positives or without negatives.
    Sources: Mann and Whitney 1947; the standard error is that of DeLong, DeLong and Clarke-Pearson 1988 from the
    structural components, in O(n log n) by sorting (Sun and Xu 2014); rows of one record form one cluster
    (Obuchowski 1997).

    Args:
        ids: record ids, sorted, length n.
        gold: shape (n,), 0 or 1.
        scores: shape (n,), higher means more likely positive; NaN is unreadable.
    """
    positive = gold == 1
    p, n = int(positive.sum()), int((~positive).sum())
    if p == 0 or n == 0:
        return Estimate(NAN, NAN)
    readable = ~np.isnan(scores)
    below = np.sort(scores[~positive & readable])
    above = np.sort(scores[positive & readable])

    # Twice the number of pairs won by each row: integers, so nothing is rounded before the one division.
    twice = np.zeros(len(scores), dtype=np.int64)
    mine = positive & readable
    twice[mine] = np.searchsorted(below, scores[mine], "left") + np.searchsorted(below, scores[mine], "right")
    mine = ~positive & readable
    twice[mine] = 2 * len(above) - (
        np.searchsorted(above, scores[mine], "left") + np.searchsorted(above, scores[mine], "right")
    )
    value = int(twice[positive].sum()) / (2 * p * n)
    if p < 2 or n < 2:
        return Estimate(value, NAN)
    component = np.where(positive, twice / (2 * n), twice / (2 * p))
    weight = np.where(positive, 1 / math.sqrt(p * (p - 1)), 1 / math.sqrt(n * (n - 1)))
    influence = cluster_sums(ids, ((component - value) * weight).tolist())
    return Estimate(value, math.sqrt(math.fsum(x * x for x in influence)))
