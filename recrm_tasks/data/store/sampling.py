"""The order of records: a seeded shuffle in which every prefix is balanced.

Harnesses take the first N rows for `--limit N`. In this order the first N are a stratified sample, and the first N
are part of the first N + 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

Digests = npt.NDArray[np.uint64]
"""Shape (n, 2): the first 16 bytes of SHA-256, as two big-endian numbers."""

LITE = 1_000
"""Records per dimension of the fixed small choice, `limit=lite`."""


def digests(texts: Iterable[bytes]) -> Digests:
    """The digest of every text."""
    joined = b"".join(hashlib.sha256(text).digest()[:16] for text in texts)
    return np.frombuffer(joined, dtype=">u8").astype(np.uint64).reshape(-1, 2)


def id_digests(ids: Iterable[str], seed: int) -> Digests:
    """What the order is made of: a digest of the seed and the id."""
    prefix = f"{seed}\n".encode()
    return digests(prefix + name.encode() for name in ids)


def stratified_order(
    names: Digests, strata: npt.NDArray[np.int64], keys: Sequence[tuple[str, ...]], seed: int = 0
) -> npt.NDArray[np.int64]:
    """Shuffles within strata and interleaves the strata in proportion to their sizes.

    Item i of a stratum of m stands at the fraction (i + u) / m of the whole, u being one number in (0, 1) per stratum,
    so that strata of equal size do not always come in the same turn.

    Args:
        names: per item, the digest of its id; the items' own order does not matter.
        strata: per item, the number of its stratum.
        keys: the name of each stratum.
        seed: another seed gives another order.

    Returns:
        The items' indices in order.
    """
    within = np.lexsort((names[:, 1], names[:, 0], strata))
    sizes = np.bincount(strata, minlength=len(keys))
    starts = np.cumsum(sizes) - sizes
    of = strata[within]
    offsets = np.array([fraction(f"{seed}\nstratum\n{key!r}") for key in keys])
    places = (np.arange(len(within)) - starts[of] + offsets[of]) / sizes[of]
    return within[np.lexsort((names[within, 1], names[within, 0], places))]


def fraction(text: str) -> float:
    """A number in [0, 1) that a text stands for, the same everywhere."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56
