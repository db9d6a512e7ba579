"""Metrics of answers that are the probability of a yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from recrm_tasks.scoring import columns
from recrm_tasks.scoring.columns import Columns, Rows
from recrm_tasks.scoring.compare.paired import of_areas, of_means
from recrm_tasks.scoring.content_scores import content_metrics
from recrm_tasks.scoring.label_metrics import Labels, classification
from recrm_tasks.scoring.metric import RARER, Metric, count
from recrm_tasks.scoring.metrics.auc import auc, clusters_of_rarer
from recrm_tasks.scoring.metrics.calibration import Binned, binned, brier, decomposition, ece
from recrm_tasks.scoring.metrics.estimate import Clusters, Estimate, Floats, Ints
from recrm_tasks.scoring.outcomes import Outcome

YES = 0.5
"""Probabilities from here count as the answer yes."""


@dataclass(frozen=True, eq=False)
class Probabilities:
    """What happened, and the probability that was stated for it."""

    gold: Ints
    """Shape (n,): 0 or 1."""
    stated: Floats
    """Shape (n,); NaN is an unreadable answer."""
    clusters: Clusters

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> tuple[Probabilities, Rows]:
        """The checked table of some outcomes, in their order.

        Raises:
            HarnessError: outcomes that no valid run can have; see `columns`.
        """
        table = Columns.of(outcomes)
        rows = Rows.of(table)
        gold, stated = columns.probabilities(table)
        return cls(gold, stated, rows.clusters), rows

    @classmethod
    def ascending(cls, outcomes: Sequence[Outcome]) -> tuple[Probabilities, Rows]:
        """Like `of`, in ascending order of probability, unreadable ones last: one sort for all metrics."""
        table, rows = cls.of(outcomes)
        gold, stated, rows = columns.by_probability(table.gold, table.stated, rows)
        return cls(gold, stated, rows.clusters), rows

    def readable(self, rows: Rows) -> Probabilities:
        """The rows with a readable answer."""
        kept = Probabilities(self.gold[rows.readable], self.stated[rows.readable], rows.kept())
        kept.__dict__["bins"] = self.bins  # bins are of the readable rows in either case
        return kept

    @cached_property
    def labels(self) -> Labels:
        """Each probability as the label 1 (yes) or 0 (no)."""
        answered = np.where(np.isnan(self.stated), -1, self.stated >= YES).astype(np.int64)
        return Labels(self.gold, answered, self.clusters)

    @cached_property
    def bins(self) -> Binned:
        """The readable answers in bins of equal mass."""
        known = ~np.isnan(self.stated)
        return binned(self.gold[known], self.stated[known])

    @cached_property
    def losses(self) -> Floats:
        """Shape (n,): the Brier loss of each answer; 1 for an unreadable one."""
        return np.nan_to_num((self.stated - self.gold) ** 2, nan=1.0)

    @cached_property
    def parts(self) -> dict[str, Estimate]:
        """The parts of the Brier score of readable answers."""
        return decomposition(self.gold, self.bins, self.clusters)


PROBABILITY_METRICS: tuple[Metric[Any], ...] = (
    Metric(
        "auc",
        "area under the ROC curve; an unreadable answer loses all its pairs",
        lambda table: auc(table.gold, table.stated, table.clusters),
        interval="area",
        headline=True,
        brief=True,
        hub="roc_auc",
        chance=0.5,
        compare=lambda a, b: of_areas(a.gold, a.stated, b.stated, a.clusters),
        reads="both",
    ),
    count(
        RARER,
        "number of clusters with a positive, or with a negative if that is less",
        of=lambda table: clusters_of_rarer(table.gold, table.clusters),
        reads="both",
    ),
    *classification(lambda table: table.labels),
    Metric(
        "brier",
        "mean squared difference between probability and label",
        lambda table: brier(table.gold, table.stated, table.clusters),
        better="lower",
        hub="brier_score",
        compare=lambda a, b: of_means(a.losses, b.losses, a.clusters),
    ),
    Metric(
        "ece",
        "expected calibration error over 10 bins of equal mass",
        lambda table: ece(table.stated, table.bins, table.clusters),
        better="lower",
    ),
    Metric(
        "reliability",
        "part of the Brier score: how far the probabilities of bins are from their shares of positives",
        lambda table: table.parts["reliability"],
        better="lower",
        over="readable",
    ),
    Metric(
        "resolution",
        "part of the Brier score: how much the bins differ in their shares of positives",
        lambda table: table.parts["resolution"],
        over="readable",
    ),
    Metric(
        "uncertainty",
        "part of the Brier score: the variance of the labels, the same for every model",
        lambda table: table.parts["uncertainty"],
        better="neither",
        over="readable",
    ),
    *content_metrics(lambda scores: scores),
)
