"""Tables -> Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from recrm_tasks.reports.tables.report_table import Table


def markdown(tables: Iterable[Table]) -> str:
    """Tables one below the other, each with its title as a heading, what it says and its caption."""
    return "\n".join(_markdown(table) for table in tables)


def _markdown(table: Table) -> str:
    rules = ["---:" if heading.numeric else "---" for heading in table.headings]
    rows = [[heading.text for heading in table.headings], rules, *([c.lines for c in row.cells] for row in table.rows)]
    title = f"{'#' * table.level} {table.title[0].upper()}{table.title[1:]}"
    lead = "".join(f"{line}\n\n" for line in table.lead)
    return f"{title}\n\n{lead}{''.join(_line(row) for row in rows)}\n{table.caption}\n"


def _line(texts: Sequence[str]) -> str:
    """One row. A model may have any name, also one with a vertical bar in it."""
    return f"| {' | '.join(text.replace('|', chr(92) + '|').replace(chr(10), '<br>') for text in texts)} |\n"
