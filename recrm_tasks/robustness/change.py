"""A planted change of a record: how it is made, and what a fair judge would make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, NamedTuple, TypeAlias

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import Lang, Mode, Prompt
from recrm_tasks.dimensions.base import Dimension, Form
from recrm_tasks.dimensions.record_fields import own_fields

Fair: TypeAlias = Literal["same", "not higher", "lower"]
"""What a fair judge does. `same`: the verdict stays. `not higher`: it may fall, for example where a response becomes
longer than a rule allows. `lower`: it falls, unless it is the lowest already."""


class Posing(NamedTuple):
    """What a question is made of."""

    record: Any
    labels: LabelSet | None
    turn: int = 0
    """In which of its seeded orders a list is shown."""


@dataclass(frozen=True)
class Subject:
    """A record that changes are made to, with its plain question.

    Args:
        dimension: its dimension.
        posing: the record as it is.
        mode: how the answers will be read.
        lang: the prompts' language; None for the record's.
        form: style and examples of the prompts.
        seed: of all that is chosen at random.
    """

    dimension: Dimension
    posing: Posing
    mode: Mode
    lang: Lang | None
    form: Form
    seed: int

    @property
    def record(self) -> Any:
        """The record as it is."""
        return self.posing.record

    def ask(self, posing: Posing) -> Prompt:
        """The question about the record, or about what has become of it."""
        asked = self.dimension.prompts(
            posing.record, posing.labels, self.mode, self.lang, posing.turn + 1, self.form, "list"
        )
        return next(islice(asked, posing.turn, None))

    def changed(self, **fields: Any) -> Posing:
        """The same with other fields of the record."""
        return self.posing._replace(record=self.record.model_copy(update=fields))


@dataclass(frozen=True)
class Change:
    """One kind of change."""

    key: str
    """Its name in logs and files. Letters and underscores."""
    title: str
    """What it does, in a few words for tables."""
    make: Callable[[Subject], Posing | None]
    """The changed record; None where the change cannot be made. It depends on the seed and the record alone."""
    fair: Fair = "not higher"
    with_evidence: Fair | None = None
    """What a fair judge does where evidence must support every claim, if that is something else."""

    def fair_in(self, dimension: Dimension) -> Fair:
        """What a fair judge of one dimension does."""
        return self.with_evidence if self.with_evidence is not None and has_evidence(dimension) else self.fair


def has_evidence(dimension: Dimension) -> bool:
    """Whether the texts of a dimension are judged by what evidence supports them."""
    return "evidence" in own_fields(dimension.record_type)
