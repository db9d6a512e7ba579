"""Runs -> a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from recrm_tasks.reports.leaderboard_entries import Entry
from recrm_tasks.reports.published_results import NOTES, SOURCE, Figure, f1_of_one_class, published
from recrm_tasks.reports.tables.leaderboard_table import tables

_LEFT = ("model", "dimension", "harness", "answers", "metric")


def print_entries(entries: Sequence[Entry], console: Console) -> None:
    """Every table of the report."""
    for one in tables(entries):
        table = Table(title=one.title, title_justify="left", caption=one.caption, caption_justify="left")
        for heading in one.headings:
            table.add_column(heading, justify="left" if heading in _LEFT else "right")
        for line in one.lines:
            table.add_row(*line)
        console.print(table)


def print_published(console: Console) -> None:
    """The paper's table: values, intervals where the digits allow one, FC F1 computed from FC ACC, and notes."""
    figures = published()
    columns = list(dict.fromkeys(figure.column for figure in figures))
    rows = {
        model: {f.column: f for f in figures if f.model == model} for model in dict.fromkeys(f.model for f in figures)
    }
    table = Table(title=f"published: {SOURCE}", title_justify="left")
    table.add_column("model")
    for column in columns:
        table.add_column(column, justify="right")
    table.add_column("FC F1 from ACC", justify="right")
    for model, row in rows.items():
        recomputed = f1_of_one_class(round(row["FC ACC"].percent * 2.97) / 297)
        table.add_row(model, *(_figure(row[column]) for column in columns), f"{100 * recomputed:.2f}")
    console.print(table)
    for note in NOTES:
        console.print(f"- {note}", highlight=False)


def _figure(figure: Figure) -> str:
    if figure.n is None:
        return f"{figure.percent:.2f}"
    low, high = figure.interval
    return f"{figure.percent:.2f}\n{low:.1f}–{high:.1f}\nN {figure.n}"
