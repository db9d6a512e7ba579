"""Tables -> the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from recrm_tasks.reports.tables.report_table import Table


def print_tables(tables: Iterable[Table], console: Console) -> None:
    """Prints tables one below the other."""
    for table in tables:
        for line in table.lead:
            console.print(escape(line), highlight=False)
        drawn = RichTable(
            title=escape(table.title), title_justify="left", caption=escape(table.caption), caption_justify="left"
        )
        for heading in table.headings:
            drawn.add_column(heading.text, justify="right" if heading.numeric else "left")
        for row in table.rows:
            if row.starts_section:
                drawn.add_section()
            drawn.add_row(*(escape(cell.lines) for cell in row.cells), style="bold" if row.emphasised else None)
        console.print(drawn)
