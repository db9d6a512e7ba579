"""How the prompts of a run end in the model's chat template, and how their thinking is closed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inspect_ai.model import ChatMessage, ChatMessageAssistant, Model
from inspect_ai.model._model import active_model

from inspect_tasks.backend import provider_of
from recrm_tasks.answers.prompt import Message, Mode, Prompt
from recrm_tasks.answers.thinking import left_open
from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting import Backend
from recrm_tasks.prompting.fit import tokens_by
from recrm_tasks.prompting.options import Options
from recrm_tasks.prompting.prompt_end import after_last_turn, closing_for, described
from recrm_tasks.prompting.tokens import Tokens

_SERVERS = ("vllm", "sglang")
"""Providers that let the model continue a last turn of the assistant."""


class PromptEnds:
    """Finds out how prompts end, by rendering one of each form.

    Args:
        backend: what is known of the model.
        options: the run's.
        mode: how answers are read.

    Raises:
        RecrmError: thinking should be closed, and the tokenizer is not known.
    """

    def __init__(self, backend: Backend, options: Options, mode: Mode) -> None:
        tokens = tokens_by(backend, options.tokenizer)
        if isinstance(tokens, str) and options.close_thinking:
            raise RecrmError(f"close_thinking needs the chat template, but {tokens}: add -T tokenizer=PATH or name")
        self._tokens = None if isinstance(tokens, str) else tokens
        self._options, self._mode = options, mode
        self._known: dict[tuple[str, ...], tuple[str | None, str]] = {}
        self.found: str | None = None
        """The entry of the provenance."""

    def of(self, prompt: Prompt) -> tuple[Prompt, str]:
        """The prompt with what it leaves open, and the start of the assistant's turn that closes it, if it is closed.

        Raises:
            RecrmError: answers could not be read, or the thinking cannot be closed.
        """
        if self._tokens is None:
            return prompt, ""
        # Templates do not look at what users say; system turns may have a switch.
        form = tuple(turn.role if turn.role != "system" else turn.content for turn in prompt.messages)
        if form not in self._known:
            self._known[form] = self._render(self._tokens, prompt)
        opened, prefill = self._known[form]
        return prompt._replace(opened=opened), prefill

    def _render(self, tokens: Tokens, prompt: Prompt) -> tuple[str | None, str]:
        rendered = tokens.render(prompt.messages)
        end = after_last_turn(rendered, prompt.messages[-1].content)
        opened = left_open(end, self._options.thinking_marks)
        closing = closing_for(opened, self._mode, self._options, thinks_first=self._options.thinking > 0)
        self.found = self.found or described(opened, closing)
        if opened is None or not closing:
            return opened, ""
        return None, _prefill(tokens, prompt.messages, rendered, opened, closing)


def _prefill(tokens: Tokens, messages: Sequence[Message], rendered: str, opened: str, closing: str) -> str:
    """The start of the assistant's turn with which a provider sends `rendered` followed by `closing`."""
    model = active_model()
    provider = provider_of(model) if model is not None else ""
    if provider == "hf":
        return closing
    if provider not in _SERVERS:
        raise RecrmError(f"close_thinking works with hf/, vllm/ and sglang/, not with {provider or 'other models'}/")
    prefill = rendered[rendered.rindex(opened) :] + closing
    if tokens.render_continued([*messages, Message(role="assistant", content=prefill)]) != rendered + closing:
        raise RecrmError(
            f"close_thinking does not work with {provider}/ and this chat template, which changes the turn that the "
            "model should continue: use hf/, lm-eval, or a chat template without thinking (-M chat_template=FILE)"
        )
    return prefill


def continue_last_turn(model: Model) -> None:
    """Lets Inspect's hf/ continue a last turn of the assistant, as its vllm/ and sglang/ do. Once per model."""
    api: Any = model.api
    if provider_of(model) != "hf" or getattr(api, _CONTINUES, False):
        return
    render = api.hf_chat

    def hf_chat(messages: list[ChatMessage], tools: Any) -> str:
        *before, last = messages
        if not isinstance(last, ChatMessageAssistant):
            return str(render(messages, tools))
        return f"{render(before, tools)}{last.text}"

    api.hf_chat = hf_chat
    setattr(api, _CONTINUES, True)


_CONTINUES = "_recrm_continues"
