"""Scores -> the shared metrics. All of them see every epoch: a reducer would lose the outcomes."""

from __future__ import annotations

from collections import defaultdict

from inspect_ai.scorer import Metric, SampleScore, Value, metric

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.scoring.answers import Outcome
from recrm_tasks.scoring.metrics.tables import Metrics, flat, mean_score


@metric(scores="unreduced")
def dimension_metrics() -> Metric:
    """All metrics of one dimension, by the names that lm-eval shows: `acc`, `acc_stderr`, …"""

    def compute(scores: list[SampleScore]) -> Value:
        measured = _measured(scores)
        return dict(flat(next(iter(measured.values())))) if measured else {}

    return compute


@metric(scores="unreduced")
def mean_metrics() -> Metric:
    """`mean_score` over the dimensions that were asked, and all metrics by dimension: `factual_acc`, …"""

    def compute(scores: list[SampleScore]) -> Value:
        measured = _measured(scores)
        if not measured:
            return {}
        mean = mean_score([metrics["score"] for metrics in measured.values()])
        numbers = {"mean_score": mean.value, "mean_score_stderr": mean.stderr}
        for key, metrics in measured.items():
            numbers.update({f"{key}_{name}": value for name, value in flat(metrics).items()})
        return dict(numbers)

    return compute


def _measured(scores: list[SampleScore]) -> dict[str, Metrics]:
    """The metrics of every dimension among the scores, by key in alphabetical order (lm-eval's order in groups)."""
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for entry in scores:
        metadata = entry.score.metadata or {}
        outcomes[metadata["dimension"]].append(Outcome.from_json(metadata["outcome"]))
    return {key: dimension_of(key).metrics(outcomes[key]) for key in sorted(outcomes)}
