"""Answers of repeated runs, or of runs with epochs -> how consistent a model is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.scoring.consistency import Figure, Repetition, consistency
from recrm_tasks.scoring.content_scores import reads_of


class Consistent(NamedTuple):
    """One model in one dimension."""

    model: str
    dimension: str
    mode: str
    runs: int
    repetitions: tuple[int, int]
    """The fewest and the most answers to a record."""
    figures: list[Figure]


_Key = tuple[str, str, str, str, str, str]


def consistency_of(answers: Sequence[Answers]) -> tuple[list[Consistent], list[str]]:
    """The consistency of each model by dimension and answer mode.

    Repetitions are all answers to one record: the epochs of a run, several runs, and several orders of a list.

    Returns:
        One for each model and dimension with repetitions; and notes: where there are none, and where prompts differ.

    Raises:
        DataError: nothing was repeated, or runs do not have the same right answers or readers.
    """
    groups: dict[_Key, list[Answers]] = defaultdict(list)
    for one in answers:
        groups[_key(one)].append(one)
    found: list[Consistent] = []
    notes: list[str] = []
    order = list(dimensions())
    for (model, dimension, mode, *_), runs in sorted(groups.items(), key=lambda item: _place(item[0], order)):
        _check(runs)
        if reads_of(runs[0].outcomes) == "content":
            notes.append(f"{dimension} ({mode}) by {model}: scores of contents are neither right nor wrong")
            continue
        repetitions = [one for run in runs for one in _repetitions(run)]
        counts = Counter(repetition.record for repetition in repetitions)
        fewest, most = min(counts.values()), max(counts.values())
        if most < 2:
            notes.append(f"{dimension} ({mode}) by {model} has one answer to each record: {runs[0].named}")
            continue
        if any(run.prompts.get(record, asked) != asked for run in runs for record, asked in runs[0].prompts.items()):
            notes.append(f"{dimension} ({mode}) by {model}: some prompts differ between the runs")
        found.append(Consistent(model, dimension, mode, len(runs), (fewest, most), consistency(repetitions)))
    if not found:
        models = ", ".join(dict.fromkeys(one.model for one in answers))
        why = [note for note in notes if "contents" in note]
        raise DataError(
            "\n".join(
                [
                    f"no record was answered twice by one model ({models}); give a run with several epochs, or several "
                    "runs of one model (other seeds, other orders)",
                    *why,
                ]
            )
        )
    return found, notes


def _key(one: Answers) -> _Key:
    """Runs with equal keys are repetitions of each other."""
    given = one.provenance
    return (
        one.model,
        one.dimension,
        one.mode,
        f"{given.get('data')} {given.get('source')} {given.get('revision')}",
        str(given.get("ask", "list")),
        str(given.get("reads", "letters")),
    )


def _place(key: _Key, order: Sequence[str]) -> tuple[object, ...]:
    model, dimension, mode, *others = key
    return (model, mode, order.index(dimension), *others)


def _check(runs: Sequence[Answers]) -> None:
    """That their answers can be put side by side.

    Raises:
        DataError: they cannot.
    """
    first, *others = runs
    for other in others:
        if other.reader_version != first.reader_version:
            raise DataError(
                f"{first.dimension}: its answers were read by task version {first.reader_version} in {first.named}, "
                f"{other.reader_version} in {other.named}; recrm rescore reads logged answers again by the installed "
                "one"
            )
    golds: dict[str, tuple[object, str]] = {}
    for run in runs:
        for outcome in run.outcomes:
            gold = (outcome.gold, outcome.values)
            known, where = golds.setdefault(outcome.id, (gold, run.named))
            if known != gold:
                raise DataError(
                    f"{run.dimension}: record {outcome.id} has the gold answer and values {known} in {where}, {gold} "
                    f"in {run.named}: they are not the same record"
                )


def _repetitions(run: Answers) -> Iterator[Repetition]:
    """Its answers. Further orders of a list have ids of their own: `r#1`, `r#2`, …"""
    kind = dimension_of(run.dimension).kind
    several_orders = (run.provenance.get("orders") or 1) > 1
    ids = {outcome.id for outcome in run.outcomes}
    for outcome in run.outcomes:
        head, _, turn = outcome.id.rpartition("#")
        record = head if several_orders and head in ids and turn.isdecimal() else outcome.id
        group = None if outcome.group == record else outcome.group
        yield Repetition(record, outcome.id, kind.decision(outcome), kind.right(outcome), group)
