"""How many evaluated records a model was trained on, or on others of their groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class InTraining(NamedTuple):
    """Of the records of one dimension of a run."""

    records: int
    """Evaluated."""
    shared: int
    """Of them, those that have a group or a text in common with the training sets."""
    kinds: dict[str, int]
    """By what they have in common: `user`, `evidence`, …, `text` for all texts, `id` for the same record."""
    only_ids: bool = False
    """Whether ids alone were compared, because the records are not here."""

    @property
    def text(self) -> str:
        """For cells: `12 of 40`."""
        return f"{self.shared:,} of {self.records:,}"


def in_training_text(found: Iterable[InTraining]) -> str | None:
    """The mark of a model, over several dimensions; None if nothing is in common."""
    several = list(found)
    shared, records = sum(one.shared for one in several), sum(one.records for one in several)
    return f"trained on groups of {shared:,} of the {records:,} evaluated records" if shared else None
