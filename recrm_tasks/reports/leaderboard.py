"""Runs -> the lines of the tables that the terminal and files show."""

from __future__ import annotations

from collections.abc import Sequence

from recrm_tasks.dimensions import dimensions
from recrm_tasks.reports.numbers import number, reach
from recrm_tasks.reports.runs import Run

COLUMNS = (
    "model", "dimension", "harness", "answers", "N", "coverage", "metric", "value", "95 % interval", "acc",
    "acc baseline",
)  # fmt: skip


def by_source(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """The runs in the order of tables, by data: numbers of the sample never stand beside those of the benchmark."""
    order = list(dimensions())
    sources: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda r: (r.model, r.mode, order.index(r.dimension), r.harness)):
        sources.setdefault(_source(run), []).append(run)
    return sources


def cells(run: Run) -> list[str]:
    """One line of the table of runs."""
    numbers = run.metrics
    return [
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
    ]


def costs(runs: Sequence[Run]) -> tuple[list[str], list[list[str]]]:
    """What each run of a harness took: headings and lines, none where no harness said."""
    by_cost: dict[int, list[Run]] = {}
    for run in runs:
        if run.cost is not None:
            by_cost.setdefault(id(run.cost), []).append(run)
    lines = []
    for group in by_cost.values():
        first, cost = group[0], group[0].cost
        assert cost is not None
        lines.append(
            [
                first.model,
                first.harness,
                ", ".join(sorted({run.mode for run in group})),
                str(len({run.dimension for run in group})),
                f"{cost.records:,}",
                *("not counted" if count is None else f"{count:,}" for count in (cost.tokens_in, cost.tokens_out)),
                f"{cost.seconds:,.1f}",
                f"{cost.records / cost.seconds:,.2f}" if cost.seconds > 0 else "undefined",
            ]
        )
    return [
        "model", "harness", "answers", "dimensions", "N", "tokens in", "tokens out", "seconds", "records/s",
    ], lines  # fmt: skip


COST = (
    "One line per run of a harness. Tokens: of lm-eval's runs each prompt counted once and what was generated, of "
    "Inspect's what the provider counted. Seconds are wall time: lm-eval's with its start and loading the model, "
    "Inspect's without."
)


def _source(run: Run) -> str:
    if run.provenance["data"] == "sample":
        return "the sample of this package (not RecRM-Bench)"
    revision = run.provenance["revision"]
    return f"{run.provenance['source']}" + (f" at {revision}" if revision else "")


def caption(group: Sequence[Run]) -> str:
    """What stands below a table of runs."""
    limited = " Some runs saw a part of the records only." if any(r.limited for r in group) else ""
    return (
        "An unreadable answer counts as wrong; coverage is the share of readable ones. acc baseline: the most frequent "
        f"label, for ranking a random order.{limited}"
    )
