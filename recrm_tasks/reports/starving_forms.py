"""The expected dead groups of models' verdicts -> the forms that would starve a policy, and warnings of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recrm_tasks.reports.number_format import percent
from recrm_tasks.scoring.aggregate.dead_groups import DeadShare

SIZE = 8
"""The size of groups that warnings are about: the default of TRL."""
STARVES = 0.5
"""A form starves if it is expected to leave more than this share of groups dead: then more than half of the responses
and of the judge's verdicts teach nothing."""


class DeadGroups(NamedTuple):
    """What a model's verdicts are expected to leave."""

    model: str
    """Its name, with what tells it from other runs."""
    by_form: Mapping[str, Mapping[int, DeadShare]]
    """By form of the reward and size of the groups."""

    @property
    def missing(self) -> float:
        """The share of responses without a reward, the same for all forms."""
        return next(share.missing for by_size in self.by_form.values() for share in by_size.values())

    @property
    def starving(self) -> list[str]:
        """The forms that starve."""
        return [form for form, by_size in self.by_form.items() if by_size[SIZE].value > STARVES]


def warnings(found: Sequence[DeadGroups]) -> list[str]:
    """One line for each model with a form that starves, and what to do."""
    lines = []
    for one in found:
        if not one.starving:
            continue
        dead = {form: by_size[SIZE].value for form, by_size in one.by_form.items()}
        shares = ", ".join(f"{form} {percent(dead[form])}" for form in one.starving)
        best = min(dead, key=dead.__getitem__)
        if best not in one.starving:
            way_out = f"{best} leaves {percent(dead[best])}"
        elif one.missing > STARVES:
            way_out = (
                f"{percent(one.missing)} of responses have an unreadable verdict, so no form helps, only missing=drop"
            )
        else:
            way_out = "the verdicts hardly differ, so no form helps"
        lines.append(
            f"{one.model}: as a reward, these verdicts are expected to leave most groups of {SIZE} responses without "
            f"any difference: {shares}; {way_out}"
        )
    return lines
