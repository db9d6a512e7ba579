"""Randomisation tests of paired differences: how often would swapping the two runs give as large a difference?"""

from __future__ import annotations

import math

import numpy as np

from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Floats, cluster_sums

_EXACT = 12
"""Up to this number of clusters that differ, all sign flips are enumerated."""
_FLIPS = 9_999
_MANY = 10_000
"""Above this number, the sum of the flipped differences is practically normal."""
_PART = 1_000
_SEED = 0


def mcnemar(lost: int, won: int) -> float:
    """Exact McNemar test (McNemar 1947, with the binomial distribution): two-sided p.

    Args:
        lost: number of records that only the first run has correct.
        won: number of records that only the second run has correct.
    """
    n = lost + won
    k = np.arange(min(lost, won) + 1, dtype=np.float64)
    # Binomial coefficients as cumulative sums of logarithms: ln C(n, k) = Σ ln((n - i + 1) / i).
    logs = np.concatenate(([0.0], np.cumsum(np.log((n - k[1:] + 1) / k[1:]))))
    top = float(logs.max())
    tail = math.fsum(np.exp(logs - top).tolist())
    return min(1.0, 2 * math.exp(math.log(tail) + top - n * math.log(2)))


def sign_flip(differences: Floats, clusters: Clusters) -> tuple[float, str]:
    """Fisher's randomisation test of a mean difference (for retrieval: Smucker, Allan and Carterette 2007).

    Each cluster's difference keeps its size and takes either sign: all combinations for up to 12 clusters that differ,
    9,999 seeded ones for up to 10,000, and the normal limit above.

    Args:
        differences: shape (n,).
        clusters: shape (n,) or None.

    Returns:
        Two-sided p, NaN for a single cluster; and the name of the test.
    """
    sums = cluster_sums(differences, clusters)
    if clusters is not None and len(sums) < 2:
        return NAN, "sign flips, exact"
    sums = sums[sums != 0]
    seen = abs(math.fsum(sums.tolist()))
    if not len(sums):
        return 1.0, "sign flips, exact"
    if len(sums) > _MANY:
        return math.erfc(seen / math.sqrt(2 * math.fsum((sums * sums).tolist()))), "sign flips, normal limit"
    least = seen * (1 - 1e-12)  # tolerance for sums of the same numbers in another order
    if len(sums) <= _EXACT:
        signs = 1 - 2 * (np.arange(1 << len(sums))[:, None] >> np.arange(len(sums)) & 1)
        return float((np.abs(signs @ sums) >= least).mean()), "sign flips, exact"
    generator = np.random.default_rng(_SEED)
    reached = 1
    for begin in range(0, _FLIPS, _PART):
        signs = 1 - 2 * generator.integers(0, 2, size=(min(_PART, _FLIPS - begin), len(sums)), dtype=np.int8)
        reached += int((np.abs(signs @ sums) >= least).sum())
    return reached / (_FLIPS + 1), "sign flips"
