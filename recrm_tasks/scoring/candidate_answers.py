"""Answers about one candidate each -> the lists that these candidates form.

An unreadable answer loses every pair that it is in: a negative without a verdict is placed above all others, and a
positive without one has no place, so that nothing is gained by it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.metrics.estimate import NAN, Clusters
from recrm_tasks.scoring.outcomes import Outcome


class Candidates(NamedTuple):
    """The candidates of one list."""

    grades: tuple[int, ...]
    stated: tuple[float, ...]
    """The probability of each; NaN is an unreadable answer."""
    group: str | None

    @property
    def scores(self) -> tuple[float, ...]:
        """What the candidates are ordered by."""
        return tuple(
            stated if not math.isnan(stated) else -math.inf if grade > 0 else math.inf
            for grade, stated in zip(self.grades, self.stated, strict=True)
        )

    @property
    def ranks(self) -> bool:
        """Whether there is anything to order: a positive and a negative."""
        return any(g > 0 for g in self.grades) and any(g == 0 for g in self.grades)

    def readable(self) -> Candidates:
        """Those with a readable answer."""
        kept = [(g, s) for g, s in zip(self.grades, self.stated, strict=True) if not math.isnan(s)]
        return self._replace(grades=tuple(g for g, _ in kept), stated=tuple(s for _, s in kept))


def asked_by_item(outcomes: Sequence[Outcome]) -> bool:
    """Whether each outcome is of one candidate, not of a whole list.

    Raises:
        HarnessError: some are and some are not, or a grade is not a number from 0.
    """
    count = sum(outcome.of_list is not None for outcome in outcomes)
    if count not in (0, len(outcomes)):
        raise HarnessError(f"{count} of {len(outcomes)} answers are about one candidate each: two runs are mixed")
    for outcome in outcomes if count else ():
        if type(outcome.gold) is not int or outcome.gold < 0:
            raise HarnessError(f"record {outcome.id}: grade {outcome.gold!r} is not a whole number from 0")
    return count > 0


def as_yes_or_no(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Outcomes of candidates, with the gold answer 1 for a positive and 0 for a negative."""
    return [outcome._replace(gold=int(_grade(outcome) > 0)) for outcome in outcomes]


def lists_of(outcomes: Sequence[Outcome], whole: bool = True) -> list[Candidates]:
    """The lists, as they begin in the outcomes; each list's candidates in the order of their ids.

    Args:
        outcomes: of candidates.
        whole: without the lists some of whose candidates were not asked about.

    Raises:
        HarnessError: a candidate was asked about twice in one list.
    """
    members: dict[str | None, dict[str, Outcome]] = {}
    for outcome in outcomes:
        of_one = members.setdefault(outcome.of_list, {})
        if outcome.id in of_one:
            raise HarnessError(f"record {outcome.id}: two answers about one candidate of the list {outcome.of_list}")
        of_one[outcome.id] = outcome
    found = []
    for of_one in members.values():
        ordered = [of_one[name] for name in sorted(of_one)]
        if whole and len(ordered) < ordered[0].candidates:
            continue
        stated = (float(o.value) if isinstance(o.value, float | int) else NAN for o in ordered)
        found.append(Candidates(tuple(_grade(o) for o in ordered), tuple(stated), ordered[0].group))
    return found


def clusters_of(lists: Sequence[Candidates]) -> Clusters:
    """The cluster of each list, shape (lists,); None if each is its own."""
    codes: dict[object, int] = {}
    keys = [(one.group, -1) if one.group is not None else (None, place) for place, one in enumerate(lists)]
    found = np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.int64)
    return found if len(codes) < len(lists) else None


def _grade(outcome: Outcome) -> int:
    assert isinstance(outcome.gold, int)
    return outcome.gold
