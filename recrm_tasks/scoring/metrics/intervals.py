"""95 % intervals from the numbers in a result: the value, its standard error and the number of clusters."""

from __future__ import annotations

import math

from recrm_tasks.scoring.metrics.estimate import NAN

Z = 1.959963984540054
"""The normal quantile of 95 %, two-sided."""


def wilson(share: float, n: float, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927): (low, high); (NaN, NaN) for n = 0.

    Args:
        share: successes / n, in [0, 1].
        n: number of trials; an effective number may be fractional.
        z: normal quantile of the confidence level.
    """
    if not n > 0 or math.isnan(share):
        return NAN, NAN
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    centre = share + z * z / (2 * n)
    scale = 1 + z * z / n
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def of_share(value: float, stderr: float, clusters: float) -> tuple[float, float]:
    """Wilson's interval of any mean in [0, 1], with the effective number of trials.

    The effective n is the one at which a proportion with this value has this standard error. For independent rows of 0
    and 1 it is n itself, and this is the plain Wilson interval. Clusters lower it (Korn and Graubard 1998 use such an n
    in Clopper-Pearson's interval; here it is Wilson's). If the error is 0 (all rows equal), each cluster is a trial.

    Args:
        value: in [0, 1]; further outside than by rounding, as a generalised resolution may be, it has no interval.
        stderr: cluster-robust, with the factor G / (G - 1).
        clusters: the number of clusters G.
    """
    if math.isnan(value) or math.isnan(stderr) or clusters < 2 or abs(value - 0.5) > 0.5 + 1e-12:
        return NAN, NAN
    variance = value * (1 - value)
    if stderr == 0 or variance <= 0:
        return wilson(value, clusters)
    ratio = math.sqrt(variance) / stderr
    # Bounded, so that a subnormal value or error does not end in a division by 0.
    return wilson(value, min(1e18, max(1e-9, ratio * ratio * clusters / (clusters - 1))))


def of_area(value: float, stderr: float, rarer: float) -> tuple[float, float]:
    """The interval of an AUC on the logit scale, so that it stays in [0, 1] (Pepe 2003, section 5.2).

    At 0 or 1, where DeLong's error is 0, it is Wilson's interval with the clusters of the rarer class as trials.

    Args:
        value: the area.
        stderr: DeLong's.
        rarer: number of clusters of the rarer class.
    """
    if math.isnan(value) or math.isnan(stderr):
        return NAN, NAN
    if stderr == 0 or not 0 < value < 1:
        return wilson(value, rarer)
    centre = math.log(value / (1 - value))
    reach = Z * stderr / (value * (1 - value))
    return 1 / (1 + math.exp(min(700.0, reach - centre))), 1 / (1 + math.exp(max(-700.0, -reach - centre)))


def around(value: float, stderr: float, low: float = -1.0, high: float = 1.0) -> tuple[float, float]:
    """value ± 1.96 errors, clipped to the metric's range; NaN if the value or its error is NaN.

    Args:
        value: from `low` to `high`.
        stderr: its standard error.
        low: the metric's minimum.
        high: its maximum.
    """
    if math.isnan(value) or math.isnan(stderr):
        return NAN, NAN
    return max(low, value - Z * stderr), min(high, value + Z * stderr)
