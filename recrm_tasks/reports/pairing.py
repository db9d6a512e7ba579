"""Two sets of runs -> the dimensions that both have, record by record. Different records or prompts are refused."""

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


def pair(first: Sequence[Answers], second: Sequence[Answers]) -> tuple[list[Pair], list[str]]:
    """Pairs by dimension and answer mode.

    Returns:
        The pairs in the order of the dimensions, and one line for each dimension that only one side has.

    Raises:
        DataError: the sides have nothing in common, one has a dimension twice, or they were not asked the same.
    """
    one, other = _by_kind("A", first), _by_kind("B", second)
    order = list(dimensions())
    kinds = sorted(one.keys() | other.keys(), key=lambda kind: (kind[1], order.index(kind[0])))
    shared = [kind for kind in kinds if kind in one and kind in other]
    if not shared:
        raise DataError(
            f"nothing to compare: A has {_names(one)}, B has {_names(other)}; generated answers cannot be compared "
            "with log-probabilities"
        )
    wrong = [line for kind in shared for line in _unlike(one[kind], other[kind])]
    if wrong:
        raise DataError("\n".join(["the runs were not asked the same:", *wrong]))
    left = [
        f"{key} ({mode}) is in {'A' if (key, mode) in one else 'B'} only"
        for key, mode in kinds
        if (key, mode) not in shared
    ]
    return [_pair(one[kind], other[kind]) for kind in shared], left


def _pair(one: Answers, other: Answers) -> Pair:
    return Pair(
        one.dimension,
        one.mode,
        _in_order(one.outcomes),
        _in_order(other.outcomes),
        one.suite,
        (len(one.unseen), len(other.unseen)),
    )


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


def _unlike(one: Answers, other: Answers) -> list[str]:
    """One line for every way in which two runs of a dimension were asked differently."""
    same = {**SAME, **(SAME_OF_LISTS if is_list(dimension_of(one.dimension).record_type) else {})}
    asked = [
        (name, one.provenance.get(name, unsaid), other.provenance.get(name, unsaid)) for name, unsaid in same.items()
    ]
    lines = [f"{one.dimension}: {name} is {here} in A, {there} in B" for name, here, there in asked if here != there]
    if one.reader_version != other.reader_version:
        lines.append(
            f"{one.dimension}: its answers were read by task version {one.reader_version} in A, {other.reader_version} "
            "in B; recrm rescore reads logged answers again by the installed one"
        )
    before, after = _golds(one.outcomes), _golds(other.outcomes)
    alone = sorted(before.keys() ^ after.keys())
    shared = sorted(before.keys() & after.keys())
    if alone:
        lines.append(
            f"{one.dimension}: {len(before)} records in A, {len(after)} in B, {len(shared)} in both; {alone[0]} is in "
            f"{'A' if alone[0] in before else 'B'} only"
        )
    unequal = [name for name in shared if before[name] != after[name]]
    if unequal:
        name = unequal[0]
        lines.append(
            f"{one.dimension}: {len(unequal)} records differ in the gold answer, in the labels' values or in how often "
            f"they were asked; {name}: {before[name]} in A, {after[name]} in B"
        )
    reworded = [name for name in shared if one.prompts[name] != other.prompts[name]]
    if reworded:
        lines.append(f"{one.dimension}: {len(reworded)} records have different prompts, for example {reworded[0]}")
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
