"""Several runs -> the dimensions that they share, record by record. Different records or prompts are refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.dimensions.suites import Suite
from recrm_tasks.errors import DataError
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.scoring.outcomes import Outcome

SAME: Mapping[str, object] = {"revision": None, "prompt_lang": None, "reads": "letters"}
"""What of the provenance must be equal, and what it is in logs of versions that did not say it. The content hash need
not be: it is of all records that were loaded, and a harness's own limit may have taken only some of them. Prompts and
gold answers are compared record by record."""

SAME_OF_LISTS: Mapping[str, object] = {"orders": 1, "ask": "list"}
"""The same for dimensions with lists."""


class Pair(NamedTuple):
    """One dimension in both runs, with the outcomes in the same order of records."""

    dimension: str
    mode: str
    first: list[Outcome]
    second: list[Outcome]
    suite: Suite | None = None
    """The suite that the first run names."""
    unseen: tuple[int, int] = (0, 0)
    """Records of either run with an allowed answer whose log-probability was not reported."""


class Match(NamedTuple):
    """One dimension in several runs, with the outcomes of each in the same order of records."""

    dimension: str
    mode: str
    answers: dict[str, Answers]
    """By the name of the run, at least two."""
    outcomes: dict[str, list[Outcome]]

    def pair(self, one: str, other: str) -> Pair:
        """Two of the runs."""
        first, second = self.answers[one], self.answers[other]
        return Pair(
            self.dimension,
            self.mode,
            self.outcomes[one],
            self.outcomes[other],
            first.suite,
            (len(first.unseen), len(second.unseen)),
        )


def match(runs: Mapping[str, Sequence[Answers]]) -> tuple[list[Match], list[str]]:
    """What at least two of some runs have, by dimension and answer mode.

    Args:
        runs: by name, at least two.

    Returns:
        The dimensions in their order, and one line for each that not all of the runs have.

    Raises:
        DataError: no two runs have anything in common, one has a dimension twice, or they were not asked the same.
    """
    by_kind = {name: _by_kind(name, answers) for name, answers in runs.items()}
    order = list(dimensions())
    kinds = sorted({kind for of in by_kind.values() for kind in of}, key=lambda kind: (kind[1], order.index(kind[0])))
    having = {kind: {name: of[kind] for name, of in by_kind.items() if kind in of} for kind in kinds}
    shared = {kind: answers for kind, answers in having.items() if len(answers) > 1}
    if not shared:
        found = ", ".join(f"{name} has {_names(of)}" for name, of in by_kind.items())
        raise DataError(f"nothing to compare: {found}; generated answers cannot be compared with log-probabilities")
    wrong: list[str] = []
    for answers in shared.values():
        (first, one), *others = answers.items()
        wrong += [line for name, other in others for line in _unlike(one, other, first, name)]
    if wrong:
        raise DataError("\n".join(["the runs were not asked the same:", *wrong]))
    left = [
        f"{key} ({mode}) is in {', '.join(answers)} only"
        for (key, mode), answers in having.items()
        if len(answers) < len(runs)
    ]
    return [
        Match(key, mode, answers, {name: _in_order(one.outcomes) for name, one in answers.items()})
        for (key, mode), answers in shared.items()
    ], left


def _by_kind(side: str, runs: Sequence[Answers]) -> dict[tuple[str, str], Answers]:
    found: dict[tuple[str, str], Answers] = {}
    for run in runs:
        earlier = found.setdefault((run.dimension, run.mode), run)
        if earlier is not run:
            raise DataError(
                f"{side} has two runs of {run.dimension} ({run.mode}): {earlier.named} ({earlier.model}) and "
                f"{run.named} ({run.model}); name one file"
            )
    return found


def _names(runs: dict[tuple[str, str], Answers]) -> str:
    return ", ".join(f"{key} ({mode})" for key, mode in runs)


def _unlike(one: Answers, other: Answers, first: str, second: str) -> list[str]:
    """One line for every way in which two runs of a dimension, of these names, were asked differently."""
    same = {**SAME, **(SAME_OF_LISTS if is_list(dimension_of(one.dimension).record_type) else {})}
    asked = [
        (name, one.provenance.get(name, unsaid), other.provenance.get(name, unsaid)) for name, unsaid in same.items()
    ]
    lines = [
        f"{one.dimension}: {name} is {here} in {first}, {there} in {second}"
        for name, here, there in asked
        if here != there
    ]
    if one.reader_version != other.reader_version:
        lines.append(
            f"{one.dimension}: its answers were read by task version {one.reader_version} in {first}, "
            f"{other.reader_version} in {second}; recrm rescore reads logged answers again by the installed one"
        )
    before, after = _golds(one.outcomes), _golds(other.outcomes)
    alone = sorted(before.keys() ^ after.keys())
    shared = sorted(before.keys() & after.keys())
    if alone:
        lines.append(
            f"{one.dimension}: {len(before)} records in {first}, {len(after)} in {second}, {len(shared)} in both; "
            f"{alone[0]} is in {first if alone[0] in before else second} only"
        )
    unequal = [name for name in shared if before[name] != after[name]]
    if unequal:
        name = unequal[0]
        lines.append(
            f"{one.dimension}: {len(unequal)} records differ in the gold answer, in the labels' values or in how often "
            f"they were asked; {name}: {before[name]} in {first}, {after[name]} in {second}"
        )
    reworded = [name for name in shared if one.prompts[name] != other.prompts[name]]
    if reworded:
        lines.append(
            f"{one.dimension}: {len(reworded)} records have different prompts in {first} and {second}, for example "
            f"{reworded[0]}"
        )
    return lines


def _golds(outcomes: Sequence[Outcome]) -> dict[str, list[object]]:
    """By record, the gold answer and the labels' values each time that it was asked."""
    golds: dict[str, list[object]] = defaultdict(list)
    for outcome in outcomes:
        golds[outcome.id].append((outcome.gold, outcome.values) if outcome.values else outcome.gold)
    return golds


def _in_order(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """By record; outcomes of one record in the order of the log."""
    return sorted(outcomes, key=lambda outcome: outcome.id)
