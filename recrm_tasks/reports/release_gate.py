"""Whether finished runs pass a release pipeline's gate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.reports.number_format import number, signed
from recrm_tasks.reports.runs import Run
from recrm_tasks.reports.since_baseline import Since

FAILED = 3
"""The exit code of a gate that did not pass; 2 is a user's mistake."""


class Floor(NamedTuple):
    """The lowest value that a metric may have."""

    dimension: str | None
    """None for every dimension that has the metric."""
    metric: str
    """A metric's name, or `score` for each dimension's primary one."""
    value: float


def floor_of(text: str) -> Floor:
    """`acc=0.6`, `factual.acc=0.6`, `score=0.5`, …

    Raises:
        RecrmError: it is none of these, or no floor makes sense for the metric.
    """
    name, _, number_text = text.partition("=")
    dimension, dot, metric = name.partition(".")
    try:
        value = float(number_text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or not name or (dot and dimension not in dimensions()):
        raise RecrmError(
            f"--fail-under {text!r}: expected METRIC=NUMBER or DIMENSION.METRIC=NUMBER, such as acc=0.6 or "
            f"factual.acc=0.6; the dimensions are {', '.join(dimensions())}"
        )
    floor = Floor(dimension, metric, value) if dot else Floor(None, name, value)
    asked = [dimensions()[dimension]] if dot else list(dimensions().values())
    better = {one.kind.declared[floor.metric].better for one in asked if floor.metric in one.kind.declared}
    if floor.metric != "score" and not better:
        of = f"{dimension} has no" if dot else "no dimension has a"
        raise RecrmError(f"--fail-under {text!r}: {of} metric {floor.metric!r}; docs/metrics.md lists them all")
    if better - {"higher"}:
        raise RecrmError(f"--fail-under {text!r}: higher is not better for {floor.metric}, so it has no floor")
    return floor


def under(runs: Sequence[Run], floors: Sequence[Floor]) -> list[str]:
    """One line for every metric whose 95 % interval reaches below its floor, or is undefined.

    Raises:
        DataError: no run has the metric of a floor. A misspelt one would let everything pass.
    """
    failed = []
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
                f"--fail-under: no run{f' of {floor.dimension}' if floor.dimension else ''} has the metric "
                f"{floor.metric!r} with an interval"
            )
        for run, metric in matching:
            low, high = run.interval(metric)
            if not low >= floor.value:
                failed.append(
                    f"{run.model}, {run.dimension} ({run.harness}, {run.mode}): {metric} is "
                    f"{number(run.metrics[metric])}, its interval {number(low)} – {number(high)} reaches below "
                    f"{floor.value:g}"
                )
    return failed


def dropped(since: Since, most: float) -> list[str]:
    """One line for every primary metric with a significant drop of more than `most`, or with one that cannot be tested.

    Significant: p below `ALPHA` in the paired test of `recrm compare`, corrected over the dimensions by Holm's method.
    It cannot be tested, and p is undefined, if the records or those of a class are one cluster.

    Args:
        since: what changed since the baseline.
        most: the largest drop that passes, from 0.

    Raises:
        DataError: one side lacks a dimension that the other has.
    """
    if since.one_sided:
        raise DataError(
            "\n".join(["--baseline: these dimensions are on one side only and cannot be checked:", *since.one_sided])
        )
    return [
        f"{row.dimension} ({row.mode}): {row.metric} fell from {number(row.difference.first)} to "
        f"{number(row.difference.second)} ({signed(row.difference.value)}, p {number(row.adjusted)}), "
        f"by more than {most:g}"
        for row in (change.difference for change in since.changes)
        if row.difference.value < -most and (row.significant or math.isnan(row.adjusted))
    ]
