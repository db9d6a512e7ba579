"""A prompt -> Inspect's sample, and back."""

from __future__ import annotations

from typing import Any

from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

from recrm_tasks.answers.prompt import Message, Mode, Prompt

_ROLES: dict[str, type[ChatMessageSystem | ChatMessageUser | ChatMessageAssistant]] = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}


def to_sample(prompt: Prompt, dimension: str, mode: Mode, suite: str | None) -> Sample:
    """One sample. Its metadata contains everything that reading and scoring need, so that logs can be scored again."""
    fields = prompt.to_json()
    return Sample(
        id=fields.pop("id"),
        input=[_message(m) for m in prompt.messages],
        target=fields.pop("target"),
        metadata={
            "dimension": dimension,
            "suite": suite,
            "mode": mode,
            **{name: value for name, value in fields.items() if name != "messages"},
        },
    )


def to_prompt(sample_id: str, target: str, metadata: dict[str, Any]) -> Prompt:
    """The part of the prompt that reading an answer needs."""
    return Prompt.from_json({**metadata, "id": sample_id, "target": target})


def to_message(message: ChatMessage) -> Message:
    """A turn of a sample as it was in the prompt."""
    return Message.model_validate({"role": message.role, "content": message.text})


def _message(message: Message) -> ChatMessage:
    return _ROLES[message.role](content=message.content)
