"""By how much the hybrid reward rises if a response is changed and not better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from recrm_tasks.scoring.aggregate.forms import FORMS, combined
from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Estimate, Floats, Ints, error_of

DRAWS = 1 << 15
"""Virtual responses. Each record is in as many as any other, or in one more, so that little is left to chance."""
_SEED = 0


class Side(NamedTuple):
    """One dimension's records with two readable verdicts, in an order that is the same in every run."""

    before: Floats
    """Shape (n,): the plain verdicts."""
    after: Floats
    """Shape (n,): those on the changed records; the plain ones again where the dimension has no such change."""
    clusters: Clusters


def raised_reward(sides: Mapping[str, Side], roles: Mapping[str, Role], form: str) -> Estimate:
    """The mean rise of the reward of virtual responses: one record drawn from each dimension, as in the hybrid score.

    The standard error is that of the Hájek projection, as of the hybrid score (`scoring.aggregate.hybrid`): dimensions
    are independent, and records of one cluster are not.

    Args:
        sides: by dimension, none empty.
        roles: of at least these dimensions.
        form: one of `FORMS`.

    Returns:
        The mean of reward after minus reward before, from -1 to 1; NaN if these dimensions have no reward.
    """
    if not sides:
        return Estimate(NAN, NAN)
    generator = np.random.default_rng(_SEED)
    drawn = [_drawn(len(side.before), generator) for side in sides.values()]
    weighed = [roles[key] for key in sides]
    before, after = (
        combined(np.stack([values[rows] for values, rows in zip(side, drawn, strict=True)]), weighed, FORMS[form])
        for side in ([one.before for one in sides.values()], [one.after for one in sides.values()])
    )
    if before is None or after is None:
        return Estimate(NAN, NAN)
    rise = after - before
    value = float(rise.mean())
    variances = [_variance(rise - value, rows, side) for rows, side in zip(drawn, sides.values(), strict=True)]
    return Estimate(value, math.sqrt(math.fsum(variances)))


def _drawn(count: int, generator: np.random.Generator) -> Ints:
    """The record of each virtual response."""
    rounds = -(-DRAWS // count)
    orders: Ints = generator.permuted(np.tile(np.arange(count), (rounds, 1)), axis=1)
    return orders.ravel()[:DRAWS]


def _variance(deviations: Floats, rows: Ints, side: Side) -> float:
    """What one dimension's records contribute to the variance of the mean."""
    times = np.bincount(rows, minlength=len(side.before))
    kept = times > 0
    means = np.bincount(rows, weights=deviations, minlength=len(side.before))[kept] / times[kept]
    clusters = None if side.clusters is None else side.clusters[kept]
    return error_of(means / len(means), clusters) ** 2
