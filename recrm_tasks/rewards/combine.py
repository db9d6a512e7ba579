"""The parts of a reward -> one number, by the forms of the hybrid score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np

from recrm_tasks.scoring.aggregate.forms import FORMS, combined
from recrm_tasks.scoring.aggregate.parts import Role

Missing: TypeAlias = Literal["none", "drop", "zero"]
"""What a missing part does. `none`: there is no reward. `drop`: the form is of the other parts. `zero`: it counts 0."""
MISSING: tuple[Missing, ...] = ("none", "drop", "zero")


def combine(parts: Mapping[str, float | None], roles: Mapping[str, Role], form: str, missing: Missing) -> float | None:
    """One reward from 0 to 1.

    Where there is no quality to average, see `combined`.

    Args:
        parts: by dimension, from 0 to 1; None is missing.
        roles: of the same dimensions.
        form: one of `FORMS`.
        missing: what a missing part does.

    Returns:
        The reward; None if there is none.
    """
    if missing == "zero":
        parts = {key: 0.0 if part is None else part for key, part in parts.items()}
    known = {key: part for key, part in parts.items() if part is not None}
    if not known or (missing == "none" and len(known) < len(parts)):
        return None
    values = np.array(list(known.values()), dtype=np.float64)[:, None]
    rewards = combined(values, [roles[key] for key in known], FORMS[form])
    return None if rewards is None else float(rewards[0])
