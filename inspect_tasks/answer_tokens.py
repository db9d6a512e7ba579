"""Which token stands for each allowed answer: the one that lm-eval scores.

lm-eval tokenizes the prompt together with the answer and scores what the answer adds. After a chat template the answer
follows at once (`A`); a prompt that is passed on as plain text gets a space before it (` A`).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import anyio
from inspect_ai.model import ChatMessage

_log = logging.getLogger(__name__)

SPACES = " \t\r\nĠ▁Ċ"
"""White space; SentencePiece and byte-level tokenizers write the space before a word in their own way."""

_END = 8
"""Characters at the end of a message by which it is recognised at the end of a prompt. Few, so that all records of a
dimension end alike, and a server is asked once for all of them."""
_TAIL = 64
"""Characters at the end of a prompt that decide how an answer after it is tokenized; far more than a token has."""
_TAIL_TOKENS = 16


class AnswerToken(NamedTuple):
    """The token of one allowed answer."""

    id: int
    text: str
    """As the provider reports it among its alternatives."""


def before_answer(rendered: str, message: str) -> str:
    """The end of a prompt, up to where the answer begins.

    Args:
        rendered: the prompt as the model gets it, or its end.
        message: its last message. If the prompt ends with it, no chat template followed.
    """
    end = message[-_END:]
    if rendered.endswith(end):
        return end if end[-1].isspace() else f"{end} "
    return rendered[-_TAIL:]


def token_of(choice: str, before: str, tokenizer: Any) -> AnswerToken | None:
    """The token of an allowed answer; None if the answer is not one token.

    Args:
        choice: the answer.
        before: the result of `before_answer`.
        tokenizer: one of transformers.
    """
    last = tokenizer.encode(before + choice, add_special_tokens=False)[-1]
    text = tokenizer.convert_ids_to_tokens(last)
    return AnswerToken(last, text) if text.strip(SPACES) == choice else None


class ServerTokens:
    """Learns the tokens from the server, which alone knows its tokenizer and its chat template.

    vLLM and SGLang both serve `/tokenize` and `/detokenize`. What was learned is kept: a run asks once for each ending
    of its questions and each allowed answer.
    """

    def __init__(self) -> None:
        self._one_at_a_time = anyio.Lock()
        self._engine: str | None = None
        self._before: dict[str, str] = {}
        self._known: dict[tuple[str, str], AnswerToken | None] = {}
        self._gave_up = False

    async def engine(self, provider: str, api: Any) -> str:
        """`vllm`, `sglang`, or something else that cannot be asked for the log-probabilities of given tokens."""
        if provider != "openai-api":
            return provider
        async with self._one_at_a_time:
            if self._engine is None:
                models = await self._answered(api.client.models.list, "/models")
                self._engine = str(models.data[0].owned_by) if models is not None and models.data else "other"
        return self._engine

    async def of(
        self, choices: Sequence[str], messages: Sequence[ChatMessage], api: Any, extra: Mapping[str, Any]
    ) -> list[AnswerToken] | None:
        """The tokens of the allowed answers to a question; None if one is not one token or the server does not say.

        Args:
            choices: the allowed answers.
            messages: the question.
            api: the provider, an `OpenAICompatibleAPI`.
            extra: the extra fields of the request, `chat_template_kwargs` among them.
        """
        async with self._one_at_a_time:
            if not hasattr(api, "client"):  # Inspect's vllm/ finds or starts its server with the first request
                await self._answered(lambda: api.tokenize(" "), "/tokenize")
            end = messages[-1].text[-_END:]
            if end not in self._before:
                template = {name: value for name, value in extra.items() if name == "chat_template_kwargs"}
                turns = [{"role": message.role, "content": message.text} for message in messages]
                ids = await self._post(api, "/tokenize", "tokens", {"messages": turns, **template})
                if ids is None:
                    return None
                rendered = await self._post(api, "/detokenize", "prompt", {"tokens": ids[-_TAIL_TOKENS:]})
                if rendered is None:
                    return None
                self._before[end] = before_answer(rendered, end)
            before = self._before[end]
            for choice in choices:
                if (before, choice) not in self._known:
                    self._known[before, choice] = await self._token(choice, before, api)
        found = [self._known[before, choice] for choice in choices]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    async def _token(self, choice: str, before: str, api: Any) -> AnswerToken | None:
        ids = await self._post(api, "/tokenize", "tokens", {"prompt": before + choice, "add_special_tokens": False})
        text = ids and await self._post(api, "/detokenize", "prompt", {"tokens": ids[-1:]})
        return AnswerToken(ids[-1], text) if text and text.strip(SPACES) == choice else None

    async def _post(self, api: Any, path: str, field: str, body: Mapping[str, Any]) -> Any:
        url = str(api.base_url).rstrip("/").removesuffix("/v1") + path
        asked = {"model": api.service_model_name(), **body}
        reply = await self._answered(lambda: api.client.post(url, cast_to=object, body=asked), path)
        return reply.get(field) if isinstance(reply, dict) else None

    async def _answered(self, request: Callable[[], Awaitable[Any]], path: str) -> Any:
        """The reply; None if the server has no such path. That is no error: fewer log-probabilities are read then."""
        if self._gave_up:
            return None
        try:
            return await request()
        except Exception as error:  # openai's own, which need not be installed
            reply = getattr(error, "response", None)  # httpx's, which the openai package wraps
            status = getattr(reply, "status_code", None)
            if status is None or not 400 <= status < 500:
                raise
            self._gave_up = True
            _log.warning(
                "the server answers %s with status %s, so the tokens of the allowed answers are not known: answers "
                "that are not among the most likely tokens count as unseen",
                path, status,
            )  # fmt: skip
            return None
