"""A judge that is asked equal questions once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeAlias

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards.judges.judge import Heard, Judge, Reply, replies_of
from recrm_tasks.rewards.judges.outer_judge import OuterJudge
from recrm_tasks.rewards.judges.reply_store import ReplyStore

_Awaited: TypeAlias = "Future[Reply | None]"
"""A reply that a caller is finding out; None if that caller was cancelled."""


class CachedJudge(OuterJudge):
    """Keeps the replies of a judge by content: its name and mode, and the turns and allowed answers of a question.

    Equal questions that are asked at the same time, in one batch or by several callers, are asked once. A reply is kept
    as soon as it is there. Errors are not kept, nor log-probabilities that no model gives. A reply from the cache has
    the tokens that it cost when it was asked.

    Args:
        judge: who is asked. One whose answers vary (temperature above 0) gives one of them only, again and again.
        most: the most replies in memory; those that were not used for the longest time go first.
        path: a file that keeps replies on disk too, for later runs and for other processes of this machine. Not on a
            network's file system.
        most_on_disk: the most replies in that file; the oldest go first.

    Raises:
        RecrmError: the file cannot be used, a limit is not a number from 1, or the judge has no name that later runs
            could know it by (see `FunctionJudge`) and `path` is given.

    Example:
        >>> from recrm_tasks.rewards import CachedJudge, FunctionJudge
        >>> judge = CachedJudge(FunctionJudge(lambda prompt: '{"answer": "A"}'))
    """

    def __init__(
        self, judge: Judge, most: int = 100_000, path: str | Path | None = None, most_on_disk: int = 1_000_000
    ) -> None:
        for option, value in (("most", most), ("most_on_disk", most_on_disk)):
            if not isinstance(value, int) or value < 1:
                raise RecrmError(f"{option} must be a whole number from 1, not {value!r}")
        if path is not None and judge.name.startswith("<"):
            raise RecrmError(
                f"{path}: replies of {judge.name} cannot be kept on disk, since another function may have this name: "
                "give it one of its own, FunctionJudge(…, name=…)"
            )
        super().__init__(judge)
        self._kept: OrderedDict[str, Reply] = OrderedDict()
        self._most = most
        self._store = None if path is None else ReplyStore(Path(path), most_on_disk)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._in_flight: dict[str, _Awaited] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_kept": OrderedDict(), "_most": self._most, "_store": self._store}

    async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
        """See `Judge.ask`."""
        places: dict[str, list[int]] = {}
        for place, prompt in enumerate(prompts):
            places.setdefault(self._key(prompt), []).append(place)
        replies: list[Reply] = [Reply(None)] * len(prompts)

        def settle(key: str, reply: Reply) -> None:
            for place in places[key]:
                replies[place] = reply
                if heard is not None:
                    heard(place, reply)

        left = list(places)
        while left:
            known, own, others = self._claimed(left)
            for key, reply in known.items():
                settle(key, reply)
            try:
                await self._ask(own, [prompts[places[key][0]] for key in own], settle)
            finally:
                self._give_back(own)
            left = []
            for key, future in others.items():
                given = await asyncio.wrap_future(future)
                if given is None:  # who asked it was cancelled
                    left.append(key)
                else:
                    settle(key, given)
        return replies

    def _key(self, prompt: Prompt) -> str:
        turns = [[turn.role, turn.content] for turn in prompt.messages]
        content = json.dumps([self.name, self.mode, turns, prompt.choices])
        return hashlib.sha256(content.encode("ascii")).hexdigest()

    def _claimed(self, keys: Sequence[str]) -> tuple[dict[str, Reply], dict[str, _Awaited], dict[str, _Awaited]]:
        """What is in memory, what the caller has to find out, and what others are finding out."""
        known, own, others = {}, {}, {}
        with self._lock:
            for key in keys:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    known[key] = self._kept[key]
                elif key in self._in_flight:
                    others[key] = self._in_flight[key]
                else:
                    own[key] = self._in_flight[key] = Future()
                    # One who waits for it and is cancelled must not cancel it for the others.
                    own[key].set_running_or_notify_cancel()
        return known, own, others

    async def _ask(self, own: dict[str, _Awaited], prompts: list[Prompt], settle: Callable[[str, Reply], None]) -> None:
        prompt_of = dict(zip(own, prompts, strict=True))

        def resolve(key: str, reply: Reply, new: bool) -> None:
            if own[key].done():
                return
            keeps = _is_answer(reply, prompt_of[key])
            if new and keeps and self._store is not None:
                self._store.put(key, reply)
            with self._lock:
                if own[key].done():  # the caller was cancelled meanwhile
                    return
                if keeps:
                    self._kept[key] = reply
                    if len(self._kept) > self._most:
                        self._kept.popitem(last=False)
                own[key].set_result(reply)
            settle(key, reply)

        asked: dict[str, Prompt] = {}
        for key, prompt in prompt_of.items():
            stored = self._store.get(key) if self._store is not None else None
            if stored is None:
                asked[key] = prompt
            else:
                resolve(key, stored, new=False)
        if asked:
            keys = list(asked)
            replies = await replies_of(
                self._judge, list(asked.values()), lambda place, reply: resolve(keys[place], reply, new=True)
            )
            for key, reply in zip(keys, replies, strict=True):
                resolve(key, reply, new=True)

    def _give_back(self, own: dict[str, _Awaited]) -> None:
        with self._lock:
            for key, future in own.items():
                del self._in_flight[key]
                if not future.done():
                    future.set_result(None)


def _is_answer(reply: Reply, prompt: Prompt) -> bool:
    """Whether asking again would not help: an unreadable text is an answer too."""
    if isinstance(reply.said, tuple):
        return len(reply.said) == len(prompt.choices) and all(one < math.inf for one in reply.said)  # NaN is not
    return reply.said is not None
