"""A prompt -> Inspect's sample, and back."""

from __future__ import annotations

from typing import Any

from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ContentReasoning,
    ModelOutput,
)

from recrm_tasks.answers.prompt import Message, Mode, Prompt

_ROLES: dict[str, type[ChatMessageSystem | ChatMessageUser | ChatMessageAssistant]] = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}


PREFILL = "prefill"
"""The entry of a sample's metadata with the start of the assistant's turn, which the model continues."""


def to_sample(prompt: Prompt, dimension: str, mode: Mode, suite: str | None, prefill: str = "") -> Sample:
    """One sample. Its metadata contains everything that reading and scoring need, so that logs can be scored again.

    Args:
        prompt: the question.
        dimension: its dimension's key.
        mode: how the answer is read.
        suite: the suite that the run belongs to.
        prefill: the start of the assistant's turn.
    """
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
            **({PREFILL: prefill} if prefill else {}),
        },
    )


def to_prompt(sample_id: str, target: str, metadata: dict[str, Any]) -> Prompt:
    """The part of the prompt that reading an answer needs."""
    return Prompt.from_json({**metadata, "id": sample_id, "target": target})


def after_reasoning(prompt: Prompt, output: ModelOutput) -> Prompt:
    """The prompt as it is for the text of an output.

    If the provider returned the reasoning apart from the text, the text begins after the thinking that the prompt
    opened.
    """
    content = output.message.content if output.choices else ""
    apart = isinstance(content, list) and any(isinstance(part, ContentReasoning) for part in content)
    return prompt._replace(opened=None) if apart else prompt


def to_message(message: ChatMessage) -> Message:
    """A turn of a sample as it was in the prompt."""
    return Message.model_validate({"role": message.role, "content": message.text})


def _message(message: Message) -> ChatMessage:
    return _ROLES[message.role](content=message.content)
