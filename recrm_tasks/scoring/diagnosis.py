"""Details behind the metrics: rows for a table, and points with a description of their plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

Rows: TypeAlias = list[dict[str, Any]]
"""One dict per row, all with the same keys in the same order."""


class Heatmap(NamedTuple):
    """Counts by two fields, shaded by share. The fields name keys of the points."""

    caption: str
    x: str
    y: str
    n: str
    share: str
    x_order: Sequence[str]
    y_order: Sequence[str]


class Curve(NamedTuple):
    """Points in the unit square with its diagonal, in order of `x`."""

    caption: str
    x: str
    y: str
    size: str
    x_title: str
    y_title: str


class Bars(NamedTuple):
    """A bar for each `x`, with a mark at its expected height."""

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
    """Used in file names."""
    title: str
    caption: str
    """How to read the rows."""
    rows: Rows
    """Empty if no answer was readable."""
    plot: Plot | None = None
    points: Rows = []
    """The data of the plot."""
    named: Rows = []
    """The rows with the names of labels in the place of their numbers, for people; empty if rows have no labels."""
