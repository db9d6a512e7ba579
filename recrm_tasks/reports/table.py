"""Runs -> a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from recrm_tasks.dimensions import dimensions
from recrm_tasks.reports.numbers import number, reach
from recrm_tasks.reports.published import NOTES, SOURCE, Figure, f1_of_one_class, published
from recrm_tasks.reports.runs import Run


def print_table(runs: Sequence[Run], console: Console) -> None:
    """One table per data source: numbers of the sample never stand in one table with numbers of the benchmark."""
    order = list(dimensions())
    sources: dict[str, list[Run]] = {}
    for run in runs:
        sources.setdefault(_source(run), []).append(run)
    for source, group in sources.items():
        table = Table(title=f"data: {source}", title_justify="left", caption=_caption(group), caption_justify="left")
        table.add_column("model")
        table.add_column("dimension")
        table.add_column("harness")
        table.add_column("answers")
        for heading in ("N", "coverage", "metric", "value", "95 % interval", "acc", "acc baseline"):
            table.add_column(heading, justify="left" if heading == "metric" else "right")
        for run in sorted(group, key=lambda r: (r.model, r.mode, order.index(r.dimension), r.harness)):
            numbers = run.metrics
            table.add_row(
                run.model,
                run.dimension,
                run.harness,
                run.mode,
                f"{numbers['n']:.0f}" + (f" of {run.provenance['rows_available']}" if run.limited else ""),
                f"{100 * numbers['coverage']:.1f} %",
                run.primary,
                number(numbers[run.primary]),
                reach(run.interval()),
                number(numbers["acc"]),
                number(numbers["acc_baseline"]),
            )
        console.print(table)


def print_costs(runs: Sequence[Run], console: Console) -> None:
    """What each run of a harness took: tokens, time, and records per second."""
    by_cost: dict[int, list[Run]] = {}
    for run in runs:
        if run.cost is not None:
            by_cost.setdefault(id(run.cost), []).append(run)
    if not by_cost:
        return
    table = Table(title="cost", title_justify="left", caption=_COST, caption_justify="left")
    for heading in ("model", "harness", "answers"):
        table.add_column(heading)
    for heading in ("dimensions", "N", "tokens in", "tokens out", "seconds", "records/s"):
        table.add_column(heading, justify="right")
    for group in by_cost.values():
        first, cost = group[0], group[0].cost
        assert cost is not None
        table.add_row(
            first.model,
            first.harness,
            ", ".join(sorted({run.mode for run in group})),
            str(len({run.dimension for run in group})),
            f"{cost.records:,}",
            *("not counted" if count is None else f"{count:,}" for count in (cost.tokens_in, cost.tokens_out)),
            f"{cost.seconds:,.1f}",
            f"{cost.records / cost.seconds:,.2f}" if cost.seconds > 0 else "undefined",
        )
    console.print(table)


_COST = (
    "One line per run of a harness. Tokens: of lm-eval's runs each prompt counted once and what was generated, of "
    "Inspect's what the provider counted. Seconds are wall time: lm-eval's with its start and loading the model, "
    "Inspect's without."
)


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


def _source(run: Run) -> str:
    if run.provenance["data"] == "sample":
        return "the sample of this package (not RecRM-Bench)"
    revision = run.provenance["revision"]
    return f"{run.provenance['source']}" + (f" at {revision}" if revision else "")


def _caption(group: Sequence[Run]) -> str:
    limited = " Some runs saw a part of the records only." if any(r.limited for r in group) else ""
    return (
        "An unreadable answer counts as wrong; coverage is the share of readable ones. acc baseline: the most frequent "
        f"label, for ranking a random order.{limited}"
    )
