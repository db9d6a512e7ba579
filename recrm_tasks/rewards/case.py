"""What a recommender agent did for one user at one time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from recrm_tasks.answers.prompt import Lang
from recrm_tasks.dimensions.rendering import Text

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[A-Za-z]+")
_BEGINNING = 300
"""Characters of each text that its language is detected from."""
_DEEPEST = 100
"""Levels of lists and objects in `more`; far below what Python's recursion allows."""


def _of_others(more: dict[str, Any]) -> dict[str, Any]:
    if own := [name for name in more if name in Case.model_fields]:
        raise ValueError(f"{own[0]} is a field of the case itself")
    level: list[Any] = [more]
    for _ in range(_DEEPEST):
        level = [one for value in level if isinstance(value, dict | list | tuple) for one in _inner(value)]
    if level:
        raise ValueError(f"lists and objects may have {_DEEPEST} levels")
    return more


def _inner(value: dict[Any, Any] | list[Any] | tuple[Any, ...]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


More: TypeAlias = Annotated[dict[str, Any], AfterValidator(_of_others)]
"""Fields that a case itself does not have, by name."""


class Case(BaseModel):
    """One act of an agent: any of these fields. None is not given, which is not the same as empty.

    A dimension asks about the fields that its records have. If one of them is not given, the dimension cannot be asked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = ""
    """For messages and logs."""
    lang: Lang | None = None
    """Language of the questions; by default the one that most of the texts are in."""
    instruction: str | None = None
    """The rules that the agent was given."""
    query: str | None = None
    """What the user asked for."""
    evidence: tuple[Text, ...] | None = None
    """What the agent had retrieved."""
    response: str | None = None
    """What the agent said."""
    items: tuple[Text, ...] = ()
    """What the agent recommends, best first. An item that is there again counts once, at its first place."""
    candidates: tuple[Text, ...] | None = None
    """What the agent could have recommended, `items` among it; by default `items` alone."""
    profile: Text | None = None
    history: tuple[Text, ...] | None = None
    """The user's actions, from old to new."""
    context: Text | None = None
    """The moment and place."""
    more: More = Field(default_factory=dict)
    """Fields of other dimensions' records, by name."""

    @property
    def recommended(self) -> tuple[Text, ...]:
        """The items without repetitions: what is recommended again is not worth more."""
        return distinct(self.items)

    @property
    def spoken(self) -> Lang:
        """The language of the questions."""
        if self.lang is not None:
            return self.lang
        return language_of(t for t in (self.query, self.response, self.instruction, *map(str, self.items)) if t)

    @property
    def digest(self) -> str:
        """32 hexadecimal digits of the SHA-256 of the content; equal for cases that differ in `id` only."""
        # In ASCII: a lone surrogate, which a model may write, cannot be encoded as UTF-8.
        content = json.dumps(self.model_dump(exclude={"id"}), sort_keys=True, default=str)
        return hashlib.sha256(content.encode("ascii")).hexdigest()[:32]


def language_of(texts: Iterable[str]) -> Lang:
    """Chinese if the beginnings of the texts have more Han characters than words in Latin letters."""
    beginnings = " ".join(text[:_BEGINNING] for text in texts)
    return "zh" if len(_HAN.findall(beginnings)) > len(_WORD.findall(beginnings)) else "en"


def distinct(texts: Iterable[Text]) -> tuple[Text, ...]:
    """Texts and objects in their order, each where it is for the first time."""
    first: dict[str, Text] = {}
    for text in texts:
        first.setdefault(json.dumps(text, sort_keys=True), text)
    return tuple(first.values())
