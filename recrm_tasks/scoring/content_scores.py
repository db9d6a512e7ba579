"""Scores that a reward model gave to contents, and the metrics of them: those that need no threshold.

A score is a real number without a scale of its own. It says that one content is better than another; it does not say
that a content is good. So there is no accuracy of single records, no F1 and no calibration.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.columns import Columns, Rows
from recrm_tasks.scoring.compare.difference import UNDEFINED, Difference, normal_p
from recrm_tasks.scoring.compare.paired import of_areas
from recrm_tasks.scoring.compare.randomisation import sign_flip
from recrm_tasks.scoring.diagnosis import Diagnosis
from recrm_tasks.scoring.metric import RARER, Metric, count
from recrm_tasks.scoring.metrics.auc import auc, clusters_of_rarer
from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Estimate, Floats, Ints, error_of
from recrm_tasks.scoring.metrics.pair_accuracy import Pairs, across, pairs_of, within
from recrm_tasks.scoring.outcomes import Outcome

PRIMARY = ("pair_acc", "auc")
"""The metric that a dimension's score is where its primary one needs a threshold; the second if there are no pairs."""


def reads_of(outcomes: Sequence[Outcome]) -> Literal["letters", "content"]:
    """Whether the values are scores of contents, or answers.

    Raises:
        HarnessError: some are and some are not.
    """
    scored = sum(outcome.question is not None for outcome in outcomes)
    if scored not in (0, len(outcomes)):
        raise HarnessError(f"{scored} of {len(outcomes)} values are scores of contents: two runs are mixed")
    return "content" if scored else "letters"


@dataclass(frozen=True, eq=False)
class Scores:
    """Contents with the value of their gold label, and their scores."""

    worth: Floats
    """Shape (n,): the value that the label set declares for the gold label, or the grade."""
    stated: Floats
    """Shape (n,): the scores."""
    questions: Ints
    """Shape (n,): what each content answers; only contents of one question are compared in pairs."""
    clusters: Clusters

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> tuple[Scores, Rows]:
        """The checked table of outcomes with one content each, in their order.

        Raises:
            HarnessError: a score is not a finite number, or a gold label has no value.
        """
        rows = Rows.of(Columns.of(outcomes))
        for outcome in outcomes:
            if type(outcome.value) not in (float, int) or not math.isfinite(outcome.value):  # type: ignore[arg-type]
                raise HarnessError(f"record {outcome.id}: score {outcome.value!r} is not a finite number")
            if type(outcome.gold) is not int or not 0 <= outcome.gold < (len(outcome.values) or math.inf):
                raise HarnessError(f"record {outcome.id}: gold {outcome.gold!r} has no value")
        worth = [o.values[o.gold] if o.values else float(o.gold) for o in outcomes]  # type: ignore[index, arg-type]
        questions = _codes([outcome.question for outcome in outcomes])
        clusters = _joined(questions, rows.clusters)
        stated = np.array([outcome.value for outcome in outcomes], dtype=np.float64)
        return cls(np.array(worth, dtype=np.float64), stated, questions, clusters), rows._replace(clusters=clusters)

    @classmethod
    def of_lists(
        cls, lists: Sequence[tuple[tuple[int, ...], tuple[float, ...]]], rows: Rows, ids: Sequence[str]
    ) -> Scores:
        """The table of all candidates of whole lists.

        Args:
            lists: grades and scores of each.
            rows: the lists' shared columns.
            ids: the lists' ids, for messages.

        Raises:
            HarnessError: a score is not a finite number.
        """
        for name, (_, scores) in zip(ids, lists, strict=True):
            if not all(map(math.isfinite, scores)):
                raise HarnessError(f"record {name}: scores {scores!r} are not finite numbers")
        sizes = [len(grades) for grades, _ in lists]
        questions = np.repeat(np.arange(len(lists)), sizes)
        return cls(
            np.array([grade for grades, _ in lists for grade in grades], dtype=np.float64),
            np.array([score for _, scores in lists for score in scores], dtype=np.float64),
            questions,
            questions if rows.clusters is None else np.repeat(rows.clusters, sizes),
        )

    def readable(self, rows: Rows) -> Scores:
        """All rows: a score is always readable."""
        return self

    @cached_property
    def gold(self) -> Ints:
        """Shape (n,): 1 for a positive (above 0), else 0."""
        found: Ints = (self.worth > 0).astype(np.int64)
        return found

    @cached_property
    def pairs(self) -> Pairs:
        """The pairs within questions."""
        return pairs_of(self.worth, self.stated, self.questions)

    @cached_property
    def all_pairs(self) -> Pairs:
        """The pairs of any two contents."""
        return pairs_of(self.worth, self.stated, np.zeros(len(self.worth), dtype=np.int64))

    @cached_property
    def majority(self) -> float:
        """The share of the most frequent value; NaN without rows."""
        return int(np.unique(self.worth, return_counts=True)[1].max()) / len(self.worth) if len(self.worth) else NAN

    @cached_property
    def rarer(self) -> int:
        """As `clusters_of_rarer` says."""
        return clusters_of_rarer(self.worth, self.clusters)

    def area(self) -> Estimate:
        """The share of pairs of any two contents of unequal value in which the better one has the higher score.

        With two values it is the area under the ROC curve, with DeLong's error. As there, the error is undefined where
        all values but one are in one cluster.
        """
        if len(np.unique(self.worth)) == 2:
            return auc(self._best, self.stated, self.clusters)
        found = across(self.all_pairs, self.clusters)
        return found if self.rarer > 1 else Estimate(found.value, NAN)

    @cached_property
    def _best(self) -> Ints:
        found: Ints = (self.worth == self.worth.max(initial=0.0)).astype(np.int64)
        return found

    def area_change(self, other: Scores) -> Difference:
        """The paired difference of `area`, other minus this."""
        if len(np.unique(self.worth)) == 2:
            return of_areas(self._best, self.stated, other.stated, self.clusters)
        before, after = self.all_pairs, other.all_pairs
        if not before.total:
            return UNDEFINED
        change = after.accuracy - before.accuracy
        influence = ((after.won - before.won) / 2 - change * before.met) / before.total
        stderr = error_of(influence, self.clusters) if self.rarer > 1 else NAN
        return Difference.normal(before.accuracy, after.accuracy, stderr, normal_p(change, stderr), "Hájek, paired")


def content_metrics(scores_of: Callable[[Any], Scores]) -> tuple[Metric[Any], ...]:
    """Pair accuracy of any table that has scores, and what it is over.

    Args:
        scores_of: returns a table's scores.
    """
    return (
        Metric(
            "pair_acc",
            "content: share of pairs of one question and unequal gold in which the better one scores higher",
            lambda table: within(scores_of(table).pairs, scores_of(table).clusters),
            over="all",
            headline=True,
            brief=True,
            chance=0.5,
            compare=lambda a, b: _paired(scores_of(a), scores_of(b)),
            trials="pair_questions",
            reads="content",
        ),
        count(
            "pairs",
            "content: number of pairs of one question and unequal gold",
            of=lambda table: scores_of(table).pairs.total,
            reads="content",
        ),
        count(
            "pair_questions",
            "content: number of questions with such a pair",
            of=lambda table: len(np.unique(scores_of(table).questions[scores_of(table).pairs.met > 0])),
            reads="content",
        ),
    )


AREA: Metric[Any] = Metric(
    "auc",
    "content: share of pairs of any two records and unequal gold in which the better one scores higher",
    lambda table: table.area(),
    over="all",
    interval="area",
    headline=True,
    brief=True,
    hub="roc_auc",
    chance=0.5,
    compare=lambda a, b: a.area_change(b),
    reads="content",
)
"""For labels, which have no AUC of answers. With two labels it is the area under the ROC curve."""

RARER_VALUES: Metric[Any] = count(
    RARER,
    "content: number of clusters with another gold value than a certain one, at least",
    of=lambda table: table.rarer,
    reads="content",
)


def _paired(first: Scores, second: Scores) -> Difference:
    """Pair accuracies of two runs on the same records: sign flips of clusters, and a cluster-robust interval."""
    before, after = first.pairs, second.pairs
    paired = before.met > 0
    if not paired.any():
        return UNDEFINED
    clusters = None if first.clusters is None else first.clusters[paired]
    gained = ((after.won - before.won) / 2)[paired]
    change = after.accuracy - before.accuracy
    p, test = sign_flip(gained / 2, clusters)
    stderr = error_of((gained - change * before.met[paired]) / (2 * before.total), clusters)
    return Difference.normal(before.accuracy, after.accuracy, stderr, p, test)


def _codes(keys: Sequence[Hashable]) -> Ints:
    """A number from 0 for each key, the same for equal ones."""
    codes: dict[Hashable, int] = {}
    return np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.int64)


def _joined(questions: Ints, clusters: Clusters) -> Ints:
    """Clusters that contain every question as a whole: the connected parts of clusters and questions.

    Args:
        questions: shape (n,), numbers from 0.
        clusters: shape (n,) or None.
    """
    if clusters is None:
        return questions
    root: dict[tuple[str, int], tuple[str, int]] = {}

    def find(node: tuple[str, int]) -> tuple[str, int]:
        while (above := root.setdefault(node, node)) != node:
            root[node] = node = root[above]
        return node

    for question, cluster in set(zip(questions.tolist(), clusters.tolist(), strict=True)):
        root[find(("question", question))] = find(("cluster", cluster))
    return _codes([find(("question", question)) for question in questions.tolist()])


def diagnosis_of_pairs(table: Scores) -> Diagnosis:
    """The pairs of one question by the gold values of the better and the worse one."""
    values = np.unique(table.worth)
    rows = []
    for i, worse in enumerate(values):
        for better in values[i + 1 :]:
            of = (table.worth == worse) | (table.worth == better)
            pairs = pairs_of(table.worth[of], table.stated[of], table.questions[of])
            if pairs.total:
                rows.append(
                    {"better": float(better), "worse": float(worse), "pairs": pairs.total, "won": pairs.accuracy}
                )
    return Diagnosis(
        name="pairs",
        title="Pairs",
        caption="Pairs of contents that answer one question, by the values of their gold labels. won: share of pairs "
        "in which the better one scores higher; ties count one half.",
        rows=rows,
    )
