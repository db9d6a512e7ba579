"""Answers of all dimensions -> the aggregate of each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recrm_tasks.aggregate import hybrid_scores
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.scoring.aggregate.hybrid import Hybrid
from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.metrics.estimate import Estimate
from recrm_tasks.scoring.metrics.tables import Metrics, flat, mean_score


class Aggregate(NamedTuple):
    """One model in one answer mode, on all dimensions."""

    model: str
    mode: str
    answers: dict[str, Answers]
    """By dimension, in their order."""
    metrics: dict[str, Metrics]
    """By dimension."""
    mean: Estimate
    hybrid: dict[str, Hybrid]
    """By form."""

    @property
    def clusters(self) -> float:
        """The smallest number of clusters of any dimension: intervals of the aggregate are computed with it."""
        return min(flat(metrics)["clusters"] for metrics in self.metrics.values())


def aggregate_runs(answers: Sequence[Answers], roles: Mapping[str, Role]) -> list[Aggregate]:
    """One per model and answer mode.

    Raises:
        DataError: a model lacks a dimension, has one twice, or its dimensions are of different data.
    """
    runs: dict[tuple[str, str], dict[str, Answers]] = {}
    for one in answers:
        earlier = runs.setdefault((one.model, one.mode), {}).setdefault(one.dimension, one)
        if earlier is not one:
            raise DataError(
                f"two runs of {one.dimension} by {one.model} ({one.mode}): {earlier.file} and {one.file}; "
                "name the files"
            )
    return [_aggregate(model, mode, found, roles) for (model, mode), found in sorted(runs.items())]


def _aggregate(model: str, mode: str, found: Mapping[str, Answers], roles: Mapping[str, Role]) -> Aggregate:
    missing = [key for key in dimensions() if key not in found]
    if missing:
        raise DataError(f"{model} ({mode}): no run of {', '.join(missing)}; the aggregate needs all dimensions")
    sources = {(one.provenance["data"], one.provenance["revision"]): one for one in found.values()}
    if len(sources) > 1:
        found_in = "; ".join(f"{one.dimension} is of {data} at {revision}" for (data, revision), one in sources.items())
        raise DataError(f"{model} ({mode}): the dimensions are of different data: {found_in}")
    answers = {key: found[key] for key in dimensions()}
    outcomes = {key: one.outcomes for key, one in answers.items()}
    metrics = {key: dimension_of(key).metrics(rows) for key, rows in outcomes.items()}
    mean = mean_score([metrics[key]["score"] for key in sorted(metrics)])
    return Aggregate(model, mode, answers, metrics, mean, hybrid_scores(outcomes, roles))
