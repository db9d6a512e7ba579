"""Answers of runs -> what lies behind their metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.scoring.metrics.diagnoses import Diagnosis


class Diagnosed(NamedTuple):
    """One dimension of one run."""

    answers: Answers
    rows: Diagnosis
    """Empty where no answer is readable."""


def diagnose(answers: Sequence[Answers]) -> list[Diagnosed]:
    """The diagnosis of each run."""
    return [Diagnosed(one, dimension_of(one.dimension).diagnose(one.outcomes)) for one in answers]
