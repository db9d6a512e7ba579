"""Scores -> the shared metrics. All of them see every epoch: a reducer would lose the outcomes."""

from __future__ import annotations

from collections import defaultdict

from inspect_ai.scorer import Metric, SampleScore, Value, metric

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import RECRM, Suite
from recrm_tasks.dimensions.suites import suite as suite_named
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.outcomes import Outcome


@metric(scores="unreduced")
def dimension_metrics() -> Metric:
    """All metrics of one dimension, by the names that lm-eval shows: `acc`, `acc_stderr`, …"""

    def compute(scores: list[SampleScore]) -> Value:
        for key, outcomes in _outcomes(scores).items():
            return {**flat(dimension_of(key).metrics(outcomes)), **_told(scores)}
        return {}

    return compute


@metric(scores="unreduced")
def bench_metrics() -> Metric:
    """The aggregate over the dimensions that were asked, and all metrics by dimension: `factual_acc`, …"""

    def compute(scores: list[SampleScore]) -> Value:
        outcomes = _outcomes(scores)
        if not outcomes:
            return {}
        measured = {key: dimension_of(key).metrics(found) for key, found in sorted(outcomes.items())}
        numbers = flat(_suite(scores).aggregate(outcomes, measured))
        for key, metrics in measured.items():
            numbers.update({f"{key}_{name}": value for name, value in flat(metrics).items()})
        return {**numbers, **_told(scores)}

    return compute


def _suite(scores: list[SampleScore]) -> Suite:
    """The suite of a bench; scores of version 0.1.0 name none."""
    name = (scores[0].score.metadata or {}).get("suite")
    return suite_named(name) if name else RECRM


def _told(scores: list[SampleScore]) -> dict[str, float]:
    """What Inspect knows and lm-eval does not, where there is any.

    `unseen` counts records with an answer of which the provider reported no probability. It is at most that of the
    least likely token that was reported and counts as 0: labels and orders of those seen stand, but a probability of
    behavior is exactly 0 or 1 then, and candidates tie. `cut` counts generated answers that the token limit cut off.
    """
    counts = {name: sum(bool((entry.score.metadata or {}).get(name)) for entry in scores) for name in ("unseen", "cut")}
    return {name: float(count) for name, count in counts.items() if count}


def _outcomes(scores: list[SampleScore]) -> dict[str, list[Outcome]]:
    """The outcomes by dimension."""
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for entry in scores:
        metadata = entry.score.metadata or {}
        outcomes[metadata["dimension"]].append(Outcome.from_json(metadata["outcome"]))
    return outcomes
