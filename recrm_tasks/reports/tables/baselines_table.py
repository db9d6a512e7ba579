"""Free baselines -> a table of all of them, and the row of the best ones below the models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from recrm_tasks.baselines.result import Evaluated, Figure, Result
from recrm_tasks.reports.number_format import full_interval, number, short_interval
from recrm_tasks.reports.tables.report_table import Cell, Column, Row, Table, number_cell

FreeByDimension = Mapping[str, Sequence[Evaluated]]
"""By dimension; several where runs are of different records."""

NO_BASELINES: FreeByDimension = {}
BEST = "best free baseline"
_NOTHING = Cell("–")


class _Shown(NamedTuple):
    evaluated: Evaluated
    result: Result


def baselines_table(evaluated: Iterable[Evaluated], title: str = "free baselines", level: int = 3) -> Table:
    """One row per dimension and baseline."""
    shown = [_Shown(one, result) for one in evaluated for result in one.results]
    caption = (
        "Answers that need no model, through the same metrics. auc needs no threshold; where answers are labels, it "
        "is of the best label against the others."
    )
    if any(one.evaluated.train is None for one in shown):
        caption += (
            " Without a train split nothing says which number means which label, so other metrics are undefined "
            "(`--split hash-test` evaluates a tenth of the records and learns from the rest)."
        )
    return Table.of(title, _COLUMNS, shown, caption, level, section=lambda one: id(one.evaluated))


_COLUMNS: Sequence[Column[_Shown]] = (
    Column("dimension", lambda one: one.evaluated.dimension),
    Column("baseline", lambda one: one.result.baseline),
    Column("N", lambda one: _evaluated(one.evaluated), numeric=True),
    Column("learned from", lambda one: _learned(one.evaluated)),
    Column("metric", lambda one: one.result.headline.metric),
    Column("value", lambda one: number_cell(one.result.headline.value), numeric=True),
    Column("95 % interval", lambda one: _interval(one.result.headline), numeric=True),
    Column("auc", lambda one: number_cell(one.result.area.value), numeric=True),
    Column("95 % interval", lambda one: _interval(one.result.area), numeric=True),
)


def _interval(figure: Figure) -> str:
    return full_interval((figure.low, figure.high))


def _evaluated(one: Evaluated) -> Cell:
    """How many questions, and out of how many records where only some were taken."""
    rows, available = one.provenance["rows"], one.provenance["rows_available"]
    return Cell(f"{one.n:,}" + (f" of {available:,}" if rows < available else ""), order=one.n)


def _learned(one: Evaluated) -> str:
    if one.train is None:
        return "nothing"
    of = f" of {one.to_learn_from:,}" if one.learned_from < one.to_learn_from else ""
    return f"{one.train}: {one.learned_from:,}{of}"


def best_rows(free: FreeByDimension, keys: Sequence[str], before: int, after: int) -> list[Row]:
    """The best baseline of each dimension, as rows of a leaderboard.

    Args:
        free: all baselines.
        keys: the dimensions that have a column.
        before: number of columns before those, the first of which has the name.
        after: number of columns after those.
    """
    rows = []
    several = [
        ones for ones in zip_longest(*(free.get(key, ()) for key in keys)) if any(one and one.best() for one in ones)
    ]
    for place, ones in enumerate(several, 1):
        name = BEST if place == 1 else f"{BEST} ({place})"
        cells = [Cell(name), *[_NOTHING] * (before - 1), *map(_best_cell, ones), *[_NOTHING] * after]
        rows.append(Row(cells, starts_section=place == 1, below=True))
    return rows


def _best_cell(one: Evaluated | None) -> Cell:
    """The best primary metric, and the best AUC where that is another figure. Where only the AUC is known it is named,
    and not sorted among the others."""
    best = one.best() if one is not None else None
    if one is None or best is None:
        return _NOTHING
    figure = best.headline if best.headline.known else best.area
    notes = [best.baseline, short_interval((figure.low, figure.high)), f"N {one.n}"]
    if figure.metric != best.headline.metric:
        return Cell(f"{figure.metric} {number(figure.value)}", tuple(notes))
    area = one.best_area()
    if area is not None and area.area.metric != figure.metric:
        notes.append(f"auc {number(area.area.value)}, {area.baseline}")
    return Cell(number(figure.value), tuple(notes), figure.value)
