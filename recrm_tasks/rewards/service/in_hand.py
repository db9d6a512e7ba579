"""What a service has in hand, and the most that it takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, fields

from starlette.requests import ClientDisconnect, Request

from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards.service.refusal import Refusal
from recrm_tasks.rewards.service.room import Room
from recrm_tasks.rewards.work import Work

MIB = 2**20
_PASSED_OVER = 4
"""A body of less than this number times the limit is read to its end, so that its client gets the message. Clients that
are cut off while they send often report a broken connection."""


@dataclass(frozen=True)
class Limits:
    """The limits of a service.

    Raises:
        RecrmError: one of them is not a number above 0.
    """

    cases: int = 10_000
    """Cases in hand: taken and not answered."""
    questions: int = 200_000
    """Questions about them: an item is asked about by several dimensions."""
    characters: int = 64 * MIB
    """Characters of all questions that are asked at a time; others wait. Also of all about one case or episode."""
    body: int = 16 * MIB
    """Bytes of one request."""
    memory: int = 256 * MIB
    """Bytes of all requests in hand."""
    reading: float = 60.0
    """Seconds that a client may take to send a request."""

    def __post_init__(self) -> None:
        for one in fields(self):
            if not getattr(self, one.name) > 0:
                raise RecrmError(f"the limit {one.name} must be a number above 0, not {getattr(self, one.name)!r}")


class InHand:
    """Counts what was taken and not answered yet. For one event loop.

    Args:
        limits: what it must not exceed.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.cases = 0
        self.questions = 0
        self.bytes = 0
        self.asking = Room(limits.characters)
        """Characters of questions."""
        self.wait = 1
        """Seconds after which a client that is refused may try again."""

    @contextmanager
    def taken(self, works: Sequence[Work], name: str) -> Iterator[None]:
        """Room for the cases or episodes of a request.

        Args:
            works: of each.
            name: what the request calls them.

        Raises:
            Refusal: there is none, now (429) or ever (413).
        """
        for number, work in enumerate(works):
            if work.characters > self.limits.characters:
                raise Refusal(
                    413,
                    f"{name}.{number}: the {work.questions:,} questions about it would have {work.characters:,} "
                    f"characters, and the limit is {self.limits.characters:,}: give it fewer items or shorter texts",
                )
        cases, questions = sum(work.cases for work in works), sum(work.questions for work in works)
        for what, count, in_hand, most in (
            ("cases", cases, self.cases, self.limits.cases),
            ("questions", questions, self.questions, self.limits.questions),
        ):
            if count > most:
                raise Refusal(413, f"{count:,} {what} in one request: the limit is {most:,}, send them in several")
            if in_hand + count > most:
                raise self._full(f"{in_hand:,} {what} are in hand, and the limit is {most:,}")
        self.cases += cases
        self.questions += questions
        try:
            yield
        finally:
            self.cases -= cases
            self.questions -= questions

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """The body of a request, which counts until the request is answered.

        Raises:
            Refusal: it is too long (413; it is not read to its end), too much is in hand (429), or the client sends too
                slowly (408) or not all of it (400).
        """
        parts: list[bytes] = []
        try:
            try:
                await asyncio.wait_for(self._read(request, parts), self.limits.reading)
            except asyncio.TimeoutError:
                raise Refusal(408, f"the request was not complete after {self.limits.reading:g} s") from None
            except ClientDisconnect:
                raise Refusal(400, "the client went away before the request was complete") from None
            yield b"".join(parts)
        finally:
            self.bytes -= sum(map(len, parts))

    async def _read(self, request: Request, parts: list[bytes]) -> None:
        most = self.limits.body
        declared = request.headers.get("content-length", "")
        length = int(declared) if declared.isdecimal() else 0
        if length > _PASSED_OVER * most:
            raise self._too_long()
        length = 0
        async for part in request.stream():
            length += len(part)
            if length > _PASSED_OVER * most:
                break
            if length > most:
                continue
            if self.bytes + len(part) > self.limits.memory:
                raise self._full(f"requests of {self.bytes:,} bytes are in hand")
            self.bytes += len(part)
            parts.append(part)
        if length > most:
            raise self._too_long()

    def _too_long(self) -> Refusal:
        return Refusal(413, f"the request is longer than {self.limits.body:,} bytes: send fewer cases at a time")

    def _full(self, why: str) -> Refusal:
        return Refusal(429, f"{why}: try again in {self.wait} s", {"Retry-After": str(self.wait)})
