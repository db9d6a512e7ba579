"""A judge that is a function."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from recrm_tasks.answers.prompt import MODES, Mode, Prompt
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.background import in_background
from recrm_tasks.rewards.judges.judge import Heard, Reply, Said
from recrm_tasks.rewards.judges.together import ask_together


class FunctionJudge:
    """A plain function or a coroutine function as a judge.

    A plain function is asked one question after the other, in a thread of each caller. A coroutine function is asked
    several at a time, in the event loop in which servers are asked too; that loop outlives a call, so clients that
    belong to a loop can be kept.

    Args:
        function: gives the answer to a prompt: a text, or in mode `logprob` a log-probability per choice.
        mode: which of the two.
        name: what results and caches call it; by default the function's module and name. Others may have the names of
            lambdas, local functions, methods, callable objects and functions of the program itself: these are in
            angle brackets by default, and a cache on disk wants a name for them.
        concurrency: the most questions that a coroutine function is asked at a time, over all callers in this process.

    Raises:
        RecrmError: an argument is not allowed.

    Example:
        >>> judge = FunctionJudge(lambda prompt: '{"answer": "A"}')
    """

    def __init__(
        self,
        function: Callable[[Prompt], Said] | Callable[[Prompt], Awaitable[Said]],
        mode: Mode = "generate",
        name: str | None = None,
        concurrency: int = 64,
    ) -> None:
        if mode not in MODES:
            raise RecrmError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        if not isinstance(concurrency, int) or concurrency < 1:
            raise RecrmError(f"concurrency must be a whole number from 1, not {concurrency!r}")
        self._function: Callable[[Prompt], Any] = function
        self.mode: Mode = mode
        self.name = name or _name(function)
        self._concurrency = concurrency
        self._limit: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_limit": None}

    async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
        """See `Judge.ask`. An exception of the function is an error of its reply."""
        if _is_coroutine_function(self._function):
            return await in_background(self._ask_several(prompts, heard))
        # Not in the caller's loop, which may have others to serve.
        stop = threading.Event()
        try:
            return await asyncio.to_thread(self._ask_in_turn, prompts, heard, stop)
        finally:
            stop.set()

    def _ask_in_turn(self, prompts: Sequence[Prompt], heard: Heard | None, stop: threading.Event) -> list[Reply]:
        replies: list[Reply] = []
        for place, prompt in enumerate(prompts):
            if stop.is_set():
                break
            replies.append(_reply(self._function, prompt))
            if heard is not None:
                heard(place, replies[place])
        return replies

    async def _ask_several(self, prompts: Sequence[Prompt], heard: Heard | None) -> list[Reply]:
        loop = asyncio.get_running_loop()
        if self._limit is None or self._limit[0] is not loop:
            self._limit = loop, asyncio.Semaphore(self._concurrency)
        limit = self._limit[1]

        async def limited(prompt: Prompt) -> Reply:
            async with limit:
                try:
                    return _checked(await self._function(prompt))
                except Exception as error:  # a function may raise anything
                    return Reply(None, error=f"{type(error).__name__}: {error}")

        return await ask_together(prompts, limited, self._concurrency, heard)


def _name(function: Callable[..., Any]) -> str:
    """`module.name` of a function that every process finds under it; otherwise in angle brackets."""
    found = function if inspect.isroutine(function) else type(function)
    name = f"{found.__module__}.{found.__qualname__}"
    shared = found is function and not inspect.ismethod(function) and found.__module__ != "__main__"
    return name if shared and "<" not in name else f"<{name}>"


def _reply(function: Callable[[Prompt], Any], prompt: Prompt) -> Reply:
    try:
        return _checked(function(prompt))
    except Exception as error:  # a function may raise anything
        return Reply(None, error=f"{type(error).__name__}: {error}")


def _checked(said: Any) -> Reply:
    if isinstance(said, str):
        return Reply(said)
    if isinstance(said, list | tuple) and all(isinstance(one, int | float) for one in said):
        return Reply(tuple(map(float, said)))
    if inspect.iscoroutine(said):
        said.close()
    return Reply(None, error=f"the function must return a text or log-probabilities, not {type(said).__name__}")


def _is_coroutine_function(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
