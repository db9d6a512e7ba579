"""Metrics of answers that order a list: means over lists, and those of all candidates pooled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from recrm_tasks.scoring import columns
from recrm_tasks.scoring.candidate_answers import Candidates, as_yes_or_no, asked_by_item, clusters_of, lists_of
from recrm_tasks.scoring.columns import Columns, Rows
from recrm_tasks.scoring.compare.difference import UNDEFINED, Difference
from recrm_tasks.scoring.compare.paired import of_areas, of_means, of_shares
from recrm_tasks.scoring.content_scores import Scores, content_metrics, reads_of
from recrm_tasks.scoring.metric import RARER, Metric, count
from recrm_tasks.scoring.metrics import ranked_list
from recrm_tasks.scoring.metrics.auc import auc, clusters_of_rarer
from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Estimate, Floats, mean, share
from recrm_tasks.scoring.outcomes import Outcome
from recrm_tasks.scoring.probability_metrics import Probabilities

OfList = Callable[[Sequence[int], Sequence[float]], float]
"""A metric of one list, from its grades and scores."""

List = tuple[tuple[int, ...], tuple[float, ...]]
"""Grades and scores; no scores where the answer is unreadable."""


class Lists:
    """Lists and their values by metric. Each metric is computed once, for all lists and the readable ones together."""

    pooled: Any = None
    """Where candidates were asked about one by one: all of them, as `Probabilities` or `Scores`."""
    scored: Scores | None = None
    """Where contents were scored: all candidates."""

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
        scored = reads_of(outcomes) == "content"
        if asked_by_item(outcomes):
            if scored:
                scores, rows = Scores.of(outcomes)
                return ItemLists(lists_of(outcomes), scores), rows
            pooled, rows = Probabilities.of(as_yes_or_no(outcomes))
            return ItemLists(lists_of(outcomes), pooled), rows
        table = Columns.of(outcomes)
        rows = Rows.of(table)
        found = cls(columns.lists(table), rows.clusters)
        if scored:
            found.scored = Scores.of_lists(found._all, rows, table.ids)
        return found, rows

    def __len__(self) -> int:
        return len(self._all) if self._rows is None else int(self._rows.readable.sum())

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


class ItemLists(Lists):
    """Lists whose candidates were asked about one by one: those with a positive and a negative to be ordered.

    Args:
        answered: every list all of whose candidates were asked about.
        pooled: all candidates, of whatever list.
    """

    def __init__(self, answered: Sequence[Candidates], pooled: Probabilities | Scores) -> None:
        ranked = [one for one in answered if one.ranks]
        super().__init__([(one.grades, one.scores) for one in ranked], clusters_of(ranked))
        self._answered, self.pooled = answered, pooled
        self.scored = pooled if isinstance(pooled, Scores) else None

    def readable(self, rows: Rows) -> Lists:
        """The same lists without the candidates whose answer is unreadable."""
        assert self.pooled is not None
        return ItemLists([one.readable() for one in self._answered], self.pooled.readable(rows))

    def position_bias(self) -> Estimate:
        """Undefined: the candidates were not shown together."""
        return Estimate(NAN, NAN)


def _more_frequent(pooled: Probabilities | Scores) -> float:
    """The share of the more frequent of positives and negatives; NaN without candidates."""
    positives = int(pooled.gold.sum())
    return max(positives, len(pooled.gold) - positives) / len(pooled.gold) if len(pooled.gold) else NAN


def _of_lists(name: str, means: str, measure: OfList, **more: Any) -> Metric[Lists]:
    return Metric(
        name,
        means,
        lambda table: mean(table.values(measure), table.clusters),
        compare=lambda a, b: of_means(a.values(measure), b.values(measure), a.clusters) if len(a) else UNDEFINED,
        trials="lists",
        reads="both",
        **more,
    )


def _of_candidates(
    name: str,
    means: str,
    measure: Callable[[Any], Estimate],
    compare: Callable[[Any, Any], Difference],
    **more: Any,
) -> Metric[Lists]:
    def compared(one: Lists, other: Lists) -> Difference:
        return UNDEFINED if one.pooled is None or other.pooled is None else compare(one.pooled, other.pooled)

    return Metric(
        name,
        means,
        lambda table: Estimate(NAN, NAN) if table.pooled is None else measure(table.pooled),
        compare=compared,
        by_item=True,
        headline=True,
        **more,
    )


LIST_METRICS: tuple[Metric[Lists], ...] = (
    _of_lists(
        "auc",
        "mean over lists of the AUC within the list",
        ranked_list.list_auc,
        headline=True,
        brief=True,
        hub="roc_auc",
        chance=0.5,
        instead="auc_pooled",
    ),
    _of_lists(
        "acc",
        "share of lists whose first candidate is positive",
        ranked_list.top_hit,
        headline=True,
        brief=True,
        hub="accuracy",
        chance="acc_baseline",
        instead="acc_pooled",
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
    _of_candidates(
        "auc_pooled",
        "candidates asked about one by one: area under the ROC curve over those of all lists together",
        lambda all_of_them: auc(all_of_them.gold, all_of_them.stated, all_of_them.clusters),
        lambda a, b: of_areas(a.gold, a.stated, b.stated, a.clusters),
        interval="area",
        brief=True,
        hub="roc_auc",
        chance=0.5,
        majority="acc_pooled_baseline",
        reads="both",
    ),
    _of_candidates(
        "acc_pooled",
        "candidates asked about one by one: share of those whose yes or no is correct",
        lambda all_of_them: share(all_of_them.labels.right, all_of_them.clusters),
        lambda a, b: of_shares(a.labels.right, b.labels.right, a.clusters),
        hub="accuracy",
        chance="acc_pooled_baseline",
    ),
    count(
        "acc_pooled_baseline",
        "candidates asked about one by one: accuracy of always giving the more frequent of yes and no",
        of=lambda table: NAN if table.pooled is None else _more_frequent(table.pooled),
        high=1.0,
        by_item=True,
        reads="both",
    ),
    count(
        RARER,
        "candidates asked about one by one: number of clusters with a positive, or with a negative if that is less",
        of=lambda table: NAN if table.pooled is None else clusters_of_rarer(table.pooled.gold, table.pooled.clusters),
        by_item=True,
        reads="both",
    ),
    count(
        "lists",
        "candidates asked about one by one: number of lists with a positive and a negative, which the others are over",
        of=len,
        over="both",
        by_item=True,
        reads="both",
    ),
    *content_metrics(lambda table: table.scored),
)
