"""What threads share, made usable in a child process.

A fork copies one thread only. Locks that others hold stay locked in the child, and what others do never ends there.
"""

from __future__ import annotations

import os
import weakref
from abc import ABC, abstractmethod


class ForkSafe(ABC):
    """An object with locks, or with work in flight, that begins anew in a child process."""

    def _start(self) -> None:
        """Begins, in this process and in its children. To be called when an object is made or unpickled."""
        self._begin()
        _objects.add(self)

    @abstractmethod
    def _begin(self) -> None:
        """Sets what a process begins with: locks, and nothing in flight."""


_objects: weakref.WeakSet[ForkSafe] = weakref.WeakSet()


def _begin_all() -> None:
    for one in list(_objects):
        one._begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_all)
