"""Questions about the probabilities of answers: of all allowed answers in one request, where the server can."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.models.server_client import RequestFailed, ServerClient
from recrm_tasks.models.server_tokens import TOP, asking_for
from recrm_tasks.rewards.judges.server_prompts import ServerPrompts

_log = logging.getLogger(__name__)

_REFUSALS = (400, 422)
"""Statuses of a request with a field that the server does not allow; also of a prompt that is too long."""


class AnswerProbabilities:
    """Asks one server, and finds out whether it can report the probability of given tokens.

    If it can, the first question goes alone: a server that refuses the fields for it, for example a gateway, refuses
    them once. It is then asked for its most likely tokens, like servers that cannot.

    Args:
        client: the connections to the server.
        prompts: what the server says of its prompts.
    """

    def __init__(self, client: ServerClient, prompts: ServerPrompts) -> None:
        self._client = client
        self._prompts = prompts
        self._first: asyncio.Event | None = None
        """Set when the first question has been answered, or has failed."""
        self._takes: bool | None = None
        """Whether the server takes the fields; None while that is not known."""

    async def complete(self, body: Mapping[str, Any], prompt: Prompt) -> tuple[bytes, list[str] | None]:
        """The body of the response, and how the server writes the token of each allowed answer.

        Args:
            body: the request, without fields for log-probabilities.
            prompt: the question.

        Returns:
            None for the tokens if the server reports its most likely ones only.

        Raises:
            RequestFailed: there is no response, after all tries.
            RecrmError: the prompt ends within thinking.
        """
        likely = {**body, "max_tokens": 1, "logprobs": True, "top_logprobs": TOP}
        engine, tokens = ("", None) if self._takes is False else await self._prompts.tokens(prompt, body)
        if tokens is None:
            return await self._client.complete(likely), None
        given = {**likely, **asking_for(engine, [token.id for token in tokens])}
        first, self._first = self._first, self._first or asyncio.Event()
        if first is not None:
            await first.wait()
        try:
            return await self._complete(given, likely, [token.text for token in tokens])
        finally:
            self._first.set()

    async def _complete(
        self, given: Mapping[str, Any], likely: Mapping[str, Any], names: list[str]
    ) -> tuple[bytes, list[str] | None]:
        if self._takes is False:
            return await self._client.complete(likely), None
        try:
            response = await self._client.complete(given)
        except RequestFailed as error:
            if self._takes or error.status not in _REFUSALS:
                raise
            refusal = str(error)
        else:
            self._takes = True
            return response, names
        response = await self._client.complete(likely)  # raises if it is the question that is refused
        if self._takes is None:
            self._takes = False
            _log.warning(
                "%s; so the server is asked for its most likely tokens, and allowed answers that are not among them "
                "count as unseen",
                refusal,
            )
        return response, None
