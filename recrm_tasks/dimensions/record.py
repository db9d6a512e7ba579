"""The base classes of records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recrm_tasks.answers.prompt import Lang, Message
from recrm_tasks.dimensions.rendering import Text, render


class SharedTexts(NamedTuple):
    """Fields whose texts records have in common if they are about the same thing, such as one query."""

    fields: tuple[str, ...]
    """All of these texts are the same."""
    needs: tuple[str, ...] = ()
    """At least one of these has a text; without it the others do not tell two records apart. By default all fields."""
    least: int = 1
    """Bytes of text (UTF-8) from which on two equal ones are more than chance: a Chinese character has three."""


class Record(BaseModel):
    """The fields that the records of all dimensions share. Unknown fields are errors: no typo goes unnoticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    dimension: str
    lang: Lang
    source: str
    split: str | None = None
    group: str | None = None
    """The user or query that the record belongs to; a hash split never divides a group."""
    meta: dict[str, Any] = Field(default_factory=dict)
    messages: tuple[Message, ...] | None = Field(default=None, min_length=1)
    """A ready-made prompt from the data set. It is used unchanged, and the fields in `shown` may be missing."""

    shown: ClassVar[Mapping[str, Any]] = {}
    """The fields that only the prompt needs, with their values for records whose `messages` replace the prompt."""
    may_lack: ClassVar[tuple[str, ...]] = ()
    """Fields in `shown` that a source may lack, if it has at least one of them: their values there are used."""
    group_is: ClassVar[str | None] = None
    """What `group` names, such as `user`, where records of several dimensions may belong to the same one. By default a
    group is the dimension's own."""
    shared: ClassVar[Mapping[str, SharedTexts]] = {}
    """What records may have in common besides `group`, by name. A model that was trained on a record with the same
    evidence, query or response has seen a part of what it is asked."""

    @model_validator(mode="before")
    @classmethod
    def _ready_prompt(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("messages") is not None:
            return {**cls.shown, **data}
        return data


class LabelledRecord(Record):
    """A record with one label from the declared set."""

    label: str


class Candidate(BaseModel):
    """One candidate of a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    text: Text

    @property
    def shown(self) -> str:
        """Its text in the prompt."""
        return render(self.text)
