"""What the records of all dimensions share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recrm_tasks.answers.prompt import Lang, Message
from recrm_tasks.dimensions.rendering import Text, render


class Record(BaseModel):
    """What the records of all dimensions share. Unknown fields are errors: a misspelt one would be lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    dimension: str
    lang: Lang
    source: str
    split: str | None = None
    group: str | None = None
    """The user or query that records belong to; no group is on both sides of a hash split."""
    meta: dict[str, Any] = Field(default_factory=dict)
    messages: tuple[Message, ...] | None = Field(default=None, min_length=1)
    """A prompt made by the data set itself: used as it is, and the fields that it is made of may be left out."""

    shown: ClassVar[Mapping[str, Any]] = {}
    """Fields that only the prompt needs, with what stands for them when `messages` replaces the prompt."""

    @model_validator(mode="before")
    @classmethod
    def _ready_prompt(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("messages") is not None:
            return {**cls.shown, **data}
        return data


class LabelledRecord(Record):
    """A record with one label out of the declared set."""

    label: str


class Candidate(BaseModel):
    """One candidate of a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    text: Text

    @property
    def shown(self) -> str:
        """Its text as the prompt shows it."""
        return render(self.text)
