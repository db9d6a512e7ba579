"""The tokens of the allowed answers, asked of a server through Inspect's provider."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

import anyio
from inspect_ai.model import ChatMessage

from inspect_tasks.samples import to_message
from recrm_tasks.models.server_tokens import NotOffered, ServerTokens
from recrm_tasks.prompting.answer_tokens import AnswerToken


class ProviderTokens:
    """`ServerTokens` of the server behind a provider, an `OpenAICompatibleAPI`. Samples ask it one after the other.

    Args:
        quiet: see `ServerTokens`.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._one_at_a_time = anyio.Lock()
        self._server: ServerTokens | None = None

    async def engine(self, provider: str, api: Any) -> str:
        """See `ServerTokens.engine`; Inspect's `vllm/` and `sglang/` are what they are called."""
        if provider != "openai-api":
            return provider
        async with self._one_at_a_time:
            return await self._tokens(api).engine()

    async def of(
        self, choices: Sequence[str], messages: Sequence[ChatMessage], api: Any, extra: Mapping[str, Any]
    ) -> list[AnswerToken] | None:
        """See `ServerTokens.of`."""
        async with self._one_at_a_time:
            await _start(api)
            return await self._tokens(api).of(choices, [*map(to_message, messages)], extra)

    async def opened(self, messages: Sequence[ChatMessage], api: Any, extra: Mapping[str, Any]) -> str | None:
        """See `ServerTokens.opened`."""
        async with self._one_at_a_time:
            await _start(api)
            return await self._tokens(api).opened([*map(to_message, messages)], extra)

    async def look_at(self, messages: Sequence[ChatMessage], api: Any, extra: Mapping[str, Any]) -> None:
        """Warns of a missing start token; see `ServerTokens.prompt_end`."""
        async with self._one_at_a_time:
            await _start(api)
            await self._tokens(api).prompt_end([*map(to_message, messages)], extra)

    def _tokens(self, api: Any) -> ServerTokens:
        async def fetch(url: str, body: Mapping[str, Any] | None) -> Any:
            if body is None:
                return await _offered(api.client.get(url, cast_to=object))
            return await _offered(api.client.post(url, cast_to=object, body=body))

        if self._server is None:
            self._server = ServerTokens(str(api.base_url), api.service_model_name(), fetch, self._quiet)
        return self._server


async def _start(api: Any) -> None:
    """Inspect's `vllm/` finds or starts its server with the first request only."""
    if not hasattr(api, "client"):
        with contextlib.suppress(NotOffered):
            await _offered(api.tokenize(" "))


async def _offered(reply: Awaitable[Any]) -> Any:
    """The reply to a request.

    Raises:
        NotOffered: the server refuses it.
    """
    try:
        return await reply
    except Exception as error:  # openai's own, which need not be installed
        response = getattr(error, "response", None)  # httpx's, which the openai package wraps
        status = getattr(response, "status_code", None)
        if status is None or not 400 <= status < 500:
            raise
        raise NotOffered(status) from error
