"""Room for so much at a time: who wants more than is left waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Room:
    """A semaphore of which several units are taken at once, first come, first served. For one event loop.

    Args:
        most: the number of units.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._left = most
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def taken(self, units: int) -> AsyncIterator[None]:
        """Some units, at most all, until the end of the block."""
        async with self._turn:
            while self._left < units:
                self._freed.clear()
                await self._freed.wait()
            self._left -= units
        try:
            yield
        finally:
            self._left += units
            self._freed.set()
