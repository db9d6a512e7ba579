"""The order of records: a seeded shuffle in which every prefix is balanced.

Harnesses take the first N rows for `--limit N`. In this order the first N are a stratified sample, and the first N
are part of the first N + 1.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")


def stratified_order(
    items: Sequence[T], name: Callable[[T], str], stratum: Callable[[T], Hashable], seed: int = 0
) -> list[T]:
    """Shuffles within strata and interleaves the strata in proportion to their sizes.

    Item i of a stratum of m stands at the fraction (i + u) / m of the whole, u being one number in (0, 1) per stratum,
    so that strata of equal size do not always come in the same turn.

    Args:
        items: anything; their own order does not matter.
        name: a unique, stable id; the shuffle is by its hash.
        stratum: what prefixes are balanced by.
        seed: another seed gives another order.
    """
    groups: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        groups[stratum(item)].append(item)
    placed: list[tuple[float, str, T]] = []
    for key, group in groups.items():
        offset = _fraction(f"{seed}\nstratum\n{key!r}")
        group.sort(key=lambda item: (_fraction(f"{seed}\n{name(item)}"), name(item)))
        placed += [((i + offset) / len(group), name(item), item) for i, item in enumerate(group)]
    placed.sort(key=lambda entry: entry[:2])
    return [item for _, _, item in placed]


def _fraction(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56
