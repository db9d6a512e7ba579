"""How far probabilities are from what happened."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.scoring.metrics.estimate import Estimate, mean

_BINS = 10


def brier(ids: Sequence[str], gold: NDArray[np.int64], probabilities: NDArray[np.float64]) -> Estimate:
    """Mean squared distance of probability and label (Brier 1950); an unreadable answer costs 1, the worst there is.

    Args:
        ids: record ids, sorted, length n.
        gold: shape (n,), 0 or 1.
        probabilities: shape (n,), in [0, 1]; NaN is unreadable.
    """
    squared = (probabilities - gold) ** 2
    return mean(ids, np.where(np.isnan(squared), 1.0, squared).tolist())


def ece(ids: Sequence[str], gold: NDArray[np.int64], probabilities: NDArray[np.float64]) -> Estimate:
    """Expected calibration error over 10 bins of equal mass; an unreadable answer is a gap of 1.

    ECE = sum over bins of |sum of (probability - label)| / n (Naeini et al. 2015, with equal-mass bins as in Nixon et
    al. 2019). Equal probabilities always share a bin, so that the order of rows cannot matter. The standard error
    takes the bins and the sign of each bin's gap as given.

    Args:
        ids: record ids, sorted, length n.
        gold: shape (n,), 0 or 1.
        probabilities: shape (n,), in [0, 1]; NaN is unreadable.
    """
    readable = ~np.isnan(probabilities)
    known = probabilities[readable]
    gaps = np.ones(len(probabilities))
    if len(known):
        rank = np.searchsorted(np.sort(known), known, "left")
        bins = rank * _BINS // len(known)
        gap = known - gold[readable]
        sums = np.bincount(bins, weights=gap, minlength=_BINS)
        gaps[readable] = np.where(sums[bins] < 0, -gap, gap)
    return mean(ids, gaps.tolist())
