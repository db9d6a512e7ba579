"""Finds the smallest part of an input that still fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Content = TypeVar("Content", str, bytes)


def smallest(content: Content, fails: Callable[[Content], bool], seconds: float = 10.0) -> Content:
    """What is left of an input when nothing more can be cut out of it: delta debugging, in halves, quarters and so on.

    Args:
        content: an input that fails.
        fails: whether a part of it still fails in the same way.
        seconds: after this time, what has been reached is returned.
    """
    until = time.monotonic() + seconds
    size = len(content) // 2
    while size:
        start = 0
        while start < len(content) and time.monotonic() < until:
            shorter = content[:start] + content[start + size :]
            if fails(shorter):
                content = shorter
            else:
                start += size
        size = min(size, len(content)) // 2
    return content
