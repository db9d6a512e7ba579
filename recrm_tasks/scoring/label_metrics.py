"""Metrics of answers that are one label from a small set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.scoring import columns
from recrm_tasks.scoring.columns import Columns, Rows
from recrm_tasks.scoring.compare.paired import of_confusions, of_f1, of_shares
from recrm_tasks.scoring.content_scores import AREA, RARER_VALUES, content_metrics
from recrm_tasks.scoring.metric import Metric
from recrm_tasks.scoring.metrics.beyond_chance import (
    Confusion,
    Linearised,
    balanced_accuracy,
    kappa,
    matthews,
    squared_distances,
    weighted_kappa,
)
from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Ints, share
from recrm_tasks.scoring.metrics.f1 import f1
from recrm_tasks.scoring.outcomes import Outcome

Table = TypeVar("Table")


@dataclass(frozen=True, eq=False)
class Labels:
    """Gold labels and answers."""

    gold: Ints
    """Shape (n,): label indices."""
    answered: Ints
    """Shape (n,): label indices; -1 is an unreadable answer."""
    clusters: Clusters
    values: tuple[float, ...] = ()
    """The value of each label of the set; empty if it is not known, or not the same for all rows."""

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> tuple[Labels, Rows]:
        """The checked table of some outcomes, in their order.

        Raises:
            HarnessError: outcomes that no valid run can have; see `columns`.
        """
        table = Columns.of(outcomes)
        rows = Rows.of(table)
        gold, answered = columns.labels(table, [outcome.values for outcome in outcomes])
        sets = {outcome.values for outcome in outcomes}
        return cls(gold, answered, rows.clusters, sets.pop() if len(sets) == 1 else ()), rows

    def readable(self, rows: Rows) -> Labels:
        """The rows with a readable answer."""
        return Labels(self.gold[rows.readable], self.answered[rows.readable], rows.kept(), self.values)

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        """Shape (n,): whether the answer is the gold label."""
        found: NDArray[np.bool_] = self.gold == self.answered
        return found

    @cached_property
    def confusion(self) -> Confusion:
        """The confusion matrix with its rows."""
        return Confusion(self.gold, self.answered, self.clusters)

    def quadratic_kappa(self, counts: Ints) -> Linearised:
        """Weighted kappa by the squared differences of the labels' values; undefined without these."""
        weights = squared_distances(self.values, len(counts))
        return Linearised(NAN, np.full(counts.shape, NAN)) if weights is None else weighted_kappa(counts, weights)

    @cached_property
    def majority(self) -> float:
        """The share of the most frequent gold label; NaN without rows."""
        return int(np.bincount(self.gold).max()) / len(self.gold) if len(self.gold) else NAN


def classification(labels_of: Callable[[Table], Labels]) -> tuple[Metric[Table], ...]:
    """Accuracy, F1 and what is left of them beyond chance, of any table that has labels.

    Args:
        labels_of: returns a table's labels.
    """

    return (
        Metric(
            "acc",
            "share of correct answers",
            lambda table: share(labels_of(table).right, labels_of(table).clusters),
            headline=True,
            brief=True,
            hub="accuracy",
            chance="acc_baseline",
            compare=lambda a, b: of_shares(labels_of(a).right, labels_of(b).right, labels_of(a).clusters),
        ),
        *(
            Metric(
                name,
                means,
                lambda table, average=average: f1(  # type: ignore[misc]
                    labels_of(table).gold, labels_of(table).answered, average, labels_of(table).clusters
                ),
                headline=main,
                brief=main,
                hub="f1",
                compare=lambda a, b, average=average: of_f1(  # type: ignore[misc]
                    labels_of(a).gold, labels_of(a).answered, labels_of(b).answered, average, labels_of(a).clusters
                ),
            )
            for name, average, main, means in (
                ("f1", "weighted", True, "F1 per label, averaged with the gold counts as weights"),
                ("f1_macro", "macro", False, "F1 per label, plain mean over the labels that occur"),
            )
        ),
        Metric(
            "acc_balanced",
            "balanced accuracy: share of correct answers per gold label, plain mean over the gold labels that occur",
            lambda table: labels_of(table).confusion.estimate(balanced_accuracy),
            compare=lambda a, b: of_confusions(
                labels_of(a).confusion, labels_of(b).confusion, balanced_accuracy, balanced_accuracy
            ),
        ),
        Metric(
            "mcc",
            "Matthews correlation of answers and gold labels, for more than two labels R_K; 0 is chance",
            lambda table: labels_of(table).confusion.estimate(matthews),
            low=-1.0,
            hub="matthews_correlation",
            chance=0.0,
            compare=lambda a, b: of_confusions(
                labels_of(a).confusion, labels_of(b).confusion, matthews, matthews, widest=2.0
            ),
        ),
        Metric(
            "kappa",
            "Cohen's kappa of answers and gold labels: agreement beyond that of their frequencies; 0 is chance",
            lambda table: labels_of(table).confusion.estimate(kappa),
            low=-1.0,
            chance=0.0,
            compare=lambda a, b: of_confusions(
                labels_of(a).confusion, labels_of(b).confusion, kappa, kappa, widest=2.0
            ),
        ),
    )


LABEL_METRICS: tuple[Metric[Any], ...] = (
    *classification(lambda labels: labels),
    Metric(
        "kappa_quadratic",
        "weighted kappa: a disagreement counts by the squared difference of the labels' values",
        lambda labels: labels.confusion.estimate(labels.quadratic_kappa),
        low=-1.0,
        chance=0.0,
        compare=lambda a, b: of_confusions(a.confusion, b.confusion, a.quadratic_kappa, b.quadratic_kappa, widest=2.0),
    ),
    *content_metrics(lambda scores: scores),
    AREA,
    RARER_VALUES,
)
