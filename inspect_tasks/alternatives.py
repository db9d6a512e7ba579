"""Log-probabilities of all allowed answers: what a request must say so that its provider reports them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from inspect_ai.model import ChatMessage, Model
from inspect_ai.model._generate_config import active_generate_config
from inspect_ai.model._model import active_model

from inspect_tasks.backend import extra_body, provider_of
from inspect_tasks.server_tokens import ProviderTokens
from recrm_tasks.answers.thinking import left_open
from recrm_tasks.models.server_tokens import ENGINES, asking_for
from recrm_tasks.prompting.answer_tokens import AnswerToken, before_answer, token_of
from recrm_tasks.prompting.prompt_end import after_last_turn


class Alternatives:
    """The allowed answers' tokens of one task, and the settings with which each provider reports them.

    Args:
        thinking: the number of thinking tokens before the answer. Only without them may the answer's letters be the
            only tokens that the model can write.
        enable_thinking: the task's choice, which the server's chat template gets.
        quiet: see `ServerTokens`.
    """

    def __init__(self, thinking: int, enable_thinking: bool | None, quiet: bool = False) -> None:
        self._thinking = thinking
        self._enable_thinking = enable_thinking
        self._server = ProviderTokens(quiet)
        self._looked = False

    async def of(
        self, choices: Sequence[str], messages: Sequence[ChatMessage], model: Model
    ) -> tuple[dict[str, Any], list[str] | None]:
        """The settings of one request.

        Args:
            choices: the allowed answers.
            messages: the question.
            model: the model that is asked.

        Returns:
            Arguments of `generate`, and how the provider writes each answer's token; nothing and None for a provider
            that can be asked for its most likely tokens only.
        """
        provider = provider_of(model)
        if provider == "hf":
            return self._of_hf(choices, messages, model)
        if provider not in (*ENGINES, "openai-api"):
            return {}, None
        engine = await self._server.engine(provider, model.api)
        if engine not in ENGINES:
            return {}, None
        given = self._extra(model)
        tokens = await self._server.of(choices, messages, model.api, given)
        if tokens is None:
            return {}, None
        settings = asking_for(engine, [token.id for token in tokens], thinking=self._thinking > 0)
        if engine == "vllm":  # Inspect has no arguments for these
            settings = {"extra_body": {**given, **settings}}
        return settings, [token.text for token in tokens]

    async def look_at(self, messages: Sequence[ChatMessage], model: Model) -> None:
        """Warns if prompts for generated answers lack the model's start token, where the server can say so. Called for
        every question; only the first one is looked at."""
        provider = provider_of(model)
        if self._looked or provider not in (*ENGINES, "openai-api"):
            return
        self._looked = True
        server = ProviderTokens(quiet=True)
        with contextlib.suppress(Exception):  # a server that does not answer is reported with the question itself
            if await server.engine(provider, model.api) in ENGINES:
                await server.look_at(messages, model.api, self._extra(model))

    async def opened(self, messages: Sequence[ChatMessage], model: Model) -> str | None:
        """What the end of the rendered question leaves open, as `thinking.left_open` returns it; None also if nobody
        knows.

        Args:
            messages: the question.
            model: the model that is asked.
        """
        provider = provider_of(model)
        if provider == "hf":
            from inspect_tasks.hf_model import HuggingFaceAnswers

            rendered = HuggingFaceAnswers.of(model).hf_chat(list(messages), [])
            return left_open(after_last_turn(rendered, messages[-1].text))
        if provider not in (*ENGINES, "openai-api") or await self._server.engine(provider, model.api) not in ENGINES:
            return None
        return await self._server.opened(messages, model.api, self._extra(model))

    def _extra(self, model: Model) -> dict[str, Any]:
        """The extra fields of requests: the run's. A model in another role, such as a judge, has its own."""
        config = model.config.merge(active_generate_config()) if model is active_model() else model.config
        return config.extra_body or extra_body(self._enable_thinking) or {}

    def _of_hf(
        self, choices: Sequence[str], messages: Sequence[ChatMessage], model: Model
    ) -> tuple[dict[str, Any], list[str] | None]:
        from inspect_tasks.hf_model import TOKENS, HuggingFaceAnswers

        api = HuggingFaceAnswers.of(model)
        before = before_answer(api.hf_chat(list(messages), []), messages[-1].text)
        tokens: list[AnswerToken] = []
        for choice in choices:
            token = token_of(choice, before, api.tokenizer)
            if token is None:
                return {}, None
            tokens.append(token)
        return {"extra_body": {TOKENS: [token.id for token in tokens]}}, [token.text for token in tokens]
