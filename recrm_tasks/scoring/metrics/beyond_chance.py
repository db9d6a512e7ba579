"""Balanced accuracy, Matthews correlation and Cohen's kappa: what is left of accuracy where one label is frequent.

All follow from the confusion matrix, shape (k, k + 1): gold labels by answers, the last column for unreadable answers.
As in F1 that is a predicted class that is never gold. The standard errors are those of the linearised values (the delta
method); without clusters, that of kappa is the large-sample error of Fleiss, Cohen and Everitt (1969), times
sqrt(n / (n - 1)).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Estimate, Floats, Ints, error_of
from recrm_tasks.scoring.metrics.f1 import cells


class Linearised(NamedTuple):
    """A function of a confusion matrix at one point."""

    value: float
    slopes: Floats
    """Of the shape of the matrix: the effect of one more row in each cell."""


OfCounts: TypeAlias = Callable[[Ints], Linearised]
"""From a confusion matrix with at least one row."""


def balanced_accuracy(counts: Ints) -> Linearised:
    """The mean, over the gold labels that occur, of the share of their rows that is answered correctly.

    scikit-learn's `balanced_accuracy_score`. One gold label makes it the accuracy.
    """
    k = len(counts)
    support = counts.sum(axis=1)
    seen = support > 0
    recalls = np.divide(np.diagonal(counts), support, out=np.zeros(k), where=seen)
    weight = np.divide(1.0, support * int(seen.sum()), out=np.zeros(k), where=seen)
    slopes = np.repeat(-(weight * recalls)[:, None], k + 1, axis=1)
    slopes[range(k), range(k)] += weight
    return Linearised(math.fsum(recalls.tolist()) / int(seen.sum()), slopes)


def matthews(counts: Ints) -> Linearised:
    """Matthews correlation of any number of labels: R_K (Gorodkin 2004), (c s - Σ p t) / sqrt((s² - Σ p²) (s² - Σ t²)).

    c is the number of correct answers, s that of all; t and p are how often each label is gold and answered. It is
    scikit-learn's `matthews_corrcoef`, but undefined (NaN) with one gold label: nothing can correlate with it. If all
    answers are the same it is 0, as there (Chicco and Jurman 2020), without an error.
    """
    s, hits, gold, answers = _margins(counts)
    k = len(counts)
    joint = s * hits - sum(t * p for t, p in zip(gold, answers, strict=False))
    of_answers, of_gold = s * s - sum(p * p for p in answers), s * s - sum(t * t for t in gold)
    if not of_gold or not of_answers:
        return Linearised(0.0 if of_gold else NAN, np.full((k, k + 1), NAN))
    value = joint / math.sqrt(of_answers * of_gold)
    t, p = np.array(gold, dtype=np.float64)[:, None], np.array(answers, dtype=np.float64)[None, :]
    slopes = (hits - _meetings(p, t)) / math.sqrt(of_answers * of_gold)
    slopes[range(k), range(k)] += s / math.sqrt(of_answers * of_gold)
    slopes -= value * ((s - p) / of_answers + (s - t) / of_gold)
    return Linearised(max(-1.0, min(1.0, value)), slopes)


def kappa(counts: Ints) -> Linearised:
    """Cohen's kappa (1960) of answers and gold labels: agreement above what their frequencies alone give.

    scikit-learn's `cohen_kappa_score`. Undefined (NaN) if all rows are in one cell of the diagonal: 0 / 0.
    """
    return weighted_kappa(counts, 1 - np.eye(len(counts), len(counts) + 1))


def weighted_kappa(counts: Ints, weights: Floats) -> Linearised:
    """Weighted kappa (Cohen 1968): 1 - n Σ w n_ij / Σ w t_i p_j.

    Args:
        counts: shape (k, m), ratings of one side by those of the other.
        weights: of the same shape: how much the two ratings of a cell disagree.
    """
    n = int(counts.sum())
    t, p = counts.sum(axis=1), counts.sum(axis=0)
    seen = math.fsum((weights * counts).ravel().tolist())
    by_chance = math.fsum((weights * (t[:, None] * p[None, :])).ravel().tolist())
    if not by_chance:
        return Linearised(NAN, np.full(counts.shape, NAN))
    growth = (weights @ p)[:, None] + (t @ weights)[None, :]
    slopes = -(seen + n * weights) / by_chance + n * seen * growth / by_chance / by_chance
    return Linearised((by_chance - n * seen) / by_chance, slopes)


def squared_distances(values: tuple[float, ...], k: int) -> Floats | None:
    """Quadratic weights: the squared difference of two labels' values, over the greatest one; 1 for unreadable answers.

    Args:
        values: of all labels of the set, at least k.
        k: the number of labels in the matrix.

    Returns:
        Shape (k, k + 1); None if the values are not known or all the same.
    """
    spread = max(values, default=0.0) - min(values, default=0.0)
    if not spread:
        return None
    worth = np.array(values[:k], dtype=np.float64)
    found = np.ones((k, k + 1))
    found[:, :k] = ((worth[:, None] - worth[None, :]) / spread) ** 2
    return found


def _margins(counts: Ints) -> tuple[int, int, list[int], list[int]]:
    """Rows, correct rows, and how often each label is gold and answered (the last: unreadable), as exact integers."""
    return int(counts.sum()), int(np.trace(counts)), counts.sum(axis=1).tolist(), counts.sum(axis=0).tolist()


def _meetings(p: Floats, t: Floats) -> Floats:
    """The slopes of Σ p t: one more row of gold i and answer j adds p_i + t_j, where "unreadable" is never gold."""
    found: Floats = p[0, :-1][:, None] + np.append(t[:, 0], 0.0)[None, :]
    return found


class Confusion:
    """A confusion matrix with what the errors need of its rows.

    Args:
        gold: shape (n,), label indices from 0.
        answered: shape (n,), label indices, or -1 for an unreadable answer.
        clusters: shape (n,) or None.
    """

    def __init__(self, gold: Ints, answered: Ints, clusters: Clusters) -> None:
        self.cell, k = cells(gold, answered)
        self.clusters = clusters
        self.counts: Ints = np.bincount(self.cell, minlength=k * (k + 1)).reshape(k, k + 1)

    def influence(self, found: Linearised) -> Floats:
        """Shape (n,): the influence of each row on a value."""
        of_rows: Floats = found.slopes.ravel()[self.cell]
        return of_rows

    def estimate(self, of: OfCounts) -> Estimate:
        """A value with its standard error."""
        n = len(self.cell)
        if not n:
            return Estimate(NAN, NAN)
        found = of(self.counts)
        if self.clusters is not None:
            return Estimate(found.value, _known_error(self.influence(found), self.clusters))
        if n < 2 or np.isnan(found.slopes).any():
            return Estimate(found.value, NAN)
        squares = math.fsum((self.counts * found.slopes**2).ravel().tolist())
        return Estimate(found.value, math.sqrt(n / (n - 1) * squares))


def _known_error(influence: Floats, clusters: Clusters) -> float:
    return NAN if np.isnan(influence).any() else error_of(influence, clusters)
