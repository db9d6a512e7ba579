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
    """One question, and how answers to it are read."""

    dimension: str
    title: str
    prompt: Prompt
    readings: list[Reading]
    """Of the right answer first."""
