"""A number and its standard error."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

NAN = math.nan

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Clusters: TypeAlias = Ints | None
"""The cluster number of each row; None if every row is its own cluster."""


class Estimate(NamedTuple):
    """A metric's value and its standard error. NaN means undefined; counts have no error (None)."""

    value: float
    stderr: float | None = NAN


def total(values: Floats) -> float:
    """The sum, with the same bits in any order.

    Each number is split into two integers of about 40 bits (for a million numbers), which are added up exactly. The
    rounding error is below 2^-80 of the largest number. `math.fsum` takes four times as long; it is used where the
    scaling would leave the range of floats.
    """
    top = float(np.abs(values).max(initial=0.0))
    if not 1e-200 < top < 1e200:
        return math.fsum(values.tolist())
    bits = 62 - len(values).bit_length()
    shift = bits - math.frexp(top)[1]
    scaled = values * 2.0**shift
    high = np.rint(scaled)
    low = np.rint((scaled - high) * 2.0**bits)
    units = (int(high.astype(np.int64).sum()) << bits) + int(low.astype(np.int64).sum())
    shift += bits
    return units / (1 << shift) if shift >= 0 else float(units << -shift)


def ascending(values: Floats) -> Ints:
    """The indices that sort values, NaN last; without a sort if they are already sorted."""
    known = values[: len(values) - int(np.isnan(values).sum())]
    if not np.isnan(known).any() and bool((known[1:] >= known[:-1]).all()):
        return np.arange(len(values))
    return np.argsort(values)


def cluster_sums(values: Floats, clusters: Clusters) -> Floats:
    """The sum within each cluster, added up in ascending order, so that the order of rows does not matter.

    Args:
        values: shape (n,).
        clusters: shape (n,) or None.

    Returns:
        Shape (number of clusters,); the values themselves for None.
    """
    if clusters is None or not len(values):
        return values
    order = np.lexsort((values, clusters))
    starts = np.flatnonzero(np.diff(clusters[order], prepend=clusters[order[0]] - 1))
    sums: Floats = np.add.reduceat(values[order], starts)
    return sums


def squared_sums(influence: Floats, clusters: Clusters) -> tuple[float, int]:
    """The sum of the squared sums of clusters, and the number of clusters.

    Where the rows of every cluster cancel out, the remainder is a rounding error. It is returned as 0: a standard error
    of 1e-17 would make an interval of a single point.

    Args:
        influence: shape (n,).
        clusters: shape (n,) or None.
    """
    sums = cluster_sums(influence, clusters)
    squares = total(sums * sums)
    if clusters is not None and squares <= _ROUNDING * total(influence * influence):
        squares = 0.0
    return squares, len(sums)


_ROUNDING = 1e-24


def error_of(influence: Floats, clusters: Clusters) -> float:
    """The cluster-robust standard error of an estimate, from each row's influence on it.

    sqrt(G / (G - 1) · Σ_g (Σ_i in g influence)²) with G clusters; NaN for fewer than two. Without clusters and with
    influence (x - mean) / n this is the usual s / sqrt(n). Source: Cameron and Miller, "A Practitioner's Guide to
    Cluster-Robust Inference", 2015.

    Args:
        influence: shape (n,), with sum 0.
        clusters: shape (n,) or None.
    """
    squares, groups = squared_sums(influence, clusters)
    return math.sqrt(groups / (groups - 1) * squares) if groups > 1 else NAN


def design_effect(influence: Floats, clusters: Clusters) -> float:
    """The ratio of an estimate's variance to its variance with independent rows (Kish 1965).

    Args:
        influence: shape (n,), each row's influence on the estimate.
        clusters: shape (n,) or None.

    Returns:
        The ratio: 1 without clusters; n / G if either variance is 0, so that each of G clusters counts as one row; NaN
        for a single cluster.
    """
    if clusters is None:
        return 1.0
    centred = influence - total(influence) / len(influence)
    alone, (together, groups) = total(centred * centred), squared_sums(centred, clusters)
    if groups < 2:
        return NAN
    return together / alone if alone > 0 and together > 0 else len(influence) / groups


def mean(values: Floats, clusters: Clusters) -> Estimate:
    """The mean with its cluster-robust standard error.

    Args:
        values: shape (n,).
        clusters: shape (n,) or None.
    """
    if not len(values):
        return Estimate(NAN, NAN)
    centre = total(values) / len(values)
    return Estimate(centre, error_of((values - centre) / len(values), clusters))


def share(hits: NDArray[np.bool_], clusters: Clusters) -> Estimate:
    """`mean` of booleans; without clusters it only counts."""
    n, count = len(hits), int(hits.sum())
    if clusters is not None or n < 2:
        return mean(hits.astype(np.float64), clusters)
    return Estimate(count / n, math.sqrt(count * (n - count) / (n - 1)) / n)
