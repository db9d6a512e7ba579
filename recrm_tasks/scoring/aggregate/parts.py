"""Outcomes of one dimension -> its parts of virtual responses: gold values and verdicts, both from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.metrics import columns
from recrm_tasks.scoring.metrics.columns import Columns, Rows
from recrm_tasks.scoring.metrics.estimate import NAN, Floats, Ints
from recrm_tasks.scoring.metrics.ranking import normalised_ranks
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


def label_parts(outcomes: Sequence[Outcome]) -> Parts:
    """A label is worth what its set declares.

    Raises:
        HarnessError: outcomes that no run can have, or without the values of their labels.
    """
    outcomes, clusters = _sorted(outcomes)
    columns.labels(Columns.of(outcomes), [outcome.values for outcome in outcomes])
    for outcome in outcomes:
        if not outcome.values:
            raise HarnessError(f"record {outcome.id}: its log does not say what the labels are worth")
    gold = [o.values[_index(o.gold)] for o in outcomes]
    verdict = [NAN if o.value is None else o.values[_index(o.value)] for o in outcomes]
    return _single(outcomes, clusters, np.array(gold, dtype=np.float64), np.array(verdict, dtype=np.float64))


def probability_parts(outcomes: Sequence[Outcome]) -> Parts:
    """The label is the gold value, the probability the verdict.

    Raises:
        HarnessError: outcomes that no run can have.
    """
    outcomes, clusters = _sorted(outcomes)
    gold, stated = columns.probabilities(Columns.of(outcomes))
    return _single(outcomes, clusters, gold.astype(np.float64), stated)


def list_parts(outcomes: Sequence[Outcome]) -> Parts:
    """Of each candidate the grade over the highest grade of all lists, and the normalised rank.

    Raises:
        HarnessError: outcomes that no run can have.
    """
    outcomes, clusters = _sorted(outcomes)
    lists = columns.lists(Columns.of(outcomes))
    grades = np.array([g for gold, _ in lists for g in gold], dtype=np.float64)
    ranks = [r for gold, scores in lists for r in (normalised_ranks(scores) if scores else (NAN,) * len(gold))]
    return Parts(
        ids=tuple(o.id for o in outcomes),
        clusters=clusters,
        starts=np.cumsum([0, *(len(gold) for gold, _ in lists)]),
        gold=grades / grades.max(initial=1.0),
        verdict=np.array(ranks, dtype=np.float64),
    )


def _single(outcomes: Sequence[Outcome], clusters: Ints, gold: Floats, verdict: Floats) -> Parts:
    return Parts(tuple(o.id for o in outcomes), clusters, np.arange(len(outcomes) + 1), gold, verdict)


def _sorted(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], Ints]:
    """Outcomes by id, those of one record by value, and their clusters."""
    ordered = sorted(outcomes, key=lambda o: o.id)
    if any(a.id == b.id for a, b in pairwise(ordered)):
        ordered.sort(key=lambda o: (o.id, o.value is None, o.reason or o.value))
    clusters = Rows.of(Columns.of(ordered)).clusters
    return ordered, np.arange(len(ordered)) if clusters is None else clusters


def _index(label: object) -> int:
    assert isinstance(label, int)
    return label
