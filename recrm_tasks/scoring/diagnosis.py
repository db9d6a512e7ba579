"""What lies behind the metrics: rows for a table, and points for a plot that says itself how it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

Rows: TypeAlias = list[dict[str, Any]]
"""One dict per row, all with the same keys in the same order."""


class Heatmap(NamedTuple):
    """Counts by two fields, shaded by a share."""

    caption: str
    x: str
    y: str
    n: str
    share: str
    x_order: Sequence[str]
    y_order: Sequence[str]


class Curve(NamedTuple):
    """Points on a square from 0 to 1 with its diagonal, in the order of `x`."""

    caption: str
    x: str
    y: str
    size: str
    x_title: str
    y_title: str


class Bars(NamedTuple):
    """A bar for each `x`, with a mark at the height that is expected."""

    caption: str
    x: str
    y: str
    mark: str
    x_title: str
    y_title: str


Plot: TypeAlias = Heatmap | Curve | Bars


class Diagnosis(NamedTuple):
    """One diagnosis of a run."""

    name: str
    """For names of files."""
    title: str
    caption: str
    """Says how to read the rows."""
    rows: Rows
    """Empty where no answer was readable."""
    plot: Plot | None = None
    points: Rows = []
    """What the plot shows."""
