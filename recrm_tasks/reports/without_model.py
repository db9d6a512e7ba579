"""Runs and free baselines -> whether a run is above what needs no model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from recrm_tasks.baselines.result import Evaluated, Figure
from recrm_tasks.reports.runs import Run


class Standing(Enum):
    """A run's primary metric against the best of what needs no model. The order is that of sentences."""

    ABOVE = "above"
    """Its 95 % interval lies above those of all of them."""
    BELOW = "below"
    """Its 95 % interval lies below that of one of them."""
    LEVEL = "not distinguishable from"
    """Neither: intervals overlap. Both are of the same records, so a paired test could tell them apart earlier."""


class BestFree(NamedTuple):
    """The best free baseline of one dimension."""

    baseline: str
    figure: Figure


def best_free(free: Mapping[str, Sequence[Evaluated]], dimension: str, metric: str) -> BestFree | None:
    """The best free baseline by a metric; None if runs are of different records or no baseline has the metric.

    Args:
        free: the baselines by dimension.
        dimension: its key.
        metric: the primary metric of the runs.
    """
    several = free.get(dimension, ())
    best = several[0].best() if len(several) == 1 else None
    if best is None or best.headline.metric != metric or not best.headline.known:
        return None
    return BestFree(best.baseline, best.headline)


def bar_name(free: Mapping[str, Sequence[Evaluated]]) -> str:
    """What runs are compared with, in a sentence."""
    return "what needs no model" if free else "chance"


def about_standing(free: Mapping[str, Sequence[Evaluated]]) -> str:
    """What a reader of standings must know."""
    chance = "the most frequent label, a random order"
    of = f"What needs no model: chance ({chance}) and the best free baseline." if free else f"Chance: {chance}."
    return f"{of} Above and below: the 95 % intervals do not overlap."


def standing(run: Run, free: Mapping[str, Sequence[Evaluated]]) -> Standing | None:
    """A run against chance and the best free baseline; None if its metric, or all of these, are undefined.

    Args:
        run: one dimension.
        free: the baselines by dimension.
    """
    low, high = run.interval()
    chance = run.chance(run.primary)
    best = best_free(free, run.dimension, run.primary)
    bars = [] if chance is None or math.isnan(chance) else [(chance, chance)]
    bars += [(best.figure.low, best.figure.high)] if best else []
    if math.isnan(low) or not bars:
        return None
    if low > max(end for _, end in bars):
        return Standing.ABOVE
    return Standing.BELOW if high < max(start for start, _ in bars) else Standing.LEVEL
