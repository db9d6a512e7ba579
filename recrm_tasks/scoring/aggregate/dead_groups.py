"""The expected share of dead groups: groups of responses that a reward does not tell apart.

GRPO and its relatives compare the responses to one prompt with one another. Where all of a group have the same reward,
no advantage is left, and the group teaches nothing. TRL logs the share of such groups as `frac_reward_zero_std`.

A group is made of independent virtual responses: one record drawn from each dimension, or one candidate of a list, as
in the hybrid score. Each reward r has a probability p(r); m is that of a response with an unreadable verdict, which has
no reward and drops out of its group. With n members,

    P(dead) = m^n + sum over r of ((p(r) + m)^n - m^n)

which is the probability that all members with a reward have the same one. Responses to one prompt are more alike than
records of a benchmark, so training has more dead groups than this.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.scoring.aggregate.draws import rewards
from recrm_tasks.scoring.aggregate.forms import FORMS, Form
from recrm_tasks.scoring.aggregate.parts import Parts, Role
from recrm_tasks.scoring.metrics.estimate import NAN, Floats, Ints
from recrm_tasks.scoring.metrics.intervals import of_share

SIZES = (4, 8, 16)
"""The usual numbers of responses to one prompt."""
MOST_COMBINATIONS = 1 << 20
"""Up to so many combinations of verdicts the share is exact; above, virtual responses are drawn."""
_DRAWS = 1 << 20
_DRAWS_AGAIN = 1 << 16
"""In a bootstrap sample."""
_RESAMPLED = 100
"""Bootstrap samples."""
_TOGETHER = 1 << 22
"""Numbers in memory at a time, about."""
_SEED = 0
_ROUNDING = 1e-12
"""An error below this part of its value is a rounding error."""


class DeadShare(NamedTuple):
    """The expected share of dead groups of one size."""

    value: float
    stderr: float
    """Sampling error over records, Monte Carlo error included. NaN if a dimension has a single cluster of records."""
    mc_error: float
    """The Monte Carlo part, one standard error; 0 if the value is exact."""
    clusters: int
    """The smallest number of clusters of any dimension."""
    missing: float
    """The probability that a response has no reward, since one of its verdicts is unreadable."""

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval with the effective number of trials."""
        return of_share(self.value, self.stderr, self.clusters)


def dead_groups(
    parts: Sequence[Parts], roles: Sequence[Role], forms: Mapping[str, Form] = FORMS, sizes: Sequence[int] = SIZES
) -> dict[str, dict[int, DeadShare]]:
    """The expected share of dead groups, by form and number of responses in a group.

    The standard error is that of a seeded bootstrap of clusters of records (Efron 1979; 100 samples), dimension by
    dimension: they are treated as independent. A linear approximation would be 0 where all verdicts are equally
    frequent.

    Args:
        parts: one per dimension, none empty. Gold values are not used.
        roles: the dimensions' roles, in the same order; at least one is not a gate.
        forms: reward forms by name.
        sizes: numbers of responses, each at least 2.
    """
    verdicts = [_Verdicts(part) for part in parts]
    exact = math.prod(len(one.values) for one in verdicts) <= MOST_COMBINATIONS
    blocks = (_combined if exact else _drawn)(verdicts, roles, forms)
    given = next(blocks)
    again = list(blocks)
    clusters = min(one.parts.cluster_count for one in verdicts)
    known = float(given.known[0])
    found: dict[str, dict[int, DeadShare]] = {name: {} for name in forms}
    for name, size in itertools.product(forms, sizes):
        spread = float(np.concatenate([_dead(block.chances[name], block.known, size) for block in again]).var(ddof=1))
        noise = 0.0
        if not exact:
            noise = _noise(given.chances[name][0], known, size) / _DRAWS
            spread = max(0.0, spread - noise * _DRAWS / _DRAWS_AGAIN) + noise
        value, error = float(_dead(given.chances[name], given.known, size)[0]), math.sqrt(spread)
        stderr = NAN if clusters < 2 else error if error > _ROUNDING * value else 0.0
        found[name][size] = DeadShare(value, stderr, math.sqrt(noise), clusters, max(0.0, 1 - known))
    return found


class _Verdicts:
    """One dimension's verdicts. All records are equally likely, and so are a record's candidates."""

    def __init__(self, parts: Parts) -> None:
        sizes = np.diff(parts.starts)
        self.parts = parts
        self.weights: Floats = np.repeat(1 / (sizes * len(sizes)), sizes)
        """Shape (parts,): the probability of each."""
        self.clusters: Ints = np.repeat(parts.clusters, sizes)
        """Shape (parts,): whose it is."""
        self.readable: NDArray[np.bool_] = ~np.isnan(parts.verdict)
        self.values, self.codes = np.unique(parts.verdict[self.readable], return_inverse=True)
        """The different verdicts, and the one of each readable part."""

    def chances(self, weights: Floats) -> Floats:
        """Shape (values,): the probability of each, where the parts have these."""
        sums = np.bincount(self.codes, weights=weights[self.readable], minlength=len(self.values))
        return sums.astype(np.float64)

    def resampled(self, generator: np.random.Generator) -> Floats:
        """Shape (parts,): the probabilities in a bootstrap sample of as many clusters."""
        count = self.parts.cluster_count
        times = np.bincount(generator.integers(0, count, count), minlength=count)
        weights = self.weights * times[self.clusters]
        again: Floats = weights / weights.sum()
        return again


class _Block(NamedTuple):
    """Rewards in b samples of records."""

    known: Floats
    """Shape (b,): the probability that a response has a reward."""
    chances: dict[str, Floats]
    """By form, shape (b, rewards): the probability of each."""


def _combined(verdicts: Sequence[_Verdicts], roles: Sequence[Role], forms: Mapping[str, Form]) -> Iterator[_Block]:
    """The records as given, then bootstrap samples of them, several at a time: from all combinations of verdicts."""
    codes = np.indices([len(one.values) for one in verdicts]).reshape(len(verdicts), -1)
    values = [one.values[code] for one, code in zip(verdicts, codes, strict=True)]
    which = {name: np.unique(rewards(values, roles, form), return_inverse=True)[1] for name, form in forms.items()}
    orders = {name: np.argsort(one, kind="stable") for name, one in which.items()}
    generator = np.random.default_rng(_SEED)

    def block(samples: Sequence[Sequence[Floats]]) -> _Block:
        found = np.ones((len(samples), 1))
        for place, one in enumerate(verdicts):
            chances = np.stack([one.chances(sample[place]) for sample in samples])
            found = (found[:, :, None] * chances[:, None, :]).reshape(len(samples), -1)
        if not found.size:  # a dimension without a readable verdict
            return _Block(np.zeros(len(samples)), dict.fromkeys(forms, found))
        starts = {name: np.flatnonzero(np.diff(which[name][order], prepend=-1)) for name, order in orders.items()}
        sums = {name: np.add.reduceat(found[:, order], starts[name], axis=1) for name, order in orders.items()}
        return _Block(found.sum(axis=1), sums)

    yield block([[one.weights for one in verdicts]])
    together = max(1, _TOGETHER // max(1, codes.shape[1]))
    for start in range(0, _RESAMPLED, together):
        count = min(together, _RESAMPLED - start)
        yield block([[one.resampled(generator) for one in verdicts] for _ in range(count)])


def _drawn(verdicts: Sequence[_Verdicts], roles: Sequence[Role], forms: Mapping[str, Form]) -> Iterator[_Block]:
    """The same from draws of responses with a reward. How many have none is known without."""
    generator = np.random.default_rng(_SEED)

    def block(samples: Sequence[Floats], draws: int) -> _Block:
        known, values = 1.0, []
        for one, weights in zip(verdicts, samples, strict=True):
            ends = np.cumsum(weights[one.readable])
            at = np.searchsorted(ends, generator.random(draws) * ends[-1], side="right")
            values.append(one.parts.verdict[one.readable][np.minimum(at, len(ends) - 1)])
            known *= float(ends[-1])
        counts = {name: np.unique(rewards(values, roles, form), return_counts=True)[1] for name, form in forms.items()}
        return _Block(
            np.array([known]),
            {name: (known / draws * count[None]).astype(np.float64) for name, count in counts.items()},
        )

    yield block([one.weights for one in verdicts], _DRAWS)
    for _ in range(_RESAMPLED):
        yield block([one.resampled(generator) for one in verdicts], _DRAWS_AGAIN)


def _dead(chances: Floats, known: Floats, size: int) -> Floats:
    """The share of dead groups, shape (b,), from the probability of each reward, shape (b, rewards), and of any."""
    missing = np.maximum(0.0, 1 - known)
    alone = missing**size
    shares: Floats = alone + ((chances + missing[:, None]) ** size - alone[:, None]).sum(axis=1)
    return np.minimum(1.0, shares)


def _noise(chances: Floats, known: float, size: int) -> float:
    """The Monte Carlo variance for one draw: a draw of a reward adds size · (p + m)^(size - 1) to the share."""
    adds = size * known * (chances + 1 - known) ** (size - 1)
    shares = chances / known
    mean = float((shares * adds).sum())
    return max(0.0, float((shares * adds * adds).sum()) - mean * mean)
