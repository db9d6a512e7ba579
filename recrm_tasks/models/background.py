"""One event loop in a thread of its own, for what must outlive a call.

Trainers and harnesses call from short event loops, from several threads or from none. Connections and limits that
belong to the caller's loop would end with it.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


async def in_background(coroutine: Coroutine[Any, Any, T]) -> T:
    """Awaits a coroutine that runs in the background loop. If the caller is cancelled, so is the coroutine."""
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, _running()))


def wait_in_background(coroutine: Coroutine[Any, Any, T]) -> T:
    """The same for callers without a loop, or that may block theirs."""
    return asyncio.run_coroutine_threadsafe(coroutine, _running()).result()


def run_anywhere(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end, also where a loop is running already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    # Called from a coroutine, as some trainers do: its loop cannot be entered twice.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def start_in_background(coroutine: Coroutine[Any, Any, None]) -> None:
    """Starts a coroutine in the background loop, without waiting for it."""
    asyncio.run_coroutine_threadsafe(coroutine, _running())


def _running() -> asyncio.AbstractEventLoop:
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="recrm-background", daemon=True).start()
        return _loop


def _forget() -> None:
    """A child process has no thread for the parent's loop."""
    global _lock, _loop
    _lock, _loop = threading.Lock(), None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
