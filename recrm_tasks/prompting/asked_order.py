"""The order in which the questions of a run are asked. Metrics do not depend on it; what an engine computes does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

Order: TypeAlias = Literal["balanced", "grouped"]
"""`balanced`: the seeded order in which records are chosen. `grouped`: the same questions, those with a common
beginning one after the other."""
ORDERS: tuple[Order, ...] = ("balanced", "grouped")


def grouped_order(questions: Iterable[tuple[str | None, Sequence[str]]]) -> list[int]:
    """The places of questions, so that those of a group follow one another.

    Groups are in the order of their first questions. Within a group texts are in ascending order: in no other order do
    neighbours have more of their beginnings in common. Questions without a group are treated as one group.

    Args:
        questions: of each its group, and the texts of its turns.
    """
    ranks: dict[str | None, int] = {}
    keys = [(ranks.setdefault(group, len(ranks)), tuple(texts)) for group, texts in questions]
    return sorted(range(len(keys)), key=keys.__getitem__)
