"""The forms in which the parts of a response make up its reward, from 0 to 1.

Every form takes `values` of shape (dimensions, n) and the dimensions' roles, and gives rewards of shape (n,). They are
this project's own: the formula of the paper's hybrid reward is not public. What each is modelled on stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.metrics.estimate import Floats

HOLDS = 0.5
"""A gate holds above this."""


def stratified(values: Floats, roles: Sequence[Role]) -> Floats:
    """(number of gates held + weighted mean of the rest) / (number of gates + 1).

    How many gates hold picks the band, the rest places the response within it: a reward of levels, as those that add
    points for each rule kept before quality counts.
    """
    held = _held(values, roles)
    rewards: Floats = (held.sum(axis=0) + _mean(values, _rest(roles))) / (len(held) + 1)
    return rewards


def gated(values: Floats, roles: Sequence[Role]) -> Floats:
    """The weighted mean of the rest if every gate holds, else 0: rule checks as a condition of any reward."""
    rewards: Floats = _held(values, roles).all(axis=0) * _mean(values, _rest(roles))
    return rewards


def weighted(values: Floats, roles: Sequence[Role]) -> Floats:
    """The weighted mean of all parts: linear scalarisation, the most usual reward of several objectives."""
    return _mean(values, [role.weight for role in roles])


def geometric(values: Floats, roles: Sequence[Role]) -> Floats:
    """The weighted geometric mean of all parts (Nash's product): a part of 0 makes 0, none makes up for another."""
    weights = np.array([role.weight for role in roles])
    with np.errstate(divide="ignore"):
        logs = np.log(values)
    # A weight of 0 takes a part out, also one of 0.
    rewards: Floats = np.exp((logs[weights > 0] * weights[weights > 0, None]).sum(axis=0) / weights.sum())
    return rewards


Form = Callable[[Floats, Sequence[Role]], Floats]

FORMS: Mapping[str, Form] = {
    "stratified": stratified,
    "gated": gated,
    "weighted": weighted,
    "geometric": geometric,
}
DEFAULT = "stratified"


def name_of(form: str) -> str:
    """What the hybrid score by a form is called among the metrics: the default one just `hybrid`."""
    return "hybrid" if form == DEFAULT else f"hybrid_{form}"


def _held(values: Floats, roles: Sequence[Role]) -> NDArray[np.bool_]:
    held: NDArray[np.bool_] = values[[role.gate for role in roles]] > HOLDS
    return held


def _rest(roles: Sequence[Role]) -> list[float]:
    return [0.0 if role.gate else role.weight for role in roles]


def _mean(values: Floats, weights: Sequence[float]) -> Floats:
    weight = np.array(weights)
    means: Floats = (values * weight[:, None]).sum(axis=0) / weight.sum()
    return means
