"""One declaration of a table's columns, shown by the terminal, by Markdown and by the page."""

from __future__ import annotations

import io
from typing import NamedTuple

import pytest
from rich.console import Console

from recrm_tasks.reports.tables.markdown import markdown
from recrm_tasks.reports.tables.report_table import Cell, Column, Table, count_cell, number_cell
from recrm_tasks.reports.tables.terminal import print_tables


class Model(NamedTuple):
    name: str
    acc: float
    of: str = ""


COLUMNS = [
    Column[Model]("model", lambda model: Cell(model.name, ("a mark",))),
    Column[Model]("acc", lambda model: number_cell(model.acc, "0.1–0.9"), numeric=True),
]

MODELS = [Model("[bold]odd|name[/bold]", 0.5, "x"), Model("b", float("nan"), "x"), Model("c", 1.0, "y")]


def printed(table: Table) -> str:
    stream = io.StringIO()
    print_tables([table], Console(file=stream, width=100))
    return stream.getvalue()


def test_every_display_shows_the_same_cells() -> None:
    """Whatever a model is called."""
    table = Table.of("a title", COLUMNS, MODELS, "a caption")
    lines = markdown([table]).splitlines()
    assert lines[:5] == [
        "## A title",
        "",
        "| model | acc |",
        "| --- | ---: |",
        r"| [bold]odd\|name[/bold]<br>a mark | 0.5000<br>0.1–0.9 |",
    ]
    assert lines[-1] == "a caption"
    shown = printed(table)
    for text in ("a title", "a caption", "[bold]odd|name[/bold]", "a mark", "0.5000", "undefined", "0.1–0.9"):
        assert text in shown


def test_sections_and_emphasis() -> None:
    table = Table.of("t", COLUMNS, MODELS, section=lambda m: m.of, emphasised=lambda m: m.acc > 0.9)
    assert [row.starts_section for row in table.rows] == [False, False, True]
    assert [row.emphasised for row in table.rows] == [False, False, True]
    assert printed(table).count("├") == 1


def test_a_column_of_a_part() -> None:
    column = COLUMNS[1].within(lambda pair: pair[0])
    assert (column.heading, column.numeric) == ("acc", True)
    assert column.cell((MODELS[0], "else")) == COLUMNS[1].cell(MODELS[0])


@pytest.mark.parametrize(("count", "text"), [(None, "not counted"), (0, "0"), (1234567, "1,234,567")])
def test_counts(count: int | None, text: str) -> None:
    assert count_cell(count).text == text
