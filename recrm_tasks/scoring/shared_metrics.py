"""The metrics that stand beside all others, whatever the kind of answer: N, clusters, coverage, baseline, reasons."""

from __future__ import annotations

from typing import NamedTuple

from recrm_tasks.scoring.columns import Rows
from recrm_tasks.scoring.metric import Metric, count
from recrm_tasks.scoring.metrics.estimate import share
from recrm_tasks.scoring.outcomes import Reason


class Facts(NamedTuple):
    """What they are computed from."""

    rows: Rows
    baseline: float
    """The accuracy of an answer that does not look at the record."""


def _invalid(reason: Reason) -> Metric[Facts]:
    return count(
        f"invalid_{reason.value}",
        f"unreadable answers with the reason {reason.value}",
        "lower",
        of=lambda facts: facts.rows.invalid[reason.value],
    )


SHARED: tuple[Metric[Facts], ...] = (
    Metric(
        "coverage",
        "share of answers that could be read",
        lambda facts: share(facts.rows.readable, facts.rows.clusters),
        over="all",
        headline=True,
    ),
    count(
        "acc_baseline",
        "accuracy of the most frequent label; for lists, of a random order",
        of=lambda facts: facts.baseline,
        high=1.0,
    ),
    count("n", "answers", of=lambda facts: len(facts.rows.readable), headline=True),
    count("clusters", "groups of answers that belong together", of=lambda facts: facts.rows.cluster_count),
    *(_invalid(reason) for reason in Reason),
)
