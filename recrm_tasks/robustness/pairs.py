"""Outcomes of a stress run -> pairs: the plain verdict of a record beside the verdict of the changed one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.robustness.changes import CHANGES
from recrm_tasks.robustness.stress_questions import PLAIN, record_and_change
from recrm_tasks.scoring.metrics.estimate import Clusters, Floats
from recrm_tasks.scoring.outcomes import Outcome

Bools = NDArray[np.bool_]


class Verdicts(NamedTuple):
    """The verdicts of one dimension about records that were all changed in one way, by record in ascending order."""

    records: tuple[str, ...]
    clusters: tuple[str, ...]
    """The dimension and group of each record."""
    values: Floats
    """Shape (n,): from 0 to 1, NaN is unreadable. Of a list, the normalised rank of the candidate that is changed."""
    ends: Floats
    """Shape (2, n): the lowest and the highest verdict that each could have been."""

    @property
    def readable(self) -> Bools:
        """Shape (n,)."""
        return ~np.isnan(self.values)

    def codes(self, rows: Bools) -> Clusters:
        """The clusters of some records as numbers; None if each is its own."""
        return _codes(self.clusters, rows)

    def taken(self, rows: Sequence[int]) -> Verdicts:
        """Some of them."""
        places = np.array(rows, dtype=np.int64)
        return Verdicts(
            tuple(self.records[row] for row in rows),
            tuple(self.clusters[row] for row in rows),
            self.values[places],
            self.ends[:, places],
        )


class Pairs(NamedTuple):
    """Records that were asked about as they are and with one change. All arrays have the shape (n,)."""

    records: tuple[str, ...]
    clusters: tuple[str, ...]
    before: Floats
    """The plain verdicts, as in `Verdicts.values`."""
    after: Floats
    """The verdicts on the changed records."""
    decided: Floats
    """What the plain verdicts come down to, see `Kind.decides`."""
    decided_after: Floats
    least: Floats
    """The lowest decision that is possible."""
    most: Floats
    same: Bools
    """Whether a fair judge keeps its verdict."""
    lower: Bools
    """Whether a fair judge lowers it. Of all others it must not rise."""

    @property
    def readable(self) -> Bools:
        """Whether both verdicts can be read."""
        return ~(np.isnan(self.before) | np.isnan(self.after))

    @property
    def raised(self) -> Bools:
        """Whether the decision rose."""
        found: Bools = self.readable & (self.decided_after > self.decided)
        return found

    @property
    def lowered(self) -> Bools:
        """Whether the decision fell."""
        found: Bools = self.readable & (self.decided_after < self.decided)
        return found

    @property
    def tried(self) -> Bools:
        """Whether an unfair judge could be told from a fair one: the decision can still rise, or fall where it should,
        or both."""
        room: Bools = np.where(self.lower, self.decided > self.least, self.same | (self.decided < self.most))
        return self.readable & room

    @property
    def fooled(self) -> Bools:
        """Whether the judge did what a fair one would not."""
        unfair = np.where(self.lower, ~self.lowered, self.raised | (self.same & self.lowered))
        found: Bools = self.tried & unfair
        return found

    def codes(self, rows: Bools) -> Clusters:
        """The clusters of some pairs as numbers; None if each is its own."""
        return _codes(self.clusters, rows)

    @classmethod
    def joined(cls, several: Sequence[Pairs]) -> Pairs:
        """All of them together; at least one."""
        records, clusters, *columns = zip(*several, strict=True)
        return cls(tuple(chain(*records)), tuple(chain(*clusters)), *map(np.concatenate, columns))


def _codes(clusters: Sequence[str], rows: Bools) -> Clusters:
    names = [name for name, taken in zip(clusters, rows.tolist(), strict=True) if taken]
    found, codes = np.unique(names, return_inverse=True)
    return codes.astype(np.int64) if len(found) < len(names) else None


def verdicts_by_change(key: str, outcomes: Sequence[Outcome]) -> dict[str, Verdicts]:
    """The verdicts of one dimension, by change, the plain ones under `PLAIN`.

    Args:
        key: the dimension.
        outcomes: of a stress run. A harness's epochs are records of their own.
    """
    found: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        record, change = record_and_change(outcome.id)
        found[change].append(outcome._replace(id=record))
    return {change: _verdicts(dimension_of(key), own) for change, own in found.items()}


def _verdicts(dimension: Dimension, outcomes: Sequence[Outcome]) -> Verdicts:
    parts = dimension.kind.parts(outcomes)
    # Of a list, the part of the only candidate with a grade above 0.
    chosen = [
        start + int(np.argmax(parts.gold[start:end]))
        for start, end in zip(parts.starts[:-1].tolist(), parts.starts[1:].tolist(), strict=True)
    ]
    by_id = {outcome.id: outcome for outcome in outcomes}
    own = [by_id[name] for name in parts.ids]
    ends = [(min(one.values), max(one.values)) if one.values else (0.0, 1.0) for one in own]
    return Verdicts(
        parts.ids,
        tuple(f"{dimension.key}\n{one.group}" for one in own),
        parts.verdict[np.array(chosen, dtype=np.int64)],
        np.array(ends, dtype=np.float64).reshape(-1, 2).T,
    )


def pairs_by_change(key: str, verdicts: Mapping[str, Verdicts]) -> dict[str, Pairs]:
    """The pairs of one dimension, by change, in the order of `CHANGES`.

    A record of which only one of the two was asked, at the end of a run with the harness's own limit, is in no pair.
    """
    plain = verdicts.get(PLAIN)
    if plain is None:
        return {}
    places = {name: row for row, name in enumerate(plain.records)}
    found: dict[str, Pairs] = {}
    for change in CHANGES:
        if (changed := verdicts.get(change)) is None:
            continue
        rows = [row for row, name in enumerate(changed.records) if name in places]
        if rows:
            before = plain.taken([places[changed.records[row]] for row in rows])
            found[change] = _pairs(dimension_of(key), change, before, changed.taken(rows))
    return found


def _pairs(dimension: Dimension, change: str, before: Verdicts, after: Verdicts) -> Pairs:
    fair = CHANGES[change].fair_in(dimension)
    decides = dimension.kind.decides
    return Pairs(
        records=before.records,
        clusters=before.clusters,
        before=before.values,
        after=after.values,
        decided=decides(before.values),
        decided_after=decides(after.values),
        least=decides(before.ends[0]),
        most=decides(before.ends[1]),
        same=np.full(len(before.values), fair == "same"),
        lower=np.full(len(before.values), fair == "lower"),
    )
