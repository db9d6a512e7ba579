"""Which split a record is of: by time, by user, or as a column says."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import tzinfo
from itertools import accumulate

from recrm_tasks.build.recipe import SplitSpec
from recrm_tasks.build.times import instant
from recrm_tasks.errors import DataError


def by_time(spec: SplitSpec, times: Sequence[int], zone: tzinfo, where: str) -> Callable[[int], str]:
    """Later splits begin at a moment: all of a split is strictly later than all of the split before it.

    Args:
        spec: shares (in the order of time), or the moments at which splits begin.
        times: of all rows, in microseconds.
        zone: of moments without one.
        where: the key in the recipe, for messages.

    Raises:
        DataError: a moment is none, or a split would have no row.
    """
    if spec.shares:
        ordered, names = sorted(times), list(spec.shares)
        ends = list(accumulate(spec.shares.values()))[:-1]
        cuts = [ordered[min(round(end * len(ordered)), len(ordered) - 1)] for end in ends]
    else:
        starts = sorted((instant(t, zone, f"{where}.from.{name}"), name) for name, t in (spec.start or {}).items())
        cuts, names = [t for t, _ in starts], ["train", *(name for _, name in starts)]
    filled = {bisect_right(cuts, t) for t in times}
    if empty := [name for i, name in enumerate(names) if i not in filled]:
        raise DataError(f"{where}: no row would be of split {', '.join(empty)}: too few different times")
    return lambda time: names[bisect_right(cuts, time)]


def by_user(spec: SplitSpec) -> Callable[[str], str]:
    """All records of a user are of one split, which the user's id and the seed decide."""
    names = list(spec.shares or {})
    ends = list(accumulate((spec.shares or {}).values()))[:-1]

    def split(user: str) -> str:
        digest = hashlib.sha256(f"{spec.seed}\n{user}".encode()).digest()
        return names[bisect_right(ends, int.from_bytes(digest[:7], "big") / 2**56)]

    return split
