"""Scores -> metrics. They use the scores of every epoch: a reducer would lose the outcomes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from inspect_ai.scorer import Metric, SampleScore, Value, metric

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import RECRM, Suite
from recrm_tasks.dimensions.suites import suite as suite_named
from recrm_tasks.models.usage import Usage, total
from recrm_tasks.robustness.measured import measured, numbers_of
from recrm_tasks.scoring.metric import VALID, flat
from recrm_tasks.scoring.metric import Metric as DeclaredMetric
from recrm_tasks.scoring.outcomes import Outcome

USAGE = "usage"
"""The entry of a score's metadata with what its answer cost."""


@metric(scores="unreduced")
def dimension_metrics() -> Metric:
    """All metrics of one dimension, under the same names as in lm-eval: `acc`, `acc_stderr`, …"""

    def compute(scores: list[SampleScore]) -> Value:
        return dict(of_dimension(scores))

    return compute


@metric(scores="unreduced")
def bench_metrics() -> Metric:
    """The aggregate over the evaluated dimensions, and all metrics by dimension: `factual_acc`, …"""

    def compute(scores: list[SampleScore]) -> Value:
        return dict(of_bench(scores))

    return compute


@metric(scores="unreduced")
def stress_metrics() -> Metric:
    """The figures of a stress run over all changes, and of each change: `praise_flip`, …"""

    def compute(scores: list[SampleScore]) -> Value:
        return dict(of_stress(scores))

    return compute


def of_dimension(scores: list[SampleScore]) -> dict[str, float]:
    """The numbers of `dimension_metrics`; none without scores."""
    for key, outcomes in _outcomes(scores).items():
        dimension = dimension_of(key)
        numbers = {**flat(dimension.metrics(outcomes)), **_inspect_counts(scores)}
        declared = dimension.kind.declared
        return _first(
            ["score", *(name for name in numbers if name in declared and _is_headline(declared[name], name))], numbers
        )
    return {}


def of_bench(scores: list[SampleScore]) -> dict[str, float]:
    """The numbers of `bench_metrics`; none without scores."""
    outcomes = _outcomes(scores)
    if not outcomes:
        return {}
    measured = {key: dimension_of(key).metrics(found) for key, found in sorted(outcomes.items())}
    suite = _suite(scores)
    numbers = flat(suite.aggregate(outcomes, measured))
    for key, metrics in measured.items():
        own = [entry for entry in scores if (entry.score.metadata or {})["dimension"] == key]
        found = {**flat(metrics), **_inspect_counts(own)}
        numbers.update({f"{key}_{name}": value for name, value in found.items()})
    numbers = {**numbers, **_inspect_counts(scores)}
    return _first(["mean_score", "hybrid", *(f"{key}_score" for key in suite.keys)], numbers)


def of_stress(scores: list[SampleScore]) -> dict[str, float]:
    """The numbers of `stress_metrics`; none without scores."""
    if not scores:
        return {}
    return {**numbers_of(measured(_outcomes(scores))), **_inspect_counts(scores)}


def _is_headline(metric: DeclaredMetric[Any], name: str) -> bool:
    return metric.headline and not name.endswith(VALID)


def _first(names: Iterable[str], numbers: dict[str, float]) -> dict[str, float]:
    """The numbers with some of them first: Inspect's view shows the first five above the samples."""
    return {name: numbers[name] for name in names if name in numbers} | numbers


def _suite(scores: list[SampleScore]) -> Suite:
    """The suite of a bench; scores of version 0.1.0 do not name it."""
    name = (scores[0].score.metadata or {}).get("suite")
    return suite_named(name) if name else RECRM


def _inspect_counts(scores: list[SampleScore]) -> dict[str, float]:
    """Counts that only Inspect can report; those that are 0 are omitted.

    `unseen` counts records with a choice whose log-probability the provider did not report, as it reports its most
    likely tokens only. The probability is at most that of the least likely reported token, and counts as 0. So the
    order of reported choices is correct, but a probability of behavior is then exactly 0 or 1, and unreported
    candidates tie. `cut` counts generated answers that the token limit cut off.
    """
    counts = {name: sum(bool((entry.score.metadata or {}).get(name)) for entry in scores) for name in ("unseen", "cut")}
    return {name: float(count) for name, count in counts.items() if count} | _usage(scores)


def _usage(scores: list[SampleScore]) -> dict[str, float]:
    """The costs, under the names that lm-eval's results have; nothing if some scores are of a version without them."""
    several = [entry.score.metadata or {} for entry in scores]
    if not all(USAGE in metadata for metadata in several):
        return {}
    known = total(Usage(**metadata[USAGE]) for metadata in several)._asdict()
    return {name: float(count) for name, count in known.items() if count is not None}


def _outcomes(scores: list[SampleScore]) -> dict[str, list[Outcome]]:
    """The outcomes by dimension."""
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for entry in scores:
        metadata = entry.score.metadata or {}
        outcomes[metadata["dimension"]].append(Outcome.from_json(metadata["outcome"]))
    return outcomes
