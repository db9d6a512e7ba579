"""A record as a model sees it, for people."""

from __future__ import annotations

from typing import NamedTuple

from recrm_tasks.answers.prompt import Prompt


class Reading(NamedTuple):
    """A text, and what it is read as."""

    text: str
    read: str
    state: str
    """`right`, `wrong` or `unreadable`."""


class ShownRecord(NamedTuple):
    """One question, and how answers to it are read; or contents that are scored, and what they are worth."""

    dimension: str
    title: str
    prompt: Prompt
    readings: list[Reading]
    """Of the right answer first; none of contents."""
    gold: tuple[str, ...] = ()
    """Of each content, what its score is compared with; empty where answers are read."""

    @property
    def contents(self) -> list[tuple[str, str, str]]:
        """Each content, which is an assistant's turn of its own: its title, its text, and what it is worth."""
        count = len(self.gold)
        titles = ["assistant" if count == 1 else f"assistant ({place} of {count})" for place in range(1, count + 1)]
        return list(zip(titles, self.prompt.choices, self.gold, strict=True)) if self.gold else []
