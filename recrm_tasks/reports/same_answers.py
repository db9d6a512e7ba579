"""Two models with the same answers, to the last digit: one of them may have been given the other's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from recrm_tasks.errors import DataError
from recrm_tasks.reports.leaderboard_entries import AnswersIn, Entry, matching
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.runs import Run

TEXTS = 1_000
"""The texts of this number of records of each dimension are compared."""


def mark_same_answers(entries: Sequence[Entry], texts_in: AnswersIn) -> list[str]:
    """Marks the entries of different models that gave the same answers.

    Numbers alone can agree by chance, or because both models give one label to every record. So if they do, all
    outcomes and the texts or log-probabilities of up to `TEXTS` records are compared. Answers are read only then.

    Args:
        entries: the entries of a report. `Entry.same_as` is set.
        texts_in: the answers in a file, with the texts of at least `TEXTS` records.

    Returns:
        One note for each pair.
    """
    notes = []
    for one, other in combinations(entries, 2):
        if one.model == other.model or (one.source, one.harness, one.mode) != (other.source, other.harness, other.mode):
            continue
        alike = [key for key, run in one.runs.items() if key in other.runs and _same_numbers(run, other.runs[key])]
        if not alike:
            continue
        pair = f"{one.name} and {other.name} ({one.harness}, {one.mode})"
        try:
            first, second = (matching({key: side.runs[key] for key in alike}, texts_in) for side in (one, other))
        except DataError as error:
            notes.append(f"{pair}: every metric of {', '.join(alike)} is the same. Are the answers too? {error}")
            continue
        same = [f"{key} (N {len(first[key].outcomes)})" for key in alike if _same_answers(first[key], second[key])]
        if same:
            one.same_as.append(other.name)
            other.same_as.append(one.name)
            notes.append(
                f"{pair} gave the same answers, to the last digit, in {', '.join(same)}: they are one model under two "
                "names, or one got the other's answers from a cache (docs/reports.md)"
            )
    return notes


def _same_numbers(one: Run, other: Run) -> bool:
    """Whether both runs were of the same records and every metric of theirs is the same."""
    # As text: NaN is not equal to NaN.
    numbers = [{name: repr(run.metrics[name]) for name in run.metric_names} for run in (one, other)]
    return numbers[0] == numbers[1] and one.provenance["sha256"] == other.provenance["sha256"]


def _same_answers(one: Answers, other: Answers) -> bool:
    outcomes, texts = (
        [sorted(map(repr, part)) for part in parts]
        for parts in (
            (one.outcomes, other.outcomes),
            ([(sample.outcome.id, sample.said) for sample in side.kept] for side in (one, other)),
        )
    )
    return outcomes[0] == outcomes[1] and texts[0] == texts[1]
