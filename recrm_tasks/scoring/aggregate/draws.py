"""Draws pairs of virtual responses whose gold rewards differ.

There are few gold values (labels, grades), so the gold rewards of all their combinations are computed. A pair of
combinations is drawn by its probability given that the rewards differ, and then a record for each gold value. No draw
is rejected, and draws do not depend on verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.scoring.aggregate.forms import Form
from recrm_tasks.scoring.aggregate.parts import Parts, Role
from recrm_tasks.scoring.metrics.estimate import Floats, Ints

PAIRS = 1 << 20
"""The number of pairs; the Monte Carlo error is then at most 0.5 / 1,024."""
_BLOCK = 1 << 18
_SEED = 0
_DECIMALS = 12
"""Rewards are rounded, so that sums of the same parts in another order are equal."""


class Draw(NamedTuple):
    """n pairs of virtual responses."""

    places: list[Ints]
    """By dimension, shape (2, n): the index of each side's part."""
    clusters: list[Ints]
    """By dimension, shape (2, n): the cluster of that part's record."""
    above: NDArray[np.bool_]
    """Shape (n,): whether the first side has the higher gold reward."""


def draws(parts: Sequence[Parts], roles: Sequence[Role], form: Form) -> Iterator[Draw]:
    """`PAIRS` seeded pairs of virtual responses; none if all gold rewards are equal.

    Args:
        parts: one per dimension, none empty.
        roles: the dimensions' roles, in the same order.
        form: the reward form.
    """
    pools = [_Pool(part) for part in parts]
    codes = np.indices([len(pool.values) for pool in pools]).reshape(len(pools), -1)
    gold = rewards([pool.values[code] for pool, code in zip(pools, codes, strict=True)], roles, form)
    order = np.argsort(gold, kind="stable")
    gold, codes = gold[order], codes[:, order]
    chance = np.prod([pool.chances[code] for pool, code in zip(pools, codes, strict=True)], axis=0)
    _, first, which = np.unique(gold, return_index=True, return_inverse=True)
    if len(first) < 2:
        return
    ends = np.concatenate(([0.0], np.cumsum(chance)))
    low = ends[first][which]  # combinations with equal rewards are adjacent: start and width
    width = ends[np.append(first[1:], len(gold))][which] - low
    begins = np.concatenate(([0.0], np.cumsum(chance * (1 - width))))
    generator = np.random.default_rng(_SEED)
    for _ in range(PAIRS // _BLOCK):
        one = _find(begins, generator.random(_BLOCK) * begins[-1])
        at = generator.random(_BLOCK) * (ends[-1] - width[one])
        other = _find(ends, at + np.where(at >= low[one], width[one], 0.0))
        sides = np.stack([one, other])
        places = [pool.draw(code[sides], generator) for pool, code in zip(pools, codes, strict=True)]
        clusters = [part.clusters[pool.record_of(at)] for part, pool, at in zip(parts, pools, places, strict=True)]
        yield Draw(places, clusters, gold[one] > gold[other])


def rewards(values: Sequence[Floats], roles: Sequence[Role], form: Form) -> Floats:
    """Rounded rewards for comparison: one array per dimension, all of one shape -> that shape."""
    stacked = np.stack(values)
    formed = form(stacked.reshape(len(stacked), -1), roles)
    return np.round(formed, _DECIMALS).reshape(stacked.shape[1:])


class _Pool:
    """One dimension's parts by gold value. All records are equally likely, and so are a record's candidates."""

    def __init__(self, parts: Parts) -> None:
        sizes = np.diff(parts.starts)
        self.values, code = np.unique(parts.gold, return_inverse=True)
        self._single = bool((sizes == 1).all())
        self._records = np.repeat(np.arange(len(sizes)), sizes)
        self._order = np.argsort(code, kind="stable")
        self._starts = np.searchsorted(code[self._order], np.arange(len(self.values) + 1))
        weights = np.repeat(1 / (sizes * len(sizes)), sizes)[self._order]
        self._ends = np.concatenate(([0.0], np.cumsum(weights)))
        self.chances = np.diff(self._ends[self._starts])
        """Shape (values,): the probability of each gold value."""

    def draw(self, codes: Ints, generator: np.random.Generator) -> Ints:
        """A part for each code of a gold value, in the same shape."""
        at = generator.random(codes.shape)
        begin, end = self._starts[codes], self._starts[codes + 1]
        if self._single:  # equally likely: no search needed
            found = begin + (at * (end - begin)).astype(np.int64)
        else:
            found = _find(self._ends, self._ends[begin] + at * (self._ends[end] - self._ends[begin]))
        drawn: Ints = self._order[np.clip(found, begin, end - 1)]
        return drawn

    def record_of(self, places: Ints) -> Ints:
        """The record of each part."""
        records: Ints = self._records[places]
        return records


def _find(ends: Floats, at: Floats) -> Ints:
    """The index of the interval between two `ends` that contains each number."""
    found: Ints = np.clip(np.searchsorted(ends, at, side="right") - 1, 0, len(ends) - 2)
    return found
