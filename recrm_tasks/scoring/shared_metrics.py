"""The metrics that all kinds of answers share: N, clusters, coverage, baseline, and counts of invalid answers."""

from __future__ import annotations

from typing import NamedTuple

from recrm_tasks.scoring.columns import Rows
from recrm_tasks.scoring.metric import Metric, count
from recrm_tasks.scoring.metrics.estimate import share
from recrm_tasks.scoring.outcomes import Reason


class Facts(NamedTuple):
    """The input of the shared metrics."""

    rows: Rows
    baseline: float
    """The accuracy of the best answer that does not depend on the record."""


def _invalid(reason: Reason) -> Metric[Facts]:
    return count(
        f"invalid_{reason.value}",
        f"number of unreadable answers with the reason {reason.value}",
        "lower",
        reads="both",
        of=lambda facts: facts.rows.invalid[reason.value],
    )


SHARED: tuple[Metric[Facts], ...] = (
    Metric(
        "coverage",
        "share of readable answers",
        lambda facts: share(facts.rows.readable, facts.rows.clusters),
        over="all",
        headline=True,
        brief=True,
        reads="both",
    ),
    count(
        "acc_baseline",
        "accuracy of always giving the most frequent label; for lists, of a random order",
        of=lambda facts: facts.baseline,
        high=1.0,
        brief=True,
        reads="both",
    ),
    count(
        "n",
        "number of answers",
        of=lambda facts: len(facts.rows.readable),
        headline=True,
        brief=True,
        reads="both",
    ),
    count(
        "clusters", "number of independent groups of answers", of=lambda facts: facts.rows.cluster_count, reads="both"
    ),
    *(_invalid(reason) for reason in Reason),
)
