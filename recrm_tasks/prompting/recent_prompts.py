"""What a prompt has in common with those before it: an engine with a prefix cache need not compute it again."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque

import numpy as np
import numpy.typing as npt

_TOKEN = np.dtype(">u4")
"""Bytes of which have the order of the numbers."""


class RecentPrompts:
    """A cache that holds the last prompts.

    Args:
        size: how many, at least 1.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._last: deque[bytes] = deque()
        self._ascending: list[bytes] = []

    def shared(self, tokens: npt.ArrayLike) -> int:
        """The length of the longest beginning that a prompt has in common with one of the last ones, in tokens.

        Args:
            tokens: the ids of the prompt's, shape (n,). It is then the last one.
        """
        prompt = np.asarray(tokens, dtype=_TOKEN).tobytes()
        place = bisect_left(self._ascending, prompt)
        # In ascending order no prompt has a longer beginning in common with it than its neighbours.
        found = max((_common(prompt, other) for other in self._ascending[max(0, place - 1) : place + 1]), default=0)
        self._ascending.insert(place, prompt)
        self._last.append(prompt)
        if len(self._last) > self._size:
            self._ascending.pop(bisect_left(self._ascending, self._last.popleft()))
        return found


def _common(one: bytes, other: bytes) -> int:
    count = min(len(one), len(other)) // _TOKEN.itemsize
    first, second = (np.frombuffer(prompt, dtype=_TOKEN, count=count) for prompt in (one, other))
    different = np.flatnonzero(first != second)
    return int(different[0]) if len(different) else count
