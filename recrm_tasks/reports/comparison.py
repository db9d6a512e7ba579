"""Several runs -> all that `recrm compare` says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recrm_tasks.dimensions.suites import complete_suite
from recrm_tasks.reports.compare_entries import MOST, EntryDifference, compare_every_two
from recrm_tasks.reports.compare_runs import MetricDifference, compare_pairs
from recrm_tasks.reports.leaderboard_entries import hybrid_of, mean_of
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


class Overall(NamedTuple):
    """One run, or the jury, in all dimensions of a suite together."""

    name: str
    mode: str
    numbers: dict[str, float]
    """`mean_score` and `hybrid`, flat, with what their intervals need."""


class Comparison(NamedTuple):
    """Runs on the same records."""

    judges: list[list[Judge]]
    """By dimension and answer mode: the runs, and last their jury if it was asked for."""
    overall: list[Overall]
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
    some, fewer = compared([judge for of_one in members for judge in of_one], runs)
    notes = [f"only the {MOST} runs with the highest mean of their scores are taken two by two"] if fewer else []
    of_two: list[MetricDifference] = []
    of_every_two: list[EntryDifference] = []
    if len(runs) == 2:
        of_two = compare_pairs([match.pair(*runs) for match in matches])
    else:
        of_every_two, left = compare_every_two(some)
        notes += left
    names = [run.name for run in some]
    judges = [[*of_one, *juries[place : place + 1]] for place, of_one in enumerate(members)]
    return Comparison(
        judges=judges,
        overall=_overall(judges) if with_jury or len(runs) > 2 else [],
        of_two=of_two,
        of_every_two=of_every_two,
        agreement=[row for match in matches for row in agreements(match, names)],
        juries=jury_differences(list(zip(members, juries, strict=True))) if juries else [],
        notes=notes,
    )


def _overall(judges: Sequence[Sequence[Judge]]) -> list[Overall]:
    """Of those that have all dimensions of a suite."""
    found: dict[tuple[str, str], dict[str, Judge]] = defaultdict(dict)
    for of_one in judges:
        for judge in of_one:
            found[judge.run.mode, judge.name][judge.run.dimension] = judge
    rows: list[Overall] = []
    for (mode, name), by_dimension in found.items():
        suite = complete_suite((judge.run.suite for judge in by_dimension.values()), by_dimension)
        if suite is not None:
            runs = {key: judge.run for key, judge in by_dimension.items()}
            outcomes = {key: by_dimension[key].outcomes for key in suite.keys}
            rows.append(Overall(name, mode, {**mean_of(suite, runs), **hybrid_of(suite, outcomes)}))
    return rows
