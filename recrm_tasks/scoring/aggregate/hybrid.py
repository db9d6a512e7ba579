"""The hybrid score: how often a reward computed from a model's verdicts orders two virtual responses correctly.

A virtual response is one record drawn from each dimension, or one candidate of a list. Its gold values and its verdicts
are combined into rewards by the same form. Only pairs with different gold rewards count: a pair is worth 1 if the
verdicts order it the same way, 0.5 if their rewards are equal, and 0 if a verdict on either side is unreadable.

The value is a seeded Monte Carlo estimate of the expectation. Draws do not depend on verdicts, so an answer that
becomes unreadable can only lower the score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from recrm_tasks.scoring.aggregate.draws import Draw, draws, rewards
from recrm_tasks.scoring.aggregate.forms import FORMS, Form
from recrm_tasks.scoring.aggregate.parts import Parts, Role
from recrm_tasks.scoring.metrics.estimate import NAN, Floats, Ints


class Hybrid(NamedTuple):
    """The value and its errors; NaN if no two gold rewards differ."""

    value: float
    stderr: float
    """Sampling error over records, Monte Carlo error included."""
    mc_error: float
    """The Monte Carlo part, one standard error: at most 0.5 / 1,024, and 1.96 times that is below 0.001."""


class HybridChange(NamedTuple):
    """The values of two runs on the same records, and the change (second minus first) with its error."""

    first: float
    second: float
    change: Hybrid


def hybrids(parts: Sequence[Parts], roles: Sequence[Role], forms: Mapping[str, Form] = FORMS) -> dict[str, Hybrid]:
    """The hybrid score by every form.

    The standard error is that of the Hájek projection (Hájek 1968; Hoeffding 1948 for the statistic): each cluster of
    records contributes the deviations of its pairs. Monte Carlo noise within a cluster is removed by leaving out each
    pair's product with itself. Dimensions are treated as independent.

    Args:
        parts: one per dimension, none empty.
        roles: the dimensions' roles, in the same order; at least one is not a gate.
        forms: reward forms by name.
    """
    found = {}
    for name, form in forms.items():
        sums = _Sums(parts)
        for draw in draws(parts, roles, form):
            sums.add(draw, _agreement(draw, parts, roles, form))
        found[name] = sums.result()
    return found


def hybrid_differences(
    first: Sequence[Parts], second: Sequence[Parts], roles: Sequence[Role], forms: Mapping[str, Form] = FORMS
) -> dict[str, HybridChange]:
    """The hybrid scores of two runs on the same records, over the same pairs.

    Args:
        first: one per dimension, none empty.
        second: the same records.
        roles: the dimensions' roles, in the same order.
        forms: reward forms by name.
    """
    found = {}
    for name, form in forms.items():
        before, after, change = _Sums(first), _Sums(first), _Sums(first)
        for draw in draws(first, roles, form):
            one, other = (_agreement(draw, parts, roles, form) for parts in (first, second))
            before.add(draw, one)
            after.add(draw, other)
            change.add(draw, other - one)
        found[name] = HybridChange(before.result().value, after.result().value, change.result())
    return found


class _Tally:
    """Sums over pairs by cluster, for one dimension."""

    def __init__(self, clusters: int) -> None:
        self.scores = np.zeros(clusters)
        """The sum of scores over each cluster's pairs; a pair with the cluster on both sides counts twice."""
        self.counts = np.zeros(clusters)
        self.own = np.zeros(3)
        """Sums over pairs of c, c · score and c · score², where c is 4 if both sides are of one cluster, else 2."""

    def add(self, sides: Ints, scores: Floats) -> None:
        """Adds pairs: the clusters of both sides, shape (2, n), and the scores, shape (n,)."""
        size = len(self.scores)
        for side in sides:
            self.scores += np.bincount(side, weights=scores, minlength=size)
            self.counts += np.bincount(side, minlength=size)
        squares = np.where(sides[0] == sides[1], 4.0, 2.0)
        self.own += [squares.sum(), (squares * scores).sum(), (squares * scores * scores).sum()]

    def variance(self, value: float, pairs: int) -> float:
        """This dimension's contribution to the variance of `value`; NaN for a single cluster."""
        groups = len(self.scores)
        if groups < 2:
            return NAN
        sums = self.scores - value * self.counts
        own = self.own[2] - 2 * value * self.own[1] + value * value * self.own[0]
        return max(0.0, float((sums * sums).sum() - own)) / (pairs * pairs) * groups / (groups - 1)


class _Sums:
    """Running sums over the pairs of one form."""

    def __init__(self, parts: Sequence[Parts]) -> None:
        self.pairs, self.first, self.second = 0, 0.0, 0.0
        self.tallies = [_Tally(part.cluster_count) for part in parts]

    def add(self, draw: Draw, scores: Floats) -> None:
        """Adds pairs with their scores, shape (n,)."""
        self.pairs += len(scores)
        self.first += float(scores.sum())
        self.second += float((scores * scores).sum())
        for tally, sides in zip(self.tallies, draw.clusters, strict=True):
            tally.add(sides, scores)

    def result(self) -> Hybrid:
        """The mean score of the pairs, with its errors."""
        if self.pairs == 0:
            return Hybrid(NAN, NAN, NAN)
        value = self.first / self.pairs
        noise = max(0.0, self.second / self.pairs - value * value) / self.pairs
        sampling = sum(tally.variance(value, self.pairs) for tally in self.tallies)
        return Hybrid(value, math.sqrt(sampling + noise), math.sqrt(noise))


def _agreement(draw: Draw, parts: Sequence[Parts], roles: Sequence[Role], form: Form) -> Floats:
    """The score of each pair (1, 0.5 or 0), shape (n,)."""
    drawn = [part.verdict[places] for part, places in zip(parts, draw.places, strict=True)]
    readable = ~np.isnan(drawn).any(axis=(0, 1))
    one, other = rewards([np.nan_to_num(verdict) for verdict in drawn], roles, form)
    alike = ((one > other) == draw.above).astype(np.float64)
    scores: Floats = np.where(one == other, 0.5, alike) * readable
    return scores
