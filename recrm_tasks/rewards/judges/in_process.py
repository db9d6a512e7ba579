"""What a judge in this process loads: once, for one pass at a time, and again in a copy that was pickled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from recrm_tasks.rewards.judges.fork_safe import ForkSafe

T = TypeVar("T")


class InProcess(ForkSafe, Generic[T]):
    """A model with all that belongs to it, for one caller at a time.

    It pickles without the model; a copy loads it when it is used for the first time.

    Args:
        load: loads the model. It must pickle.
    """

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._loaded: T | None = None
        self._start()

    def _begin(self) -> None:
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"_load": self._load, "_loaded": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    @contextmanager
    def used(self) -> Iterator[T]:
        """The model, and nobody else uses it meanwhile."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            yield self._loaded
