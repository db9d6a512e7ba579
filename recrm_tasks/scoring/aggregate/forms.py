"""The forms of the hybrid reward: each combines the parts of a response into a reward from 0 to 1.

Every form takes `values` of shape (dimensions, n) and the dimensions' roles, and returns rewards of shape (n,). The
forms are this project's own: the formula of the paper's hybrid reward is not public.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.metrics.estimate import Floats

HOLDS = 0.5
"""A gate holds if its value is above this."""


def stratified(values: Floats, roles: Sequence[Role]) -> Floats:
    """(number of gates held + weighted mean of the rest) / (number of gates + 1).

    The number of gates held determines the level, the rest the position within it: like rewards that first add points
    for each rule kept and then rate quality.
    """
    held = _held(values, roles)
    rewards: Floats = (held.sum(axis=0) + _mean(values, _rest(roles))) / (len(held) + 1)
    return rewards


def gated(values: Floats, roles: Sequence[Role]) -> Floats:
    """The weighted mean of the rest if every gate holds, else 0: rules are a condition for any reward."""
    rewards: Floats = _held(values, roles).all(axis=0) * _mean(values, _rest(roles))
    return rewards


def weighted(values: Floats, roles: Sequence[Role]) -> Floats:
    """The weighted mean of all parts: linear scalarisation, the most common reward for several objectives."""
    return _mean(values, [role.weight for role in roles])


def geometric(values: Floats, roles: Sequence[Role]) -> Floats:
    """The weighted geometric mean of all parts (Nash product): if one part is 0, the reward is 0."""
    weights = np.array([role.weight for role in roles])
    with np.errstate(divide="ignore"):
        logs = np.log(values)
    # A part with weight 0 is left out, even if its value is 0.
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


def combined(values: Floats, roles: Sequence[Role], form: Form) -> Floats | None:
    """The rewards of a form where some of a suite's dimensions may be missing.

    Where there are gates and no quality to average, `stratified` is the share of the gates that hold, and `gated` is 1
    if all hold.

    Args:
        values: shape (dimensions, n).
        roles: of these dimensions.
        form: one of `FORMS`.

    Returns:
        Shape (n,); None if these dimensions have no reward in this form.
    """
    if form in (stratified, gated) and not any(role.weight > 0 for role in roles if not role.gate):
        held = _held(values, roles)
        if not len(held):
            return None
        return np.asarray(held.mean(axis=0) if form is stratified else held.all(axis=0), dtype=np.float64)
    return form(values, roles) if any(role.weight > 0 for role in roles) else None


def name_of(form: str) -> str:
    """The metric name of a form's hybrid score; the default form is just `hybrid`."""
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
