"""A number and its standard error."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

NAN = math.nan


class Estimate(NamedTuple):
    """A metric's value and its standard error; NaN is "undefined", and a count has no error (None)."""

    value: float
    stderr: float | None = NAN


def cluster_sums(ids: Sequence[str], values: Iterable[float]) -> list[float]:
    """Sums per run of equal ids (the rows of one record, asked several times, hang together)."""
    sums: list[list[float]] = []
    last: str | None = None
    for record_id, value in zip(ids, values, strict=True):
        if record_id != last:
            sums.append([])
            last = record_id
        sums[-1].append(value)
    return [math.fsum(part) for part in sums]


def mean(ids: Sequence[str], values: Sequence[float]) -> Estimate:
    """The mean, with the cluster-robust standard error.

    With one row per record this is the usual s / sqrt(n), s with n - 1 in the denominator. Rows of the same record
    (repeated questions) form one cluster. Source: Cameron and Miller, "A Practitioner's Guide to Cluster-Robust
    Inference", 2015, for the mean as a regression on a constant.

    Args:
        ids: record ids, sorted.
        values: one number per row.
    """
    n = len(values)
    if n == 0:
        return Estimate(NAN, NAN)
    centre = math.fsum(values) / n
    residuals = cluster_sums(ids, (v - centre for v in values))
    groups = len(residuals)
    if groups < 2:
        return Estimate(centre, NAN)
    variance = groups / (groups - 1) * math.fsum(r * r for r in residuals) / (n * n)
    return Estimate(centre, math.sqrt(variance))


def wilson(share: float, n: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927): (low, high), 95 % by default; (NaN, NaN) for n = 0.

    Args:
        share: successes / n, in [0, 1].
        n: number of trials.
        z: normal quantile of the wanted confidence.
    """
    if n == 0 or math.isnan(share):
        return NAN, NAN
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    centre = share + z * z / (2 * n)
    scale = 1 + z * z / n
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
