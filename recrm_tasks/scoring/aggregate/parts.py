"""The parts that one dimension contributes to virtual responses: gold values and verdicts, both from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from recrm_tasks.scoring.columns import Columns, Rows
from recrm_tasks.scoring.metrics.estimate import Floats, Ints
from recrm_tasks.scoring.outcomes import Outcome


class Role(NamedTuple):
    """A dimension's role in the hybrid reward."""

    gate: bool
    """Whether it is a rule that a response keeps or breaks, not a quality that comes in degrees."""
    weight: float


class Parts(NamedTuple):
    """One dimension's records, sorted by id, so that the order of outcomes does not matter.

    A record has one part; a list has one per candidate.
    """

    ids: tuple[str, ...]
    """One per record."""
    clusters: Ints
    """Shape (records,): cluster numbers from 0."""
    starts: Ints
    """Shape (records + 1,): the index of each record's first part, then the number of parts."""
    gold: Floats
    """Shape (parts,)."""
    verdict: Floats
    """Shape (parts,); NaN is unreadable."""

    @property
    def cluster_count(self) -> int:
        """The number of clusters."""
        return int(self.clusters.max(initial=-1)) + 1


def single_parts(outcomes: Sequence[Outcome], clusters: Ints, gold: Floats, verdict: Floats) -> Parts:
    """The parts of records with one part each.

    Args:
        outcomes: as returned by `in_order`.
        clusters: shape (records,).
        gold: shape (records,).
        verdict: shape (records,); NaN is unreadable.
    """
    return Parts(tuple(o.id for o in outcomes), clusters, np.arange(len(outcomes) + 1), gold, verdict)


def in_order(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], Ints]:
    """Outcomes sorted by id, those of one record by value; and their clusters, shape (records,)."""
    ordered = sorted(outcomes, key=lambda o: o.id)
    if any(a.id == b.id for a, b in pairwise(ordered)):
        ordered.sort(key=lambda o: (o.id, o.value is None, o.reason or o.value))
    clusters = Rows.of(Columns.of(ordered)).clusters
    return ordered, np.arange(len(ordered)) if clusters is None else clusters
