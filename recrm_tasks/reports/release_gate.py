"""Whether finished runs are good enough to go on with, for release pipelines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.reports.compare_runs import compare
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.number_format import number, signed
from recrm_tasks.reports.pairing import pair
from recrm_tasks.reports.runs import Run

FAILED = 3
"""The exit code of a gate that did not open; 2 is a user's mistake."""

ALPHA = 0.05

_LOSSES = ("brier", "ece", "reliability", "invalid", "position")
"""How metrics begin of which more is not better."""


class Floor(NamedTuple):
    """The least that a metric may be."""

    dimension: str | None
    """None for every dimension that has the metric."""
    metric: str
    """A metric's name, or `score` for each dimension's primary one."""
    value: float


def floor_of(text: str) -> Floor:
    """`acc=0.6`, `factual.acc=0.6`, `score=0.5`, …

    Raises:
        RecrmError: it is nothing of the kind.
    """
    name, _, number_text = text.partition("=")
    dimension, dot, metric = name.partition(".")
    try:
        value = float(number_text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or not name or (dot and dimension not in dimensions()):
        raise RecrmError(
            f"--fail-under {text!r}: it is METRIC=NUMBER or DIMENSION.METRIC=NUMBER, acc=0.6 or factual.acc=0.6 for "
            f"instance; the dimensions are {', '.join(dimensions())}"
        )
    floor = Floor(dimension, metric, value) if dot else Floor(None, name, value)
    if floor.metric.split("_")[0] in _LOSSES:
        raise RecrmError(f"--fail-under {text!r}: more of {floor.metric} is not better, so it has no floor")
    return floor


def under(runs: Sequence[Run], floors: Sequence[Floor]) -> list[str]:
    """One line for every metric whose 95 % interval reaches below its floor, or is undefined.

    Raises:
        DataError: no run has a metric that a floor is for: a misspelt one would let everything pass.
    """
    told = []
    for floor in floors:
        matching = [
            (run, metric)
            for run in runs
            if floor.dimension in (None, run.dimension)
            for metric in [run.primary if floor.metric == "score" else floor.metric]
            if metric in run.metrics and f"{metric}_stderr" in run.metrics
        ]
        if not matching:
            raise DataError(
                f"--fail-under: no run{f' of {floor.dimension}' if floor.dimension else ''} has a metric with an "
                f"interval that is called {floor.metric!r}"
            )
        for run, metric in matching:
            low, high = run.interval(metric)
            if not low >= floor.value:
                told.append(
                    f"{run.model}, {run.dimension} ({run.harness}, {run.mode}): {metric} is "
                    f"{number(run.metrics[metric])}, its interval {number(low)} – {number(high)} reaches below "
                    f"{floor.value:g}"
                )
    return told


def dropped(baseline: Sequence[Answers], answers: Sequence[Answers], most: float) -> list[str]:
    """One line for every primary metric that fell by more than `most`, and not by chance.

    Not by chance: p below 0.05 in the paired test of `recrm compare`, corrected over the dimensions by Holm's method.

    Args:
        baseline: what each record was answered before.
        answers: and now, on the same records.
        most: the largest drop that is let pass, from 0.

    Raises:
        DataError: the two were not asked the same, or lack a dimension that the other has.
    """
    pairs, left = pair(baseline, answers)
    if left:
        raise DataError("\n".join(["--baseline: a dimension that only one side has cannot be checked:", *left]))
    return [
        f"{row.dimension} ({row.mode}): {row.metric} fell from {number(row.difference.first)} to "
        f"{number(row.difference.second)} ({signed(row.difference.value)}, p {row.adjusted:.4f}), by more than {most:g}"
        for row in compare(pairs)
        if row.dimension in dimensions()
        and row.metric == dimension_of(row.dimension).primary
        and row.difference.value < -most
        and row.adjusted < ALPHA
    ]
