"""A judge that is a function."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from recrm_tasks.answers.prompt import MODES, Mode, Prompt
from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards.background import in_background
from recrm_tasks.rewards.judge import Heard, Reply, Said
from recrm_tasks.rewards.together import ask_together


class FunctionJudge:
    """A plain function or a coroutine function as a judge.

    A plain function is asked one question after the other. A coroutine function is asked several at a time, in the
    event loop in which servers are asked too; that loop outlives a call, so clients that belong to a loop can be kept.

    Args:
        function: gives the answer to a prompt: a text, or in mode `logprob` a log-probability per choice.
        mode: which of the two.
        name: what results call it; by default the function's name.
        concurrency: the most questions that a coroutine function is asked at a time, over all callers in this process.

    Raises:
        RecrmError: an argument is not allowed.

    Example:
        >>> judge = FunctionJudge(lambda prompt: '{"answer": "A"}')
    """

    def __init__(
        self,
        function: Callable[[Prompt], Said | Awaitable[Said]],
        mode: Mode = "generate",
        name: str | None = None,
        concurrency: int = 64,
    ) -> None:
        if mode not in MODES:
            raise RecrmError(f"mode must be one of {', '.join(MODES)}, not {mode!r}")
        if not isinstance(concurrency, int) or concurrency < 1:
            raise RecrmError(f"concurrency must be a whole number from 1, not {concurrency!r}")
        self._function = function
        self.mode: Mode = mode
        self.name = name or getattr(function, "__name__", type(function).__name__)
        self._concurrency = concurrency
        self._limit: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_limit": None}

    async def ask(self, prompts: Sequence[Prompt], heard: Heard | None = None) -> list[Reply]:
        """See `Judge.ask`. An exception of the function is an error of its reply."""
        if _is_coroutine_function(self._function):
            return await in_background(self._ask_several(prompts, heard))
        return await ask_together(prompts, self._reply, 1, heard)

    async def _ask_several(self, prompts: Sequence[Prompt], heard: Heard | None) -> list[Reply]:
        loop = asyncio.get_running_loop()
        if self._limit is None or self._limit[0] is not loop:
            self._limit = loop, asyncio.Semaphore(self._concurrency)
        limit = self._limit[1]

        async def limited(prompt: Prompt) -> Reply:
            async with limit:
                return await self._reply(prompt)

        return await ask_together(prompts, limited, self._concurrency, heard)

    async def _reply(self, prompt: Prompt) -> Reply:
        try:
            said = self._function(prompt)
            return Reply(await said if inspect.isawaitable(said) else said)
        except Exception as error:  # a function may raise anything
            return Reply(None, error=f"{type(error).__name__}: {error}")


def _is_coroutine_function(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)
