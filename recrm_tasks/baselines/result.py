"""What is known of baselines on the records of one dimension. Needs no scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from recrm_tasks.scoring.metric import Numbers


class Figure(NamedTuple):
    """One metric with its 95 % interval; NaN where it is undefined."""

    metric: str
    value: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether it has a value."""
        return not math.isnan(self.value)


@dataclass(frozen=True)
class Result:
    """One baseline on the records of one dimension."""

    baseline: str
    numbers: Numbers
    """Metrics of the kind of answer, flat, as in a run's results; without a train split only those that need no
    threshold."""
    headline: Figure
    """The dimension's primary metric."""
    area: Figure
    """The AUC, which needs no threshold. Where answers are labels: of the best label against the others."""


@dataclass(frozen=True)
class Evaluated:
    """All baselines on the records of one dimension."""

    dimension: str
    n: int
    """Questions."""
    provenance: Mapping[str, Any]
    """Of the evaluated records."""
    train: str | None
    """The split that was learned from; None if there was none."""
    learned_from: int
    """Its records that were learned from."""
    to_learn_from: int
    """Its records that share nothing with the evaluated ones."""
    results: list[Result]
    left_out: dict[str, str]
    """By baseline, why it has no result."""

    def best(self) -> Result | None:
        """The one with the highest primary metric; where none has it, with the highest AUC."""
        known = [one for one in self.results if one.headline.known]
        return max(known, key=lambda one: one.headline.value) if known else self.best_area()

    def best_area(self) -> Result | None:
        """The one with the highest AUC; None if it is undefined for all."""
        known = [one for one in self.results if one.area.known]
        return max(known, key=lambda one: one.area.value) if known else None
