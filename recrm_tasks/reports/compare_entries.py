"""Leaderboard entries, or several runs -> the differences of every two of them on the same records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from recrm_tasks.errors import DataError
from recrm_tasks.reports.compare_runs import MetricDifference, compare_pairs
from recrm_tasks.reports.leaderboard_entries import OVERALL, Entry
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.pairing import match
from recrm_tasks.scoring.aggregate.forms import FORMS, name_of
from recrm_tasks.scoring.compare.difference import holm

_FORMS = {name: form for name, form in FORMS.items() if name_of(name) in OVERALL}
MOST = 8
"""At most this many entries of one answer mode are compared with each other: 28 pairs."""


class EntryDifference(NamedTuple):
    """One score of two entries or runs."""

    first: str
    second: str
    row: MetricDifference
    """Its p is corrected by Holm's method over all differences of one call."""


class Compared(NamedTuple):
    """An entry or a run, to be compared with others."""

    name: str
    score: float
    """The higher it is, the sooner it is among the ones that are compared, where there are too many."""
    answers: Sequence[Answers]


def compare_entries(
    lines: Sequence[tuple[str, Entry, Mapping[str, Answers]]],
) -> tuple[list[EntryDifference], list[str]]:
    """The primary metrics and overall scores of every two entries of one answer mode.

    Args:
        lines: the name, the entry, and its answers by dimension.

    Returns:
        The differences, and one line for each pair that was not compared and why.
    """
    found: list[EntryDifference] = []
    notes: list[str] = []
    for mode in dict.fromkeys(entry.mode for _, entry, _ in lines):
        alike = [
            Compared(name, entry.overall.get("mean_score", -1.0), list(answers.values()))
            for name, entry, answers in lines
            if entry.mode == mode
        ]
        some, note = best_of(alike)
        notes += [f"only the {MOST} entries with the highest mean score ({mode}) are compared with each other"] * note
        differences, left = _every_two(some)
        found += differences
        notes += left
    return corrected(found), notes


def compare_every_two(runs: Sequence[Compared]) -> tuple[list[EntryDifference], list[str]]:
    """The primary metrics and overall scores of every two runs, as `compare_entries` has them of entries."""
    found, notes = _every_two(runs)
    return corrected(found), notes


def best_of(lines: Sequence[Compared]) -> tuple[Sequence[Compared], bool]:
    """At most `MOST`, those with the highest scores, and whether some were left out."""
    if len(lines) <= MOST:
        return lines, False
    return sorted(lines, key=lambda line: -line.score)[:MOST], True


def _every_two(lines: Sequence[Compared]) -> tuple[list[EntryDifference], list[str]]:
    """The differences, not yet corrected, and why pairs were not compared."""
    found: list[EntryDifference] = []
    notes: list[str] = []
    for first, second in combinations(lines, 2):
        try:
            matches, _ = match({first.name: first.answers, second.name: second.answers})
        except DataError as error:
            notes.append(f"{first.name} and {second.name} are not compared: {str(error).splitlines()[-1]}")
            continue
        pairs = [one.pair(first.name, second.name) for one in matches]
        rows = (row for row in compare_pairs(pairs, _FORMS) if row.primary or row.metric in OVERALL)
        found += [EntryDifference(first.name, second.name, row) for row in rows]
    return found, notes


def corrected(found: Sequence[EntryDifference]) -> list[EntryDifference]:
    """With p corrected by Holm's method over all of them."""
    adjusted = holm([one.row.difference.p for one in found])
    return [one._replace(row=one.row._replace(adjusted=p)) for one, p in zip(found, adjusted, strict=True)]
