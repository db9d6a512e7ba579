"""Suites: named, versioned sets of dimensions. Every bench, mean score and hybrid score belongs to a suite."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.errors import RecrmError
from recrm_tasks.scoring.aggregate.dead_groups import DeadShare, dead_groups
from recrm_tasks.scoring.aggregate.forms import FORMS, Form, name_of
from recrm_tasks.scoring.aggregate.hybrid import Hybrid, hybrids
from recrm_tasks.scoring.aggregate.mean import mean_score
from recrm_tasks.scoring.aggregate.parts import Parts, Role
from recrm_tasks.scoring.content_scores import reads_of
from recrm_tasks.scoring.metric import Metrics
from recrm_tasks.scoring.metrics.estimate import NAN, Estimate
from recrm_tasks.scoring.outcomes import Outcome


@dataclass(frozen=True)
class Suite:
    """A set of dimensions."""

    name: str
    revision: int
    """Rises when the set, a role or a form of the hybrid score changes."""
    keys: tuple[str, ...]

    @property
    def dimensions(self) -> dict[str, Dimension]:
        """Its dimensions by key, in its order.

        Raises:
            RecrmError: one of them is not installed.
        """
        return {key: dimension_of(key) for key in self.keys}

    @property
    def version(self) -> int:
        """Its revision plus the versions of its dimensions, so that it rises when any of them does."""
        return self.revision + sum(dimension.version for dimension in self.dimensions.values())

    def to_json(self) -> dict[str, Any]:
        """Its entry in every log."""
        return {"name": self.name, "version": self.version, "keys": list(self.keys)}

    @property
    def roles(self) -> dict[str, Role]:
        """The roles that its dimensions declare, by key."""
        return {key: dimension.role for key, dimension in self.dimensions.items()}

    def roles_with(self, weights: Sequence[str]) -> dict[str, Role]:
        """The roles with other weights.

        Args:
            weights: `relevance=2`, … as given on a command line.

        Raises:
            RecrmError: a dimension is unknown, a weight is not a finite number from 0, or no weight is left.
        """
        roles = self.roles
        for given in weights:
            key, _, number = given.partition("=")
            try:
                weight = float(number)
            except ValueError:
                weight = NAN
            if not 0 <= weight < math.inf:
                raise RecrmError(
                    f"weight {given!r}: must be DIMENSION=NUMBER with a number from 0, for example relevance=2"
                )
            if key not in roles:
                raise RecrmError(f"weight {given!r}: unknown dimension {key!r}; it is one of {', '.join(roles)}")
            roles[key] = roles[key]._replace(weight=weight)
        if not any(role.weight > 0 for role in roles.values() if not role.gate):
            raise RecrmError("weights: at least one dimension that is not a gate needs a weight above 0")
        return roles

    def aggregate(
        self, outcomes: Mapping[str, Sequence[Outcome]], measured: Mapping[str, Metrics] | None = None
    ) -> dict[str, Estimate]:
        """`mean_score` over the evaluated dimensions; `hybrid`, its other forms, `coverage` and counts.

        The hybrid scores are undefined (NaN) unless every dimension was evaluated, and by answers. `clusters` is the
        smallest number of clusters of any dimension.

        Args:
            outcomes: by dimension, none empty.
            measured: the dimensions' metrics, if they are already known.
        """
        metrics = {key: measured[key] if measured else dimension_of(key).metrics(outcomes[key]) for key in outcomes}
        rows = sum(len(found) for found in outcomes.values())
        readable = sum(outcome.reason is None for found in outcomes.values() for outcome in found)
        complete = set(self.keys) <= outcomes.keys()
        scores = self.hybrid(outcomes) if complete else dict.fromkeys(FORMS, Hybrid(NAN, NAN, NAN))
        return {
            "mean_score": mean_score({key: found["score"] for key, found in metrics.items()}),
            **{name_of(form): Estimate(score.value, score.stderr) for form, score in scores.items()},
            "coverage": Estimate(readable / rows if rows else NAN, None),
            "n": Estimate(float(rows), None),
            "clusters": Estimate(min((found["clusters"].value for found in metrics.values()), default=0.0), None),
        }

    def hybrid(
        self,
        outcomes: Mapping[str, Sequence[Outcome]],
        roles: Mapping[str, Role] | None = None,
        forms: Mapping[str, Form] = FORMS,
    ) -> dict[str, Hybrid]:
        """The hybrid score by every form; undefined (NaN) for scores of contents, which are no verdicts.

        Args:
            outcomes: of every dimension, none empty.
            roles: by dimension; by default what the dimensions declare.
            forms: by name.
        """
        if any(reads_of(found) == "content" for found in outcomes.values()):
            return dict.fromkeys(forms, Hybrid(NAN, NAN, NAN))
        return hybrids(self._parts(outcomes), [(roles or self.roles)[key] for key in self.keys], forms)

    def dead_groups(
        self, outcomes: Mapping[str, Sequence[Outcome]], roles: Mapping[str, Role] | None = None
    ) -> dict[str, dict[int, DeadShare]]:
        """The expected share of groups that a reward of these verdicts would not tell apart, by form and size.

        Args:
            outcomes: of every dimension, none empty; answers, not scores of contents.
            roles: by dimension; by default what the dimensions declare.
        """
        return dead_groups(self._parts(outcomes), [(roles or self.roles)[key] for key in self.keys])

    def _parts(self, outcomes: Mapping[str, Sequence[Outcome]]) -> list[Parts]:
        return [dimension.kind.parts(outcomes[key]) for key, dimension in self.dimensions.items()]


RECRM = Suite("recrm", 1, ("instruction", "factual", "relevance", "behavior", "ranking"))
"""The five dimensions of the paper."""

SUITES: tuple[Suite, ...] = (RECRM,)
"""All suites. Logs of a dimension name the first suite that contains it."""


@cache
def suites() -> dict[str, Suite]:
    """All suites by name.

    Raises:
        RecrmError: two have the same name, or one has a dimension that is not installed or that it names twice.
    """
    found: dict[str, Suite] = {}
    for suite in SUITES:
        if suite.name in found:
            raise RecrmError(f"two suites are called {suite.name!r}")
        if repeated := {key for key in suite.keys if suite.keys.count(key) > 1}:
            raise RecrmError(f"suite {suite.name!r} names a dimension twice: {', '.join(sorted(repeated))}")
        try:
            _ = suite.dimensions
        except RecrmError as error:
            raise RecrmError(f"suite {suite.name!r}: {error}") from None
        found[suite.name] = suite
    return found


def suite(name: str) -> Suite:
    """The suite with this name.

    Raises:
        RecrmError: no suite has it.
    """
    try:
        return suites()[name]
    except KeyError:
        raise RecrmError(f"unknown suite {name!r}: the suites are {', '.join(suites())}") from None


def complete_suite(named: Iterable[Suite | None], keys: Collection[str]) -> Suite | None:
    """The first suite all of whose dimensions have results; None if there is none.

    Args:
        named: the suites that logs name.
        keys: the dimensions with results.
    """
    return next((suite for suite in named if suite is not None and set(suite.keys) <= set(keys)), None)


def suite_of(key: str) -> Suite | None:
    """The suite that logs of a dimension name: the first one that contains it; None if no suite does."""
    return next((suite for suite in suites().values() if key in suite.keys), None)
