"""Questions of several callers at a time -> one batch for a model in this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import NamedTuple

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.models.background import start_in_background
from recrm_tasks.rewards.judges.judge import Heard, Reply, replies_of
from recrm_tasks.rewards.judges.outer_judge import OuterJudge


class _Waiting(NamedTuple):
    prompt: Prompt
    reply: Future[Reply]


class GatheringJudge(OuterJudge):
    """Asks a judge all that was asked meanwhile in one batch.

    A model in this process answers one batch at a time. Callers that ask one question each, as some trainers do from
    threads, would have batches of one. Here their questions wait until the model is free, and then go together. A
    caller gets a reply as soon as it is there.

    Args:
        judge: who is asked.

    Example:
        >>> from recrm_tasks.rewards import FunctionJudge, GatheringJudge
        >>> judge = GatheringJudge(FunctionJudge(lambda prompt: '{"answer": "A"}'))
    """

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._busy = False

    async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
        """See `Judge.ask`. If the caller is cancelled, those of its questions that still wait are not asked."""
        mine = [_Waiting(prompt, Future()) for prompt in prompts]
        if heard is not None:
            for place, one in enumerate(mine):
                one.reply.add_done_callback(partial(_tell, heard, place))
        with self._lock:
            self._waiting += mine
            begins, self._busy = not self._busy, True
        if begins:
            start_in_background(self._work())
        try:
            return [await asyncio.wrap_future(one.reply) for one in mine]
        except asyncio.CancelledError:
            for one in mine:
                one.reply.cancel()
            raise

    async def _work(self) -> None:
        while True:
            with self._lock:
                waiting, self._waiting = self._waiting, []
                if not waiting:
                    self._busy = False
                    return
            # False: the caller was cancelled.
            batch = [one for one in waiting if one.reply.set_running_or_notify_cancel()]
            if batch:
                await self._ask(batch)

    async def _ask(self, batch: Sequence[_Waiting]) -> None:
        def settle(place: int, reply: Reply) -> None:
            if not batch[place].reply.done():
                batch[place].reply.set_result(reply)

        try:
            replies = await replies_of(self._judge, [one.prompt for one in batch], settle)
        except Exception as error:  # every caller gets its replies, whatever happens to the judge
            replies = [Reply(None, error=f"{type(error).__name__}: {error}")] * len(batch)
        for place, reply in enumerate(replies):
            settle(place, reply)


def _tell(heard: Heard, place: int, reply: Future[Reply]) -> None:
    if not reply.cancelled():
        heard(place, reply.result())
