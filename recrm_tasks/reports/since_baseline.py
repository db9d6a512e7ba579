"""Answers of an earlier run and of one to be released, on the same records -> what changed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import DataError
from recrm_tasks.reports.compare_runs import MetricDifference, compare_pairs
from recrm_tasks.reports.leaderboard_entries import OVERALL
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.pairing import match
from recrm_tasks.scoring.aggregate.forms import DEFAULT, FORMS
from recrm_tasks.scoring.outcomes import Outcome

_BASELINE, _NOW = "the baseline", "this run"
_LONGEST = 60
"""Characters of a setting that are shown."""
_COUNTS = {"rows", "rows_available", "rows_skipped", "questions", "sha256", "balance", "fit", "rescored", "shard"}
"""What of the provenance is no setting: which records were asked is compared record by record."""


class Change(NamedTuple):
    """One dimension in both runs."""

    difference: MetricDifference
    """Of its primary metric."""
    before: Answers
    now: Answers
    became_right: tuple[str, ...]
    """The records that are right now and were not before: a record that was asked several times is right if all of its
    answers are."""
    became_wrong: tuple[str, ...]


class Since(NamedTuple):
    """What changed since an earlier run."""

    changes: list[Change]
    overall: list[MetricDifference]
    """Of the scores of all dimensions together that tables show."""
    settings: list[str]
    """What else differs between the two, one line each."""
    one_sided: list[str]
    """One line for each dimension that only one side has."""

    @property
    def model(self) -> str:
        """The earlier model."""
        return self.changes[0].before.model


def since_baseline(baseline: Sequence[Answers], answers: Sequence[Answers]) -> Since:
    """What changed, by the paired tests of `recrm compare`.

    Args:
        baseline: the earlier answers.
        answers: the new ones, on the same records.

    Raises:
        DataError: the two have no dimension in common or one has a dimension twice, or they were not asked the same.
    """
    try:
        matches, one_sided = match({_BASELINE: baseline, _NOW: answers})
    except DataError as error:
        raise DataError(f"--baseline: {error}") from None
    pairs = [one.pair(_BASELINE, _NOW) for one in matches]
    rows = compare_pairs(pairs, {DEFAULT: FORMS[DEFAULT]})
    primary = {(row.dimension, row.mode): row for row in rows if row.primary}
    before, now = ({(one.dimension, one.mode): one for one in side} for side in (baseline, answers))
    changes = [
        Change(
            primary[key],
            before[key],
            now[key],
            became_right=_only_second(one.dimension, one.first, one.second),
            became_wrong=_only_second(one.dimension, one.second, one.first),
        )
        for one in pairs
        for key in [(one.dimension, one.mode)]
    ]
    return Since(changes, [row for row in rows if row.metric in OVERALL], _settings(changes), one_sided)


def _only_second(dimension: str, first: Sequence[Outcome], second: Sequence[Outcome]) -> tuple[str, ...]:
    """The records of which all answers of the second side are right, and not all of the first."""
    one, other = (_right(dimension, outcomes) for outcomes in (first, second))
    return tuple(name for name, right in other.items() if right and not one[name])


def _right(dimension: str, outcomes: Sequence[Outcome]) -> dict[str, bool]:
    """Whether all answers to a record are right."""
    kind = dimension_of(dimension).kind
    found: dict[str, bool] = defaultdict(lambda: True)
    for outcome in outcomes:
        found[outcome.id] &= outcome.reason is None and kind.right(outcome)
    return dict(found)


def _settings(changes: Sequence[Change]) -> list[str]:
    """What differs, with the dimensions where that is not so in all of them."""
    found: dict[str, list[str]] = {}
    for change in changes:
        for line in _differing(change.before, change.now):
            found.setdefault(line, []).append(change.now.dimension)
    return [
        line if len(keys) == len(changes) else f"{line} ({', '.join(dict.fromkeys(keys))})"
        for line, keys in found.items()
    ]


def _differing(before: Answers, now: Answers) -> Iterator[str]:
    yield from _unequal(
        {"model": before.model, "harness": before.harness}, {"model": now.model, "harness": now.harness}
    )
    if before.harness == now.harness:
        yield from _unequal(before.harness_settings, now.harness_settings)
    elif before.weights != now.weights:
        yield from _unequal({"path or name": list(before.weights)}, {"path or name": list(now.weights)})
    yield from _unequal(before.provenance, now.provenance)
    if bool(before.rescored) != bool(now.rescored):
        yield f"rescored: {_text(bool(before.rescored))} → {_text(bool(now.rescored))}"


def _unequal(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys((*before, *now)):
        one, other = before.get(name), now.get(name)
        if one != other and name not in _COUNTS:
            yield f"{name.replace('_', ' ')}: {_text(one)} → {_text(other)}"


def _text(value: Any) -> str:
    if value is None:
        return "not said"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = ", ".join(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]} …"
