"""A prompt -> Inspect's sample, and back."""

from __future__ import annotations

from typing import Any

from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

from recrm_tasks.dimensions.base import Message, Mode, Prompt

_ROLES: dict[str, type[ChatMessageSystem | ChatMessageUser | ChatMessageAssistant]] = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}


def to_sample(prompt: Prompt, dimension: str, mode: Mode) -> Sample:
    """One sample; its metadata holds all that reading and scoring an answer need, so that a log is enough."""
    return Sample(
        id=prompt.id,
        input=[_message(m) for m in prompt.messages],
        target=prompt.target,
        metadata={
            "dimension": dimension,
            "mode": mode,
            "lang": prompt.lang,
            "choices": list(prompt.choices),
            "words": [list(words) for words in prompt.words],
            "gold": list(prompt.gold) if isinstance(prompt.gold, tuple) else prompt.gold,
            "group": prompt.group,
            "values": list(prompt.values),
            "style": prompt.style,
        },
    )


def to_prompt(sample_id: str, target: str, metadata: dict[str, Any]) -> Prompt:
    """The part of the prompt that reading an answer needs."""
    gold = metadata["gold"]
    return Prompt(
        id=sample_id,
        lang=metadata["lang"],
        messages=(),
        choices=tuple(metadata["choices"]),
        words=tuple(tuple(words) for words in metadata["words"]),
        gold=tuple(gold) if isinstance(gold, list) else gold,
        target=target,
        group=metadata.get("group"),
        values=tuple(metadata.get("values", ())),
        style=metadata.get("style", "chat"),
    )


def to_message(message: ChatMessage) -> Message:
    """A turn of a sample as it was in the prompt."""
    return Message.model_validate({"role": message.role, "content": message.text})


def _message(message: Message) -> ChatMessage:
    return _ROLES[message.role](content=message.content)
