"""The verdicts about several items -> one number, by the places at which the agent recommends them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def discounted(values: Sequence[float]) -> float | None:
    """The mean of values by place, best place first.

    sum(w[p] * v[p]) / sum(w[p]) over the places p from 1, with w[p] = 1 / log2(p + 1) as in nDCG. So values that are
    all 1 give 1, and values that are all 0 give 0.

    Args:
        values: NaN is left out, with its weight.

    Returns:
        The mean; None if no value is left.
    """
    known = [(1 / math.log2(place + 1), value) for place, value in enumerate(values, 1) if not math.isnan(value)]
    if not known:
        return None
    return math.fsum(weight * value for weight, value in known) / math.fsum(weight for weight, _ in known)


def ordered(ranks: Sequence[float], chosen: int) -> float | None:
    """How well the candidates that an agent chose are placed in a judge's order.

    (m - worst) / (best - worst), where m is the discounted mean of the chosen candidates' ranks, and `best` and `worst`
    are what it can be. So 1 means that the judge's order begins with the chosen ones, as the agent ordered them, and 0
    that it ends with them, in reverse. Without this, no order of several chosen candidates would reach 0 or 1, since
    two candidates do not have one rank.

    Args:
        ranks: the normalised rank of each candidate, from 0 (last) to 1 (first); first those of the chosen ones, as the
            agent ordered them. NaN is unknown. At least two.
        chosen: how many there are, at least 1.

    Returns:
        From 0 to 1; None if ranks are unknown.
    """
    mean = discounted(ranks[:chosen])
    if mean is None or any(map(math.isnan, ranks)):
        return None
    possible = [place / (len(ranks) - 1) for place in range(len(ranks))]
    worst, best = discounted(possible[:chosen]), discounted(possible[::-1][:chosen])
    assert worst is not None
    assert best is not None
    # The difference of two sums may be off by a rounding error.
    return min(1.0, max(0.0, (mean - worst) / (best - worst)))
