"""Entries -> one chapter per data source, with the answers: all that the page and its plots are made of."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recrm_tasks.errors import DataError
from recrm_tasks.reports.compare_entries import EntryDifference, compare_entries
from recrm_tasks.reports.entry_labels import labels
from recrm_tasks.reports.leaderboard_entries import AnswersIn, Entry, by_source, matching
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.start_line import score_of
from recrm_tasks.reports.starving_forms import DeadGroups
from recrm_tasks.reports.tables.baselines_table import NO_BASELINES, FreeByDimension
from recrm_tasks.scoring.content_scores import reads_of


class Line(NamedTuple):
    """An entry with its label in plots, and its answers."""

    entry: Entry
    label: str
    answers: dict[str, Answers]
    """By dimension; empty where no samples were logged."""


class Chapter(NamedTuple):
    """All entries on the records of one source."""

    source: str
    slug: str
    """For names of files and anchors."""
    lines: list[Line]
    """By what they are ranked by, the best first; those without it last."""
    differences: list[EntryDifference]
    free: FreeByDimension = NO_BASELINES
    """The free baselines on these records."""
    baseline: Sequence[Answers] = ()
    """An earlier run on these records, which the page says the changes since."""

    def asked(self, dimension: str) -> list[Line]:
        """The lines that have a dimension."""
        return [line for line in self.lines if dimension in line.entry.runs]

    def answered(self, dimension: str) -> list[tuple[Line, Answers]]:
        """The lines whose answers are known, with the answers."""
        return [(line, line.answers[dimension]) for line in self.lines if dimension in line.answers]


def chapters(
    entries: Sequence[Entry],
    answers_in: AnswersIn,
    free: Mapping[str, FreeByDimension] = {},
    baseline: Sequence[Answers] = (),
) -> tuple[list[Chapter], list[str]]:
    """Reads the answers, and compares every two entries.

    Args:
        entries: of all sources.
        answers_in: what the runs of a file answered.
        free: the free baselines, by source.
        baseline: an earlier run on the records of one of the sources.

    Returns:
        The chapters, and one line for each file without answers and each pair that cannot be compared.
    """
    notes: list[str] = []
    found: list[Chapter] = []
    for source, unordered in by_source(entries).items():
        group = sorted(unordered, key=_place)
        lines = []
        for entry, label in zip(group, labels(group), strict=True):
            answers: dict[str, Answers] = {}
            try:
                answers = matching(entry.runs, answers_in)
            except DataError as error:
                notes.append(f"the page has no records of {label}: {error}")
            lines.append(Line(entry, label, answers))
        differences, left = compare_entries([(line.label, line.entry, line.answers) for line in lines if line.answers])
        keys = {(key, line.entry.mode) for line in lines for key in line.answers}
        then = [one for one in baseline if (one.dimension, one.mode) in keys]
        of_source = free.get(source, NO_BASELINES)
        found.append(Chapter(source, _slug(source, found), lines, differences, of_source, then))
        notes += left
    return found, list(dict.fromkeys(notes))


def dead_groups_of(chapter: Chapter) -> list[DeadGroups]:
    """What training on the verdicts of its lines is expected to have; without those that lack a dimension or answers,
    and those in which a reward model scored contents, which are no verdicts."""
    found = []
    for line in chapter.lines:
        suite = line.entry.suite
        outcomes = {key: answers.outcomes for key, answers in line.answers.items()}
        if suite is None or not outcomes or any(reads_of(rows) == "content" for rows in outcomes.values()):
            continue
        found.append(DeadGroups(line.label, suite.dead_groups(outcomes)))
    return found


def _place(entry: Entry) -> float:
    _, score = score_of(entry)
    return math.inf if math.isnan(score) else -score


def _slug(source: str, earlier: Sequence[Chapter]) -> str:
    """Letters and digits of the source, numbered where two sources would have the same."""
    slug = "sample" if source.startswith("the sample") else re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")[:40]
    taken = {chapter.slug for chapter in earlier}
    return slug if slug and slug not in taken else f"{slug or 'data'}-{len(earlier) + 1}"
