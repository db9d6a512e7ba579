"""Differences of two runs -> tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recrm_tasks.reports.compare_runs import Disputed, Row
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.number_format import number, probability, signed
from recrm_tasks.scoring.outcomes import Outcome

_CAPTION = (
    "B − A over the same records; an unreadable answer counts as wrong. p is two-sided; Holm: corrected over "
    "dimensions, the primary metrics (first of each dimension) being one family."
)


def print_differences(
    rows: Sequence[Row], first: Sequence[Answers], second: Sequence[Answers], console: Console
) -> None:
    """One table per answer mode."""
    for name, side in (("A", first), ("B", second)):
        for told in dict.fromkeys(f"{run.model} in {run.harness}, {run.file}" for run in side):
            console.print(f"{name}: {escape(told)}", highlight=False, soft_wrap=True)
    for mode in dict.fromkeys(row.mode for row in rows):
        table = Table(title=f"answers: {mode}", title_justify="left", caption=_CAPTION, caption_justify="left")
        table.add_column("dimension")
        table.add_column("metric")
        for heading in ("A", "B", "B − A", "95 % interval", "p", "p (Holm)"):
            table.add_column(heading, justify="right")
        table.add_column("test")
        last = ""
        for row in (row for row in rows if row.mode == mode):
            if last and row.dimension != last:
                table.add_section()
            change = row.difference
            table.add_row(
                row.dimension if row.dimension != last else "",
                row.metric,
                number(change.first),
                number(change.second),
                signed(change.value),
                f"{signed(change.low)} to {signed(change.high)}",
                probability(change.p),
                "" if row.dimension == "all" else probability(row.adjusted),
                change.test,
            )
            last = row.dimension
        console.print(table)


def print_disputed(records: Sequence[Disputed], console: Console) -> None:
    """The records on which the runs differ most, or that there are none."""
    if not records:
        console.print("No record was answered with another success.")
        return
    table = Table(title="records that the runs answered with the most different success", title_justify="left")
    for heading in ("answers", "dimension", "record", "gold", "A", "B", "success of A, B"):
        table.add_column(heading)
    for one in records:
        table.add_row(
            one.mode,
            one.dimension,
            escape(one.first.id),
            _shown(one.first.gold, one.first),
            _answer(one.first),
            _answer(one.second),
            f"{one.credits[0]:.3f}, {one.credits[1]:.3f}",
        )
    console.print(table)


def _answer(outcome: Outcome) -> str:
    return f"unreadable: {outcome.reason}" if outcome.reason else _shown(outcome.value, outcome)


def _shown(value: object, outcome: Outcome) -> str:
    """A label by its letter, a probability and an order of candidates as they are."""
    if isinstance(value, int) and outcome.values:
        return chr(ord("A") + value)
    if isinstance(value, tuple):
        return " ".join(f"{x:.3g}" for x in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)
