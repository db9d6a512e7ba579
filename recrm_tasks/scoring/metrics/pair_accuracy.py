"""The share of pairs of unequal value in which the better one has the higher score."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Estimate, Floats, Ints, error_of


class Pairs(NamedTuple):
    """The pairs of each row with rows of another value, within its question."""

    won: Ints
    """Shape (n,): twice the number of its pairs in which the better one has the higher score. A tie counts 1."""
    met: Ints
    """Shape (n,): the number of its pairs."""

    @property
    def total(self) -> int:
        """The number of pairs. Each is a pair of two rows."""
        return int(self.met.sum()) // 2

    @property
    def accuracy(self) -> float:
        """The share of pairs won; NaN without pairs."""
        return int(self.won.sum()) / (4 * self.total) if self.total else NAN


def pairs_of(worth: Floats, scores: Floats, questions: Ints) -> Pairs:
    """Counts pairs, in O(n log n) for each of the values that occur.

    Args:
        worth: shape (n,), the value of each row; pairs of equal value are not counted.
        scores: shape (n,), without NaN.
        questions: shape (n,); only rows of one question are pairs.
    """
    n = len(worth)
    won, met = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    if not n:
        return Pairs(won, met)
    order = np.lexsort((scores, questions))
    question, score, value = questions[order], scores[order], worth[order]
    new = np.concatenate(([True], question[1:] != question[:-1]))
    first, after = _spans(new)
    below, above = _spans(np.concatenate(([True], (score[1:] != score[:-1]) | new[1:])))
    for other in np.unique(worth):
        seen = np.concatenate(([0], np.cumsum(value == other)))
        lower, tied, higher = seen[below] - seen[first], seen[above] - seen[below], seen[after] - seen[above]
        won[order] += np.where(value == other, 0, 2 * np.where(value > other, lower, higher) + tied)
        met[order] += np.where(value == other, 0, seen[after] - seen[first])
    return Pairs(won, met)


def _spans(starts: Ints) -> tuple[Ints, Ints]:
    """For each row the first row of its run, and the first row after it.

    Args:
        starts: shape (n,), bool: whether a run begins at the row.
    """
    begins = np.flatnonzero(starts)
    run = np.cumsum(starts) - 1
    return begins[run], np.append(begins[1:], len(starts))[run]


def within(pairs: Pairs, clusters: Clusters) -> Estimate:
    """The accuracy of pairs whose two rows are in one cluster, with its cluster-robust standard error.

    It is a ratio of sums over clusters, so its error is that of the linearised ratio (Cochran 1977, section 6.3). Rows
    without a pair are left out.

    Args:
        pairs: of n rows.
        clusters: shape (n,) or None.
    """
    paired = pairs.met > 0
    if not paired.any():
        return Estimate(NAN, NAN)
    accuracy = pairs.accuracy
    influence = (pairs.won / 2 - accuracy * pairs.met)[paired] / (2 * pairs.total)
    return Estimate(accuracy, error_of(influence, None if clusters is None else clusters[paired]))


def across(pairs: Pairs, clusters: Clusters) -> Estimate:
    """The accuracy of pairs of any two rows: each row adds all of its pairs to the error (Hájek's projection).

    Args:
        pairs: of n rows.
        clusters: shape (n,) or None.
    """
    if not pairs.total:
        return Estimate(NAN, NAN)
    accuracy = pairs.accuracy
    return Estimate(accuracy, error_of((pairs.won / 2 - accuracy * pairs.met) / pairs.total, clusters))
