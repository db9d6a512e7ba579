"""Answers of all dimensions -> the aggregate of each model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import RECRM, Suite, complete_suite
from recrm_tasks.errors import DataError
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.starving_forms import DeadGroups
from recrm_tasks.scoring.aggregate.hybrid import Hybrid
from recrm_tasks.scoring.aggregate.mean import mean_score
from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.content_scores import reads_of
from recrm_tasks.scoring.metric import Metrics, flat
from recrm_tasks.scoring.metrics.estimate import Estimate


class Aggregate(NamedTuple):
    """One model in one answer mode, on all dimensions."""

    model: str
    mode: str
    suite: Suite
    roles: dict[str, Role]
    """What each dimension is to the hybrid reward."""
    answers: dict[str, Answers]
    """By dimension, in their order."""
    metrics: dict[str, Metrics]
    """By dimension."""
    mean: Estimate
    hybrid: dict[str, Hybrid]
    """By form."""
    dead_groups: DeadGroups
    """What training on these verdicts is expected to have."""

    @property
    def unseen(self) -> int:
        """Records of all dimensions with an allowed answer whose log-probability was not reported."""
        return sum(len(answers.unseen) for answers in self.answers.values())

    @property
    def clusters(self) -> float:
        """The smallest number of clusters of any dimension: intervals of the aggregate are computed with it."""
        return min(flat(metrics)["clusters"] for metrics in self.metrics.values())


class Incomplete(DataError):
    """Not all dimensions of a suite were asked about."""


def aggregate_runs(answers: Sequence[Answers], weights: Sequence[str] = ()) -> tuple[list[Aggregate], list[str]]:
    """One per model and answer mode, of the suite that the logs name; and which of these lack a dimension.

    Args:
        answers: of all runs.
        weights: `relevance=2`, … for weights other than the declared ones.

    Raises:
        DataError: every model lacks a dimension, or one has a dimension twice or dimensions of different data.
        RecrmError: a weight is of no dimension or no number.
    """
    runs: dict[tuple[str, str], dict[str, Answers]] = {}
    for one in answers:
        earlier = runs.setdefault((one.model, one.mode), {}).setdefault(one.dimension, one)
        if earlier is not one:
            raise DataError(
                f"two runs of {one.dimension} by {one.model} ({one.mode}): {earlier.named} and {one.named}; "
                "name the files"
            )
    aggregates: list[Aggregate] = []
    incomplete: list[str] = []
    for (model, mode), found in sorted(runs.items()):
        try:
            aggregates.append(_aggregate(model, mode, found, weights))
        except Incomplete as error:
            incomplete.append(str(error))
    if incomplete and not aggregates:
        raise DataError("\n".join(incomplete))
    return aggregates, incomplete


def _aggregate(model: str, mode: str, found: Mapping[str, Answers], weights: Sequence[str]) -> Aggregate:
    named = [one.suite for one in found.values()]
    suite = complete_suite(named, found) or next((one for one in named if one is not None), RECRM)
    missing = [key for key in suite.keys if key not in found]
    if missing:
        raise Incomplete(
            f"{model} ({mode}): no run of {', '.join(missing)}; the aggregate, with the expected dead groups, needs "
            f"all of suite {suite.name}"
        )
    if contents := [key for key in suite.keys if reads_of(found[key].outcomes) == "content"]:
        raise DataError(
            f"{model} ({mode}): a reward model scored contents in {', '.join(contents)}. Such scores are no verdicts, "
            "so there is no hybrid score; recrm report shows the mean of the primary metrics"
        )
    sources = {(one.provenance["data"], one.provenance["revision"]): one for one in (found[key] for key in suite.keys)}
    if len(sources) > 1:
        found_in = "; ".join(f"{one.dimension} is of {data} at {revision}" for (data, revision), one in sources.items())
        raise DataError(f"{model} ({mode}): the dimensions are of different data: {found_in}")
    answers = {key: found[key] for key in suite.keys}
    _refuse_unlike(f"{model} ({mode})", list(answers.values()))
    roles = suite.roles_with(weights)
    outcomes = {key: one.outcomes for key, one in answers.items()}
    metrics = {key: dimension_of(key).metrics(rows) for key, rows in outcomes.items()}
    mean = mean_score({key: found["score"] for key, found in metrics.items()})
    dead = DeadGroups(f"{model}, answers: {mode}", suite.dead_groups(outcomes, roles))
    return Aggregate(model, mode, suite, roles, answers, metrics, mean, suite.hybrid(outcomes, roles), dead)


_ASKED = {"style": "chat", "fewshot": 0, "prompt_lang": None, "enable_thinking": None, "close_thinking": None}
"""What of the provenance must be equal in all dimensions, and what it is where a log does not say it."""


def _refuse_unlike(name: str, runs: Sequence[Answers]) -> None:
    """Refuses dimensions that were asked in different ways, or of which other settings of the model are known.

    Raises:
        DataError: they were.
    """
    for one, other in combinations(runs, 2):
        ways = [{key: run.provenance.get(key) or unset for key, unset in _ASKED.items()} for run in (one, other)]
        if one.harness == other.harness:  # each has its own names for them
            ways = [{**way, **run.model_settings} for way, run in zip(ways, (one, other), strict=True)]
        for key in {**ways[0], **ways[1]}:
            if ways[0].get(key) != ways[1].get(key):
                raise DataError(
                    f"{name}: the dimensions were not asked alike: {key} is {ways[0].get(key)} for {one.dimension} "
                    f"({one.named}) and {ways[1].get(key)} for {other.dimension} ({other.named})"
                )
