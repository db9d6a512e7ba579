"""A prompt -> Inspect's sample, and back."""

from __future__ import annotations

from sys import intern
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
AROUND = "prompt"
"""The entry with what the model gets before and after the sample's input. The input is the record alone, so that lists
of samples show what differs."""
_READING = "reading"
"""The entry with what only reading and scoring need, by name."""
_SHOWN = ("lang", "group", "of_list")
"""Fields of a prompt that people filter by: they are entries of their own."""


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
    del fields["messages"], fields["dimension"]
    last = prompt.messages[-1].content
    before, found, after = last.rpartition(prompt.record) if prompt.record else ("", "", "")
    whole = not found or len(prompt.messages) > 1
    return Sample(
        id=fields.pop("id"),
        input=[to_chat(m) for m in prompt.messages] if whole else prompt.record,
        target=fields.pop("target"),
        metadata={
            "dimension": dimension,
            **{name: fields.pop(name) for name in _SHOWN if name in fields},
            "category": prompt.category,
            "suite": suite,
            "mode": mode,
            _READING: _by_choice(fields) if prompt.reads == "letters" else fields,
            **({} if whole else {AROUND: {"before": intern(before), "after": intern(after)}}),
            **({PREFILL: prefill} if prefill else {}),
        },
    )


def to_prompt(sample_id: str, target: str, metadata: dict[str, Any]) -> Prompt:
    """The part of the prompt that reading an answer needs. Older logs have its fields among the metadata."""
    fields = _in_order(metadata.get(_READING, {}))
    return Prompt.from_json({**metadata, **fields, "id": sample_id, "target": target})


def turns_of(given: str | list[ChatMessage], metadata: dict[str, Any]) -> list[ChatMessage]:
    """The turns that the model gets.

    Args:
        given: the sample's input.
        metadata: the sample's.
    """
    if not isinstance(given, str):
        return given
    around = metadata.get(AROUND, {"before": "", "after": ""})
    return [ChatMessageUser(content=around["before"] + given + around["after"])]


def _by_choice(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields that are lists in the order of the choices -> fields by choice, which people can read."""
    choices = fields.pop("choices")
    words = fields.pop("words") or [[] for _ in choices]
    named = {name: fields.pop(name) for name in ("values", "gold") if isinstance(fields[name], list)}
    return {
        "choices": dict(zip(choices, words, strict=True)),
        **{name: dict(zip(choices, each, strict=False)) for name, each in named.items()},
        **fields,
    }


def _in_order(fields: dict[str, Any]) -> dict[str, Any]:
    """The contrary of `_by_choice`."""
    if not isinstance(fields.get("choices"), dict):
        return fields
    words = list(fields["choices"].values())
    return {
        **fields,
        "choices": list(fields["choices"]),
        "words": words if any(words) else [],
        **{name: list(fields[name].values()) for name in ("values", "gold") if isinstance(fields.get(name), dict)},
    }


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


def to_chat(message: Message) -> ChatMessage:
    """The contrary of `to_message`."""
    return _ROLES[message.role](content=message.content)
