"""The declaration of a measure of agreement. Tables and docs/judges.md follow from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import numpy as np

from recrm_tasks.scoring.metrics.estimate import Clusters, Estimate
from recrm_tasks.scoring.metrics.intervals import around, of_share

Table = TypeVar("Table")
"""The verdicts of all judges on the same records, of one kind of answer."""


class Agreed(NamedTuple):
    """How far some judges agree."""

    value: float
    """NaN if undefined."""
    stderr: float
    n: int
    """The number of records that it is over."""
    clusters: int
    """The number of independent groups of these."""

    @classmethod
    def of(cls, found: Estimate, n: int, clusters: Clusters) -> Agreed:
        """An estimate over n records."""
        assert found.stderr is not None
        return cls(found.value, found.stderr, n, n if clusters is None else len(np.unique(clusters)))


@dataclass(frozen=True)
class Agreement(Generic[Table]):
    """The declaration of one measure."""

    name: str
    means: str
    """Its meaning in one sentence; docs/judges.md repeats it."""
    judges: Literal["two", "several"]
    """Whether it is of two judges, or of any number from three on."""
    of: Callable[[Table], Agreed]
    """Computes it."""
    low: float = -1.0
    high: float = 1.0
    where: Callable[[Table], bool] = lambda table: True
    """Whether it says more of a table than the other measures."""

    def interval(self, found: Agreed) -> tuple[float, float]:
        """The 95 % interval: Wilson's for shares, else value ± 1.96 errors within the range; NaN if it is undefined."""
        if (self.low, self.high) == (0.0, 1.0):
            return of_share(found.value, found.stderr, found.clusters)
        return around(found.value, found.stderr, self.low, self.high)


def measured(declared: Sequence[Agreement[Any]], judges: int, table: object) -> dict[Agreement[Any], Agreed]:
    """The measures that some number of judges has.

    Args:
        declared: those of a kind of answer.
        judges: their number, at least two.
        table: their verdicts.
    """
    wanted = "two" if judges == 2 else "several"
    return {one: one.of(table) for one in declared if one.judges == wanted and one.where(table)}
