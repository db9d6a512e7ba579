"""Several runs -> all that `recrm compare` says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recrm_tasks.reports.compare_entries import MOST, EntryDifference, compare_every_two
from recrm_tasks.reports.compare_runs import MetricDifference, compare_pairs
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.pairing import Match
from recrm_tasks.reports.several_judges import (
    Judge,
    JudgesAgree,
    agreements,
    compared,
    judges_of,
    jury_differences,
    jury_of,
)


class Comparison(NamedTuple):
    """Runs on the same records."""

    judges: list[list[Judge]]
    """By dimension and answer mode: the runs, and last their jury if it was asked for."""
    of_two: list[MetricDifference]
    """Of two runs, the differences of all metrics; else empty."""
    of_every_two: list[EntryDifference]
    """Of more runs, the differences of every two in primary metrics and overall scores."""
    agreement: list[JudgesAgree]
    juries: list[EntryDifference]
    """Each jury minus its best member."""
    notes: list[str]


def comparison(runs: Mapping[str, Sequence[Answers]], matches: Sequence[Match], with_jury: bool) -> Comparison:
    """Compares runs.

    Args:
        runs: by name, at least two.
        matches: what they share.
        with_jury: whether their jury is wanted.

    Raises:
        DataError: the answers of a jury cannot be put together.
    """
    members = [judges_of(match) for match in matches]
    juries = [jury_of(match, list(runs)) for match in matches] if with_jury else []
    some, fewer = compared([judge for judges in members for judge in judges], runs)
    notes = [f"only the {MOST} runs with the highest mean of their scores are taken two by two"] if fewer else []
    of_two: list[MetricDifference] = []
    of_every_two: list[EntryDifference] = []
    if len(runs) == 2:
        of_two = compare_pairs([match.pair(*runs) for match in matches])
    else:
        of_every_two, left = compare_every_two(some)
        notes += left
    names = [run.name for run in some]
    return Comparison(
        judges=[[*judges, *juries[place : place + 1]] for place, judges in enumerate(members)],
        of_two=of_two,
        of_every_two=of_every_two,
        agreement=[row for match in matches for row in agreements(match, names)],
        juries=jury_differences(list(zip(members, juries, strict=True))) if juries else [],
        notes=notes,
    )
