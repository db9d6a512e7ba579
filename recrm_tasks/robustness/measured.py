"""Outcomes of a stress run -> its figures: by change, by dimension and change, and over all changes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.robustness.changes import CHANGES
from recrm_tasks.robustness.figures import DECLARED, FIGURES, PRIMARY, Tried
from recrm_tasks.robustness.pairs import Pairs, Verdicts, pairs_by_change, verdicts_by_change
from recrm_tasks.robustness.raised_reward import Side, raised_reward
from recrm_tasks.robustness.stress_questions import PLAIN
from recrm_tasks.scoring.aggregate.forms import DEFAULT
from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.metric import Metric, Metrics, brief, columns, flat
from recrm_tasks.scoring.metrics.estimate import NAN, Estimate
from recrm_tasks.scoring.outcomes import Outcome

_UNDEFINED = Estimate(NAN, NAN)


class Measured(NamedTuple):
    """The figures of one stress run, by the names of `DECLARED`."""

    all: Metrics
    """Over all changes. Its `reward` is the largest rise of any change of a text."""
    by_change: dict[str, Metrics]
    """Over all dimensions, by change, in the order of `CHANGES`."""
    by_dimension: dict[str, dict[str, Metrics]]
    """By dimension and change. These have no `reward`, which is of all dimensions together."""
    pairs: dict[str, dict[str, Pairs]]
    """By dimension and change."""
    left_out: tuple[str, ...]
    """The dimensions without a readable plain verdict. The reward is of the others."""


def measured(
    outcomes: Mapping[str, Sequence[Outcome]], form: str = DEFAULT, roles: Mapping[str, Role] | None = None
) -> Measured:
    """The figures. They do not depend on the order of outcomes.

    Args:
        outcomes: of a stress run, by dimension, none empty.
        form: of the hybrid reward.
        roles: of the dimensions; by default those that they declare.
    """
    keys = [key for key in dimensions() if key in outcomes]
    verdicts = {key: verdicts_by_change(key, outcomes[key]) for key in keys}
    pairs = {key: pairs_by_change(key, verdicts[key]) for key in keys}
    played = roles or {key: dimension_of(key).role for key in keys}
    by_change: dict[str, Metrics] = {}
    every: list[Pairs] = []
    for change in CHANGES:
        own = {key: pairs[key][change] for key in keys if change in pairs[key]}
        if own:
            every += own.values()
            reward = raised_reward(dict(_sides(own, verdicts)), played, form)
            by_change[change] = _figures(Tried(Pairs.joined([*own.values()]), reward))
    # No response does anything about the order of what is shown.
    rises = [own["reward"] for change, own in by_change.items() if CHANGES[change].fair != "same"]
    rises = [rise for rise in rises if not math.isnan(rise.value)]
    highest = max(rises, key=lambda rise: rise.value, default=_UNDEFINED)
    of_dimensions = {
        key: {change: _figures(Tried(own, _UNDEFINED)) for change, own in found.items()} for key, found in pairs.items()
    }
    return Measured(
        all=_figures(Tried(Pairs.joined(every), highest)) if every else {},
        by_change=by_change,
        by_dimension=of_dimensions,
        pairs=pairs,
        left_out=tuple(key for key in keys if _plain(verdicts[key]) is None),
    )


def numbers_of(found: Measured) -> dict[str, float]:
    """The figures as both harnesses log them: `score` and those over all changes by their names, then `CHANGE_NAME`.

    All names are there in every run: what a run does not have is NaN, and counts are 0.
    """
    every = found.all or _NOTHING
    numbers = flat({"score": every[PRIMARY], **every})
    for change in CHANGES:
        own = flat(found.by_change.get(change, _NOTHING))
        numbers |= {f"{change}_{name}": value for name, value in own.items()}
    return numbers


_NOTHING: Metrics = {
    name: Estimate(0.0, None) if figure.interval == "none" else _UNDEFINED for name, figure in DECLARED.items()
}
"""The figures of no pairs."""
_SCORE = ("score", "score_stderr")


def shown_figures() -> dict[str, Metric[Any]]:
    """The shortest list of figures: those over all changes, and how often each change fooled the judge."""
    return {**brief(DECLARED, PRIMARY), **{f"{change}_{PRIMARY}": DECLARED[PRIMARY] for change in CHANGES}}


@cache
def shown_names() -> tuple[str, ...]:
    """The same with `score` and the errors."""
    return tuple(columns(shown_figures()))


@cache
def figure_names() -> frozenset[str]:
    """The names of all numbers of a stress run, with the errors."""
    of_changes = (f"{change}_{name}" for change in CHANGES for name in columns(DECLARED) if name not in _SCORE)
    return frozenset((*columns(DECLARED), *of_changes))


def _sides(own: Mapping[str, Pairs], verdicts: Mapping[str, Mapping[str, Verdicts]]) -> Iterator[tuple[str, Side]]:
    """What the dimensions contribute to virtual responses of which one change is made wherever it can be."""
    for key, found in verdicts.items():
        if key in own:
            pairs = own[key]
            rows = pairs.readable
            if rows.any():
                yield key, Side(pairs.before[rows], pairs.after[rows], pairs.codes(rows))
        elif (plain := _plain(found)) is not None:
            yield key, plain


def _plain(verdicts: Mapping[str, Verdicts]) -> Side | None:
    """The readable plain verdicts of a dimension, on both sides; None if there are none."""
    plain = verdicts.get(PLAIN)
    if plain is None or not (rows := plain.readable).any():
        return None
    return Side(plain.values[rows], plain.values[rows], plain.codes(rows))


def _figures(tried: Tried) -> Metrics:
    return {figure.name: figure.of(tried) for figure in FIGURES}
