"""The paper's results -> a table."""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

from recrm_tasks.reports.published_results import SOURCE, Figure, f1_of_one_class, published_results
from recrm_tasks.reports.tables.report_table import Cell, Column, Table

_Model: TypeAlias = tuple[str, dict[str, Figure]]


def published_table() -> Table:
    """Values, intervals where the digits allow one, and the FC F1 that follows from the FC ACC."""
    models = list(published_results().items())
    columns: list[Column[_Model]] = [
        Column("model", lambda model: model[0]),
        *(Column(name, partial(_figure, name=name), numeric=True) for name in models[0][1]),
        Column("FC F1 from ACC", lambda model: _f1(model[1]["FC ACC"]), numeric=True),
    ]
    return Table.of(f"published: {SOURCE}", columns, models)


def _figure(model: _Model, name: str) -> Cell:
    figure = model[1][name]
    notes = () if figure.n is None else ("{:.1f}–{:.1f}".format(*figure.interval), f"N {figure.n}")
    return Cell(f"{figure.percent:.2f}", notes, figure.percent)


def _f1(accuracy: Figure) -> Cell:
    percent = 100 * f1_of_one_class(round(accuracy.percent * 2.97) / 297)
    return Cell(f"{percent:.2f}", order=percent)
