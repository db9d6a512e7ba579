"""Calibration: how well stated probabilities match what happened."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Estimate, Floats, Ints, ascending, error_of, mean, total

BINS = 10


class Reliability(NamedTuple):
    """One bin of a reliability diagram."""

    n: int
    probability: float
    """Mean of the stated probabilities."""
    positives: float
    """Share of the labels that are 1."""


def bins_of(probabilities: Floats) -> Ints:
    """The bin of each probability, of `BINS` bins of equal mass.

    Equal probabilities always share a bin (that of the first of them in ascending order), so that the order of rows
    does not matter. A bin may be empty.

    Args:
        probabilities: shape (n,), no NaN.
    """
    order = ascending(probabilities)
    ranked = probabilities[order]
    starts = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1])))
    sizes = np.diff(np.append(starts, len(ranked)))
    bins = np.empty(len(ranked), dtype=np.int64)
    bins[order] = np.repeat(starts * BINS // max(1, len(ranked)), sizes)
    return bins


class Binned(NamedTuple):
    """Readable answers in their bins, for ECE and the parts of the Brier score."""

    bins: Ints
    """Shape (readable,)."""
    gaps: Floats
    """Shape (readable,): probability - label."""
    sums: Floats
    """Shape (`BINS`,): the sum of each bin's gaps."""


def binned(gold: Ints, probabilities: Floats) -> Binned:
    """The bins of readable answers.

    Args:
        gold: shape (n,), 0 or 1.
        probabilities: shape (n,), in [0, 1], no NaN.
    """
    bins = bins_of(probabilities)
    gaps = probabilities - gold
    return Binned(bins, gaps, np.array([total(gaps[bins == b]) for b in range(BINS)]))


def brier(gold: Ints, probabilities: Floats, clusters: Clusters) -> Estimate:
    """Mean squared difference between probability and label (Brier 1950); an unreadable answer counts 1, the maximum.

    Args:
        gold: shape (n,), 0 or 1.
        probabilities: shape (n,), in [0, 1]; NaN is unreadable.
        clusters: shape (n,) or None.
    """
    squared = (probabilities - gold) ** 2
    return mean(np.where(np.isnan(squared), 1.0, squared), clusters)


def ece(probabilities: Floats, readable: Binned, clusters: Clusters) -> Estimate:
    """Expected calibration error over 10 bins of equal mass; an unreadable answer counts as a gap of 1.

    ECE = sum over bins of |sum of (probability - label)| / n (Naeini et al. 2015, with equal-mass bins as in Nixon et
    al. 2019). The standard error treats the bins and the sign of each bin's gap as fixed.

    Args:
        probabilities: shape (n,), in [0, 1]; NaN is unreadable.
        readable: the readable answers in their bins, in the same order.
        clusters: shape (n,) or None.
    """
    gaps = np.ones(len(probabilities))
    signs = np.where(readable.sums < 0, -1.0, 1.0)
    gaps[~np.isnan(probabilities)] = readable.gaps * signs[readable.bins]
    return mean(gaps, clusters)


def decomposition(gold: Ints, readable: Binned, clusters: Clusters) -> dict[str, Estimate]:
    """Brier score = reliability - resolution + uncertainty, over the bins of `ece`.

    Reliability: Σ n_b (mean probability - share of positives)² / n. Uncertainty: s (1 - s), where s is the share of
    positives. Resolution is generalised: it includes the spread within bins, so that the three parts add up to the
    score exactly. Sources: Murphy 1973; Stephenson, Coelho and Jolliffe 2008. Standard errors are those of the
    linearised parts, with the bins treated as fixed.

    Args:
        gold: shape (n,), 0 or 1.
        readable: the n answers, all readable, in their bins.
        clusters: shape (n,) or None.
    """
    n = len(gold)
    if n == 0:
        return dict.fromkeys(("reliability", "resolution", "uncertainty"), Estimate(NAN, NAN))
    bins, gap, sums = readable
    counts = np.bincount(bins, minlength=BINS)
    gaps = np.divide(sums, counts, out=np.zeros(BINS), where=counts > 0)
    reliability = total(gaps * sums) / n
    positives = int(gold.sum()) / n
    uncertainty = positives * (1 - positives)
    squared = gap * gap
    score = total(squared) / n
    of_reliability = (2 * gaps[bins] * gap - gaps[bins] ** 2 - reliability) / n
    of_uncertainty = (1 - 2 * positives) * (gold - positives) / n
    of_score = (squared - score) / n
    return {
        "reliability": Estimate(reliability, error_of(of_reliability, clusters)),
        "resolution": Estimate(
            reliability + uncertainty - score, error_of(of_reliability + of_uncertainty - of_score, clusters)
        ),
        "uncertainty": Estimate(uncertainty, error_of(of_uncertainty, clusters)),
    }


def reliability_curve(gold: Ints, probabilities: Floats) -> list[Reliability]:
    """The non-empty bins of `ece` in ascending order: the points of a reliability diagram.

    Args:
        gold: shape (n,), 0 or 1.
        probabilities: shape (n,), in [0, 1], no NaN.
    """
    bins = bins_of(probabilities)
    groups = ((gold[bins == b], probabilities[bins == b]) for b in range(BINS))
    return [Reliability(len(g), total(p) / len(g), int(g.sum()) / len(g)) for g, p in groups if len(g)]
