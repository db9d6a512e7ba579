"""The judging of one request: a part of it at a time, as long as its client waits."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

from starlette.requests import Request

from recrm_tasks.rewards.service.in_hand import InHand
from recrm_tasks.rewards.service.refusal import Refusal
from recrm_tasks.rewards.work import Work

_TOGETHER = 64
"""Cases whose questions are made in one go; meanwhile nobody else is served."""
_TOGETHER_CHARACTERS = 2**20
"""Characters of the questions about them, but for one long case."""
_GROUPS = 16
"""Such groups of one request that are judged at a time, so that not all of its questions are made at once."""
_LONGEST_WAIT = 60
"""Seconds after which a refused client is asked to try again, at most."""
_GONE = 499
"""What is counted if the client goes away; nginx has the number too."""

S = TypeVar("S")
R = TypeVar("R")


async def judged(
    request: Request,
    hand: InHand,
    name: str,
    subjects: Sequence[S],
    judge: Callable[[Sequence[S]], Awaitable[list[R]]],
    works: Sequence[Work],
) -> list[R]:
    """What is to be answered about cases or episodes, while the client waits for it.

    Args:
        request: whose they are.
        hand: what the service has in hand.
        name: what the request calls them.
        subjects: cases or episodes.
        judge: gives the answers about some of them. These should not contain the questions, which may be long.
        works: of each.

    Raises:
        Refusal: there is no room for them, or the client went away.
    """
    began = time.monotonic()
    with hand.taken(works, name):
        found = await _while_connected(request, _in_groups(hand, list(_groups(subjects, works)), judge))
    hand.wait = min(_LONGEST_WAIT, math.ceil(time.monotonic() - began))
    return found


def _groups(subjects: Sequence[S], works: Sequence[Work]) -> Iterator[tuple[list[S], int]]:
    """Neighbours whose questions are made in one go, and the characters of these."""
    group: list[S] = []
    cases = characters = 0
    for subject, work in zip(subjects, works, strict=True):
        if group and (cases + work.cases > _TOGETHER or characters + work.characters > _TOGETHER_CHARACTERS):
            yield group, characters
            group, cases, characters = [], 0, 0
        group.append(subject)
        cases += work.cases
        characters += work.characters
    if group:
        yield group, characters


async def _in_groups(
    hand: InHand, groups: Sequence[tuple[list[S], int]], judge: Callable[[Sequence[S]], Awaitable[list[R]]]
) -> list[R]:
    limit = asyncio.Semaphore(_GROUPS)

    async def of(group: Sequence[S], characters: int) -> list[R]:
        async with limit, hand.asking.taken(characters):
            return await judge(group)

    return [one for answers in await asyncio.gather(*(of(*group) for group in groups)) for one in answers]


async def _while_connected(request: Request, judging: Coroutine[Any, Any, R]) -> R:
    """Stops asking the judge if the client goes away: nobody would get the rewards."""
    work = asyncio.ensure_future(judging)
    gone = asyncio.ensure_future(request.receive())  # the body was read: what comes next is the end
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            raise Refusal(_GONE, "the client went away")
        return work.result()
    finally:
        work.cancel()
        gone.cancel()
