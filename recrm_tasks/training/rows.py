"""One row of a training set, before it takes the form of a trainer."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias

from recrm_tasks.answers.prompt import Lang, Message

SetKind: TypeAlias = Literal["sft", "classes", "pairs", "rl"]
"""`sft`: questions with their right answers. `classes`: questions with the class of the answer. `pairs`: two answers to
one question, or two responses or items in one situation, the better one first. `rl`: questions, and what a reward
function needs to judge a completion."""
SET_KINDS: tuple[SetKind, ...] = ("sft", "classes", "pairs", "rl")


class Row(NamedTuple):
    """One row. Which fields it has depends on the kind of the set."""

    dimension: str
    lang: Lang
    ids: tuple[str, ...]
    """Of the question; of content pairs those of both records, or of the list."""
    label: str
    """What rows are counted by: the right answer's label."""
    messages: tuple[Message, ...]
    """The question, or the situation of a content pair."""
    answer: str = ""
    """The right answer; of pairs the better one."""
    rejected: str = ""
    """Of pairs: the worse one."""
    margin: float = 0.0
    """Of pairs: by how much it is worse, from 0 to 1."""
    place: int = 0
    """Of classes: the number of the class."""
    number: int = 0
    """Its place in the set, from 0."""
    case: str = ""
    """For reward functions: the question and how it is read, as JSON text of a case."""

    @property
    def turns(self) -> list[dict[str, str]]:
        """The turns of the question, as trainers take them."""
        return [{"role": turn.role, "content": turn.content} for turn in self.messages]

    @property
    def text(self) -> str:
        """The question as plain text, for base models and for classifiers without a chat template."""
        return "\n\n".join(turn.content for turn in self.messages)

    @property
    def conversation(self) -> list[dict[str, str]]:
        """The turns of the question, and the answer as the assistant's turn."""
        return [*self.turns, said(self.answer)]


def said(text: str) -> dict[str, str]:
    """A turn of the assistant."""
    return {"role": "assistant", "content": text}


def as_case(question_id: str, lang: Lang, question: dict[str, Any]) -> dict[str, Any]:
    """The fields of a case (docs/rewards.md) whose reward is whether a completion is the right answer."""
    return {"id": question_id, "lang": lang, "more": {"question": question}}
