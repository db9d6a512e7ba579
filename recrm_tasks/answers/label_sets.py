"""The labels that a source declares."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recrm_tasks.answers.plain_text import bare
from recrm_tasks.answers.prompt import LETTERS


class Label(BaseModel):
    """One label of a source's declared set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    """The label in the records."""
    value: float = Field(ge=0, le=1)
    """Its value for a reward: 1 is best."""
    zh: str = Field(min_length=1)
    """Its meaning in Chinese prompts: one short phrase."""
    en: str = Field(min_length=1)
    """The same in English."""
    words: tuple[str, ...] = ()
    """Other words that answers may use for this label."""

    @property
    def spoken(self) -> tuple[str, ...]:
        """All names that answers may use for it, in the normalised form in which answers are compared."""
        words = (bare(w).casefold() for w in (self.name, self.zh, self.en, *self.words))
        return tuple(dict.fromkeys(word for word in words if word))


class LabelSet(BaseModel):
    """The labels that a source declares, in the order in which prompts show them; for grades, best first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    labels: tuple[Label, ...] = Field(min_length=2, max_length=26)

    @model_validator(mode="after")
    def _distinct(self) -> LabelSet:
        """No word may mean two labels: neither a word of both, nor a word that is another label's letter."""
        meant: dict[str, str] = {}
        for letter, label in zip(LETTERS, self.labels, strict=False):
            for word in dict.fromkeys((letter.casefold(), *label.spoken)):
                if word in meant:
                    raise ValueError(f"labels must differ: {word!r} would mean both {meant[word]!r} and {label.name!r}")
                meant[word] = label.name
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The labels in the records."""
        return tuple(label.name for label in self.labels)
