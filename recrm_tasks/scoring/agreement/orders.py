"""Agreement of judges that put the candidates of lists in order. All measures are means over lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from recrm_tasks.scoring.agreement.declared import Agreed, Agreement
from recrm_tasks.scoring.columns import Columns, Rows
from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Floats, Ints, mean
from recrm_tasks.scoring.metrics.ranked_list import normalised_ranks
from recrm_tasks.scoring.outcomes import Outcome

Scores: TypeAlias = tuple[float, ...]

OfList: TypeAlias = Callable[[Sequence[Scores]], float]
"""A measure of one list, from the scores of each judge; NaN if it is undefined."""


@dataclass(frozen=True, eq=False)
class OrderRatings:
    """How m judges ordered n lists."""

    lists: list[tuple[Scores, ...]]
    """By list, the scores that each judge gave to its candidates; no scores where the answer is unreadable."""
    clusters: Clusters

    @classmethod
    def of(cls, judges: Sequence[Sequence[Outcome]]) -> OrderRatings:
        """The table of judges' outcomes, which are on the same lists in the same order."""
        values = [[outcome.value if isinstance(outcome.value, tuple) else () for outcome in rows] for rows in judges]
        return cls(list(zip(*values, strict=True)), Rows.of(Columns.of(judges[0])).clusters)

    def over_lists(self, of_list: OfList) -> Agreed:
        """The mean over the lists that all judges ordered, and of which the measure is defined."""
        values: Floats = np.array([of_list(one) if all(one) else NAN for one in self.lists], dtype=np.float64)
        known = ~np.isnan(values)
        clusters = None if self.clusters is None else self.clusters[known]
        return Agreed.of(mean(values[known], clusters), int(known.sum()), clusters)


def kendall(judges: Sequence[Scores]) -> float:
    """Kendall's tau-b of two orders (Kendall 1945); NaN if one of them ties all candidates."""
    one, other = map(_signs, judges)
    untied = float(np.abs(one).sum() * np.abs(other).sum())
    return float(one @ other) / math.sqrt(untied) if untied else NAN


def _signs(scores: Scores) -> Ints:
    """Of each two candidates, which is first: 1 the former, -1 the latter, 0 neither."""
    given = np.array(scores)
    former, latter = (given[places] for places in _pairs(len(scores)))
    return (former > latter).astype(np.int64) - (former < latter)


@lru_cache
def _pairs(count: int) -> tuple[Ints, Ints]:
    """The places of each two of some candidates."""
    former, latter = np.triu_indices(count, 1)
    return former, latter


def same_first(judges: Sequence[Scores]) -> float:
    """The probability that two judges have the same first candidate, where ties are broken at random."""
    one, other = ({i for i, score in enumerate(scores) if score == max(scores)} for scores in judges)
    return len(one & other) / (len(one) * len(other))


def concordance(judges: Sequence[Scores]) -> float:
    """Kendall's W with its correction for ties (Kendall 1948); NaN if all judges tie all candidates."""
    ranks = np.array([normalised_ranks(scores) for scores in judges]) - 0.5
    within = len(judges) * float((ranks**2).sum())
    return float((ranks.sum(axis=0) ** 2).sum()) / within if within else NAN


ORDER_AGREEMENT: tuple[Agreement[OrderRatings], ...] = (
    Agreement(
        "tau",
        "mean over lists of Kendall's tau-b of the two orders; 0 is chance",
        "two",
        lambda table: table.over_lists(kendall),
    ),
    Agreement(
        "agreement",
        "share of lists with the same first candidate",
        "two",
        lambda table: table.over_lists(same_first),
        low=0.0,
    ),
    Agreement(
        "w",
        "mean over lists of Kendall's W of all orders: 1 if all are equal; 1 / number of judges is chance",
        "several",
        lambda table: table.over_lists(concordance),
        low=0.0,
    ),
)
