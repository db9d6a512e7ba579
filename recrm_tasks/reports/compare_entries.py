"""Every two entries on the same records -> whether they differ by more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.reports.compare_runs import compare
from recrm_tasks.reports.leaderboard_entries import Entry
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.pairing import pair
from recrm_tasks.scoring.compare.difference import Difference, holm

MOST = 8
"""Entries of one answer mode that are compared with each other: 28 pairs."""


class Compared(NamedTuple):
    """One score of two entries."""

    first: str
    second: str
    dimension: str
    """`all` for the overall scores."""
    metric: str
    difference: Difference
    adjusted: float
    """p by Holm's method over all that one table holds."""


def compared(lines: Sequence[tuple[str, Entry, Mapping[str, Answers]]]) -> tuple[list[Compared], list[str]]:
    """The primary metrics and overall scores of every two entries of one answer mode.

    Args:
        lines: what each entry is called, the entry, and its answers by dimension.

    Returns:
        The differences, and one line for what was not compared and why.
    """
    rows: list[Compared] = []
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
            rows += [
                Compared(first, second, row.dimension, row.metric, row.difference, row.difference.p)
                for row in compare(pairs)
                if row.metric in _shown(row.dimension)
            ]
    adjusted = holm([row.difference.p for row in rows])
    return [row._replace(adjusted=p) for row, p in zip(rows, adjusted, strict=True)], notes


def _shown(dimension: str) -> tuple[str, ...]:
    return (dimension_of(dimension).primary,) if dimension in dimensions() else ("mean_score", "hybrid")
