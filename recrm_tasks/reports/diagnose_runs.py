"""Answers of runs -> what lies behind their metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.scoring.diagnosis import Diagnosis


class Diagnosed(NamedTuple):
    """One dimension of one run."""

    answers: Answers
    diagnosis: Diagnosis


def diagnose(answers: Sequence[Answers]) -> list[Diagnosed]:
    """The diagnosis of each run."""
    return [Diagnosed(one, dimension_of(one.dimension).kind.diagnose(one.outcomes, one.targets)) for one in answers]
