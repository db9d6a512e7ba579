"""Leaderboard entries -> the differences of every two of them on the same records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from recrm_tasks.errors import DataError
from recrm_tasks.reports.compare_runs import MetricDifference, compare_pairs
from recrm_tasks.reports.leaderboard_entries import OVERALL, Entry
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.pairing import pair
from recrm_tasks.scoring.compare.difference import holm

MOST = 8
"""At most this many entries of one answer mode are compared with each other: 28 pairs."""


class EntryDifference(NamedTuple):
    """One score of two entries."""

    first: str
    second: str
    row: MetricDifference
    """Its p is corrected by Holm's method over all differences of one call."""


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
        alike = [line for line in lines if line[1].mode == mode]
        if len(alike) > MOST:
            alike = sorted(alike, key=lambda line: -line[1].overall.get("mean_score", -1.0))[:MOST]
            notes.append(f"only the {MOST} entries with the highest mean score ({mode}) are compared with each other")
        for (first, _, one), (second, _, other) in combinations(alike, 2):
            try:
                pairs, _ = pair(list(one.values()), list(other.values()))
            except DataError as error:
                notes.append(f"{first} and {second} are not compared: {str(error).splitlines()[-1]}")
                continue
            rows = (row for row in compare_pairs(pairs) if row.primary or row.metric in OVERALL)
            found += [EntryDifference(first, second, row) for row in rows]
    adjusted = holm([one.row.difference.p for one in found])
    return [one._replace(row=one.row._replace(adjusted=p)) for one, p in zip(found, adjusted, strict=True)], notes
