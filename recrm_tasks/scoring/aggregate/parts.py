"""The parts that one dimension gives to virtual responses: gold values and verdicts, both from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from recrm_tasks.scoring.columns import Columns, Rows
from recrm_tasks.scoring.metrics.estimate import Floats, Ints
from recrm_tasks.scoring.outcomes import Outcome


class Role(NamedTuple):
    """What a dimension's verdicts are to a reward."""

    gate: bool
    """Whether it is something that a response holds or fails, rather than something that it has more or less of."""
    weight: float


class Parts(NamedTuple):
    """One dimension's records, sorted by id, so that the order of outcomes cannot matter.

    A record has one part; a list has one per candidate.
    """

    ids: tuple[str, ...]
    """One per record."""
    clusters: Ints
    """Shape (records,), from 0: equal where records hang together."""
    starts: Ints
    """Shape (records + 1,): where each record's parts begin, and where the last one's end."""
    gold: Floats
    """Shape (parts,)."""
    verdict: Floats
    """Shape (parts,); NaN is unreadable."""

    @property
    def cluster_count(self) -> int:
        """How many clusters there are."""
        return int(self.clusters.max(initial=-1)) + 1


def single_parts(outcomes: Sequence[Outcome], clusters: Ints, gold: Floats, verdict: Floats) -> Parts:
    """The parts of records that have one each.

    Args:
        outcomes: as `in_order` gives them.
        clusters: shape (records,).
        gold: shape (records,).
        verdict: shape (records,); NaN is unreadable.
    """
    return Parts(tuple(o.id for o in outcomes), clusters, np.arange(len(outcomes) + 1), gold, verdict)


def in_order(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], Ints]:
    """Outcomes by id, those of one record by value, and their clusters: shape (records,)."""
    ordered = sorted(outcomes, key=lambda o: o.id)
    if any(a.id == b.id for a, b in pairwise(ordered)):
        ordered.sort(key=lambda o: (o.id, o.value is None, o.reason or o.value))
    clusters = Rows.of(Columns.of(ordered)).clusters
    return ordered, np.arange(len(ordered)) if clusters is None else clusters
