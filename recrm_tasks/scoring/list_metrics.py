"""Metrics of answers that order a list: means over lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from recrm_tasks.scoring import columns
from recrm_tasks.scoring.columns import Columns, Rows
from recrm_tasks.scoring.compare.paired import of_means
from recrm_tasks.scoring.metric import Metric
from recrm_tasks.scoring.metrics import ranked_list
from recrm_tasks.scoring.metrics.estimate import Clusters, Estimate, Floats, mean
from recrm_tasks.scoring.outcomes import Outcome

OfList = Callable[[Sequence[int], Sequence[float]], float]
"""A metric of one list, from its grades and scores."""

List = tuple[tuple[int, ...], tuple[float, ...]]
"""Grades and scores; no scores where the answer is unreadable."""


class Lists:
    """Lists and their values by metric. Each metric is computed once, for all lists and the readable ones together."""

    def __init__(
        self,
        lists: Sequence[List],
        clusters: Clusters,
        kept: Rows | None = None,
        known: dict[OfList, Floats] | None = None,
    ) -> None:
        self._all, self.clusters, self._rows = lists, clusters, kept
        self._known: dict[OfList, Floats] = {} if known is None else known

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> tuple[Lists, Rows]:
        """The checked table of some outcomes, in their order.

        Raises:
            HarnessError: outcomes that no valid run can have; see `columns`.
        """
        table = Columns.of(outcomes)
        rows = Rows.of(table)
        return cls(columns.lists(table), rows.clusters), rows

    def readable(self, rows: Rows) -> Lists:
        """The lists with a readable answer."""
        return Lists(self._all, rows.kept(), rows, self._known)

    def values(self, measure: OfList) -> Floats:
        """Shape (lists,): the value of each list; 0 without a readable answer."""
        if measure not in self._known:
            self._known[measure] = np.array([measure(*one) if one[1] else 0.0 for one in self._all], dtype=np.float64)
        found = self._known[measure]
        return found if self._rows is None else found[self._rows.readable]

    def position_bias(self) -> Estimate:
        """The mean place of first choices over readable answers."""
        readable = np.array([bool(scores) for _, scores in self._all], dtype=np.bool_)
        places = [ranked_list.chosen_place(scores) for _, scores in self._all if scores]
        return mean(np.array(places, dtype=np.float64), None if self.clusters is None else self.clusters[readable])

    def chance(self) -> float:
        """The accuracy of a random order."""
        first = [ranked_list.top_hit(grades, (0.0,) * len(grades)) for grades, _ in self._all]
        return mean(np.array(first, dtype=np.float64), None).value


def _of_lists(name: str, means: str, measure: OfList, **more: Any) -> Metric[Lists]:
    return Metric(
        name,
        means,
        lambda table: mean(table.values(measure), table.clusters),
        compare=lambda a, b: of_means(a.values(measure), b.values(measure), a.clusters),
        **more,
    )


LIST_METRICS: tuple[Metric[Lists], ...] = (
    _of_lists(
        "auc",
        "mean over lists of the AUC within the list",
        ranked_list.list_auc,
        headline=True,
        hub="roc_auc",
        chance=0.5,
    ),
    _of_lists(
        "acc",
        "share of lists whose first candidate is positive",
        ranked_list.top_hit,
        headline=True,
        hub="accuracy",
        chance="acc_baseline",
    ),
    *(
        _of_lists(f"hr@{k}", f"share of lists with a positive among the first {k}", partial(ranked_list.hit_rate, k=k))
        for k in (3, 5)
    ),
    *(_of_lists(f"ndcg@{k}", f"nDCG of the first {k}, linear gains", partial(ranked_list.ndcg, k=k)) for k in (3, 5)),
    _of_lists("mrr", "mean reciprocal rank of the first positive", ranked_list.reciprocal_rank),
    Metric(
        "position_bias",
        "mean place of the first choice in the order shown: 1 is always first, -1 always last, 0 no bias",
        lambda table: table.position_bias(),
        better="neither",
        low=-1.0,
        over="all",
    ),
)
