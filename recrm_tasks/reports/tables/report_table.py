"""A table of a report: columns declared once, shown alike by the terminal, by Markdown and by the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

from recrm_tasks.reports.number_format import number

Item = TypeVar("Item")
Whole = TypeVar("Whole")


class Cell(NamedTuple):
    """What a table shows of one thing."""

    text: str
    notes: tuple[str, ...] = ()
    """Small print below the text: an interval, N, marks."""
    order: float = math.nan
    """What the page sorts a numeric column by; NaN comes last."""
    link: str = ""
    """Where on the page more is shown of it; empty for nowhere."""

    @property
    def lines(self) -> str:
        """Text and small print, a line each."""
        return "\n".join((self.text, *self.notes))


def number_cell(value: float, *notes: str) -> Cell:
    """A metric, sorted by its value."""
    return Cell(number(value), notes, value)


def count_cell(count: int | None) -> Cell:
    """A count, or that nobody counted."""
    return Cell("not counted") if count is None else Cell(f"{count:,}", order=count)


@dataclass(frozen=True)
class Column(Generic[Item]):
    """One column: its heading, and what it shows of an item."""

    heading: str
    value: Callable[[Item], str | Cell]
    numeric: bool = False
    """Aligned to the right, and sorted as numbers by the page."""

    def cell(self, item: Item) -> Cell:
        """The column's cell of one item."""
        value = self.value(item)
        return value if isinstance(value, Cell) else Cell(value)

    def within(self, part: Callable[[Whole], Item]) -> Column[Whole]:
        """The same column for things of which an item is a part."""
        return Column(self.heading, lambda whole: self.value(part(whole)), self.numeric)


class Heading(NamedTuple):
    """What is left of a column once its cells are made."""

    text: str
    numeric: bool


class Row(NamedTuple):
    """One row of cells."""

    cells: list[Cell]
    starts_section: bool = False
    """Drawn with a rule above it."""
    emphasised: bool = False
    below: bool = False
    """Stays below the others, however they are sorted."""


@dataclass(frozen=True)
class Table:
    """One table, whatever shows it."""

    title: str
    headings: list[Heading]
    rows: list[Row]
    caption: str = ""
    level: int = 2
    """Of its title among the headings of a document."""
    lead: Sequence[str] = ()
    """What it says, in a sentence or more, above it."""

    @classmethod
    def of(
        cls,
        title: str,
        columns: Sequence[Column[Item]],
        items: Iterable[Item],
        caption: str = "",
        level: int = 2,
        section: Callable[[Item], object] | None = None,
        emphasised: Callable[[Item], bool] | None = None,
        lead: Sequence[str] = (),
    ) -> Table:
        """A table with one row per item.

        Args:
            title: above the table.
            columns: from left to right.
            items: from top to bottom.
            caption: below the table.
            level: of the title.
            section: a new section starts where this changes from one item to the next.
            emphasised: which items are emphasised.
            lead: above the table.
        """
        rows: list[Row] = []
        last: object = None
        for place, item in enumerate(items):
            current = section(item) if section else None
            cells = [column.cell(item) for column in columns]
            rows.append(Row(cells, place > 0 and current != last, bool(emphasised and emphasised(item))))
            last = current
        return cls(title, [Heading(column.heading, column.numeric) for column in columns], rows, caption, level, lead)

    def titled(self, title: str) -> Table:
        """The same table under another title."""
        return replace(self, title=title)
