"""What a server says of its prompts: how they end, and which tokens the allowed answers are. Asked once for all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Hashable, Mapping
from typing import Any, TypeVar

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.server_client import RequestFailed, ServerClient
from recrm_tasks.models.server_tokens import ENGINES, ServerTokens
from recrm_tasks.prompting.answer_tokens import END, AnswerToken
from recrm_tasks.prompting.prompt_end import within_thinking

_log = logging.getLogger(__name__)
T = TypeVar("T")


class ServerPrompts:
    """Of vLLM's and SGLang's servers; others do not say it.

    Args:
        client: the connections to the server.
        url: the server's API.
        model: the model's name on the server.
        generates: whether the answers are texts, whose tokens nobody needs.
    """

    def __init__(self, client: ServerClient, url: str, model: str, generates: bool) -> None:
        self._server = ServerTokens(url, model, client.fetch, quiet=generates)
        self._shared: dict[Hashable, asyncio.Task[Any]] = {}
        self._silent = False

    async def opened(self, prompt: Prompt, body: Mapping[str, Any]) -> str | None:
        """What the end of the prompt leaves open; None also if the server does not say. Asked when a question has been
        answered, so a server that fails here is not down: it costs a warning, and no more tries.

        Args:
            prompt: the question.
            body: the request.
        """
        if self._silent:
            return None
        try:
            key = "opened", prompt.messages[-1].content[-END:]
            return await self._once(key, lambda: self._find_opened(prompt, body))
        except RequestFailed as error:
            if not self._silent:
                self._silent = True
                _log.warning("%s; so it is not known whether the judge's prompts end within thinking", error)
            return None

    async def tokens(self, prompt: Prompt, body: Mapping[str, Any]) -> tuple[str, list[AnswerToken] | None]:
        """The engine, and the tokens of the allowed answers; None if it cannot be asked for them.

        Args:
            prompt: the question.
            body: the request.

        Raises:
            RequestFailed: the server does not answer, after all tries.
            RecrmError: the prompt ends within thinking.
        """
        key = prompt.messages[-1].content[-END:], prompt.choices
        return await self._once(key, lambda: self._find_tokens(prompt, body))

    async def _find_tokens(self, prompt: Prompt, body: Mapping[str, Any]) -> tuple[str, list[AnswerToken] | None]:
        engine = await self._engine()
        opened = await self._find_opened(prompt, body)
        if opened is not None:
            raise RecrmError(
                f"{within_thinking(opened)}. Switch thinking off, if the chat template can: extra_body="
                '{"chat_template_kwargs": {"enable_thinking": False}} (--extra-body); or use mode="generate"'
            )
        return engine, await self._server.of(prompt.choices, prompt.messages, body) if engine in ENGINES else None

    async def _find_opened(self, prompt: Prompt, body: Mapping[str, Any]) -> str | None:
        return await self._server.opened(prompt.messages, body) if await self._engine() in ENGINES else None

    async def _engine(self) -> str:
        return await self._once("engine", self._server.engine)

    async def _once(self, key: Hashable, find: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What is found out once for all questions. If that fails, it fails for those that wait for it."""
        task: asyncio.Task[T] | None = self._shared.get(key)
        if task is None:
            task = self._shared[key] = asyncio.create_task(find())
        try:
            return await asyncio.shield(task)  # a question that is cancelled does not cancel the others'
        except Exception:
            if self._shared.get(key) is task:
                del self._shared[key]
            raise
