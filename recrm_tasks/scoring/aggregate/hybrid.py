"""How often a reward made of a model's own verdicts orders two virtual responses as the gold labels would.

A virtual response is one record drawn from each dimension, of a list one of its candidates. Both its gold values and
its verdicts are made into rewards by the same form. Of the pairs whose gold rewards differ, those count 1 that the
verdicts order alike, those of equal verdicts 0.5; an unreadable verdict on either side loses the pair.

The value is a seeded Monte Carlo estimate of that expectation. Verdicts have no say in what is drawn, so an answer
that turns unreadable can only lose pairs.
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
    """The value and what is known of its error; NaN where no two gold rewards differ."""

    value: float
    stderr: float
    """Of the value as an estimate for other records of the same kind, Monte Carlo error included."""
    mc_error: float
    """The Monte Carlo part of it, one standard error: at most 0.5 / 1,024, and 1.96 times that is below 0.001."""


class HybridChange(NamedTuple):
    """The values of two runs on the same records, and second minus first with its error."""

    first: float
    second: float
    change: Hybrid


def hybrids(parts: Sequence[Parts], roles: Sequence[Role], forms: Mapping[str, Form] = FORMS) -> dict[str, Hybrid]:
    """The hybrid score by every form.

    The standard error is that of the Hájek projection (Hájek 1968; Hoeffding 1948 for the statistic): each cluster of
    records adds what the pairs that it is in deviate. Monte Carlo noise within a cluster is taken off by leaving out
    each pair's product with itself. Dimensions are taken as independent of each other.

    Args:
        parts: one per dimension, none empty.
        roles: the dimensions' roles, in the same order; at least one that is no gate.
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
    """Two runs on the same records, over the same pairs.

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
    """What one dimension's clusters have to do with the pairs that count."""

    def __init__(self, clusters: int) -> None:
        self.scores = np.zeros(clusters)
        """Sum of the scores of each cluster's pairs; a pair that it is on both sides of counts twice."""
        self.counts = np.zeros(clusters)
        self.own = np.zeros(3)
        """Sums over pairs of c, c · score and c · score²; c is the sum of squares of a pair's places per cluster."""

    def add(self, sides: Ints, scores: Floats) -> None:
        """Takes the clusters on both sides, shape (2, n), and the scores of the pairs, shape (n,)."""
        size = len(self.scores)
        for side in sides:
            self.scores += np.bincount(side, weights=scores, minlength=size)
            self.counts += np.bincount(side, minlength=size)
        squares = np.where(sides[0] == sides[1], 4.0, 2.0)
        self.own += [squares.sum(), (squares * scores).sum(), (squares * scores * scores).sum()]

    def variance(self, value: float, pairs: int) -> float:
        """What this dimension's choice of records adds to the variance of `value`; NaN for a single cluster."""
        groups = len(self.scores)
        if groups < 2:
            return NAN
        sums = self.scores - value * self.counts
        own = self.own[2] - 2 * value * self.own[1] + value * value * self.own[0]
        return max(0.0, float((sums * sums).sum() - own)) / (pairs * pairs) * groups / (groups - 1)


class _Sums:
    """What has been seen of the pairs of one form."""

    def __init__(self, parts: Sequence[Parts]) -> None:
        self.pairs, self.first, self.second = 0, 0.0, 0.0
        self.tallies = [_Tally(part.cluster_count) for part in parts]

    def add(self, draw: Draw, scores: Floats) -> None:
        """Takes some pairs with their scores, shape (n,)."""
        self.pairs += len(scores)
        self.first += float(scores.sum())
        self.second += float((scores * scores).sum())
        for tally, sides in zip(self.tallies, draw.clusters, strict=True):
            tally.add(sides, scores)

    def result(self) -> Hybrid:
        """The mean score of the pairs."""
        if self.pairs == 0:
            return Hybrid(NAN, NAN, NAN)
        value = self.first / self.pairs
        noise = max(0.0, self.second / self.pairs - value * value) / self.pairs
        sampling = sum(tally.variance(value, self.pairs) for tally in self.tallies)
        return Hybrid(value, math.sqrt(sampling + noise), math.sqrt(noise))


def _agreement(draw: Draw, parts: Sequence[Parts], roles: Sequence[Role], form: Form) -> Floats:
    """1, 0.5 or 0 of each pair, shape (n,)."""
    drawn = [part.verdict[places] for part, places in zip(parts, draw.places, strict=True)]
    readable = ~np.isnan(drawn).any(axis=(0, 1))
    one, other = rewards([np.nan_to_num(verdict) for verdict in drawn], roles, form)
    alike = ((one > other) == draw.above).astype(np.float64)
    scores: Floats = np.where(one == other, 0.5, alike) * readable
    return scores
