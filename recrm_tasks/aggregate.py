"""Outcomes of all dimensions -> the aggregate: the mean score and the hybrid score by every form."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import RecrmError
from recrm_tasks.scoring.aggregate.forms import DEFAULT, FORMS
from recrm_tasks.scoring.aggregate.hybrid import Hybrid, hybrids
from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.metrics.estimate import NAN, Estimate
from recrm_tasks.scoring.metrics.tables import Metrics, mean_score
from recrm_tasks.scoring.outcomes import Outcome

Outcomes = Mapping[str, Sequence[Outcome]]
"""By dimension."""


def name_of(form: str) -> str:
    """What the hybrid score by a form is called among the metrics: the default one just `hybrid`."""
    return "hybrid" if form == DEFAULT else f"hybrid_{form}"


def aggregate(outcomes: Outcomes, measured: Mapping[str, Metrics] | None = None) -> dict[str, Estimate]:
    """`mean_score` over the dimensions that were asked; `hybrid`, its other forms, `coverage` and counts.

    The hybrid scores are undefined (NaN) unless every dimension was asked. `clusters` is the smallest number of
    clusters of any dimension.

    Args:
        outcomes: by dimension, none empty.
        measured: the dimensions' metrics, where they are known already.
    """
    # In alphabetical order: lm-eval's groups add up their tasks in it.
    metrics = {key: measured[key] if measured else dimension_of(key).metrics(outcomes[key]) for key in sorted(outcomes)}
    rows = sum(len(found) for found in outcomes.values())
    readable = sum(outcome.reason is None for found in outcomes.values() for outcome in found)
    complete = dimensions().keys() <= outcomes.keys()
    scores = hybrid_scores(outcomes) if complete else dict.fromkeys(FORMS, Hybrid(NAN, NAN, NAN))
    return {
        **{name_of(form): Estimate(score.value, score.stderr) for form, score in scores.items()},
        "mean_score": mean_score([found["score"] for found in metrics.values()]),
        "coverage": Estimate(readable / rows if rows else NAN, None),
        "n": Estimate(float(rows), None),
        "clusters": Estimate(min((found["clusters"].value for found in metrics.values()), default=0.0), None),
    }


def hybrid_scores(outcomes: Outcomes, roles: Mapping[str, Role] | None = None) -> dict[str, Hybrid]:
    """The hybrid score by every form.

    Args:
        outcomes: of every dimension, none empty.
        roles: by dimension; by default what the dimensions declare.
    """
    parts = [kind.parts(outcomes[key]) for key, kind in dimensions().items()]
    return hybrids(parts, [(roles or declared_roles())[key] for key in dimensions()])


def declared_roles() -> dict[str, Role]:
    """What each dimension says of itself."""
    return {key: kind.role for key, kind in dimensions().items()}


def roles_with(weights: Sequence[str]) -> dict[str, Role]:
    """The declared roles with other weights.

    Args:
        weights: `relevance=2`, … as given on a command line.

    Raises:
        RecrmError: no such dimension, no finite number from 0, or nothing is left to weigh.
    """
    roles = declared_roles()
    for given in weights:
        key, _, number = given.partition("=")
        try:
            weight = float(number)
        except ValueError:
            weight = NAN
        if not 0 <= weight < math.inf:
            raise RecrmError(f"weight {given!r}: it is DIMENSION=NUMBER with a number from 0, relevance=2 for instance")
        roles[key] = dimension_of(key).role._replace(weight=weight)
    if not any(role.weight > 0 for role in roles.values() if not role.gate):
        raise RecrmError("weights: at least one dimension that is no gate must weigh something")
    return roles
