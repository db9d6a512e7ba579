"""Entries of a leaderboard -> the lines of the tables that the terminal and files show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from recrm_tasks.dimensions import dimensions
from recrm_tasks.reports.leaderboard_entries import Entry
from recrm_tasks.reports.number_format import number, reach, short
from recrm_tasks.reports.runs import Run, cost_notes

COLUMNS = (
    "model", "dimension", "harness", "answers", "N", "coverage", "metric", "value", "95 % interval", "acc",
    "acc baseline",
)  # fmt: skip


def overview_columns() -> list[str]:
    """Headings of the table with one line per entry."""
    return ["model", "harness", "answers", *dimensions(), "mean_score", "hybrid"]


def overview(entry: Entry) -> list[str]:
    """One line of that table; a cell is a value, its interval, N and coverage, on a line of the cell each."""
    marks = "".join(f"\n{mark}" for mark in entry.marks)
    return [
        entry.name + marks,
        entry.harness,
        entry.mode,
        *(_of_run(entry.runs.get(key)) for key in dimensions()),
        *(_of_all(entry, name) for name in ("mean_score", "hybrid")),
    ]


def _of_run(run: Run | None) -> str:
    if run is None:
        return "–"
    n = f"N {run.metrics['n']:.0f}" + (f" of {run.wanted}" if run.wanted is not None else "")
    value = number(run.metrics[run.primary])
    return f"{value}\n{short(run.interval())}\n{n}, {100 * run.metrics['coverage']:.0f} %"


def _of_all(entry: Entry, name: str) -> str:
    if name not in entry.overall:
        return "–"
    return f"{number(entry.overall[name])}\n{short(entry.interval(name))}"


def by_source(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """The entries by data: numbers of the sample never stand beside those of the benchmark."""
    sources: dict[str, list[Entry]] = {}
    for entry in entries:
        sources.setdefault(entry.source, []).append(entry)
    return sources


def runs_of(group: Sequence[Entry]) -> list[tuple[Entry, Run]]:
    """Their runs, in the order of the table with one line each."""
    order = list(dimensions())
    found = [(entry, run) for entry in group for run in entry.runs.values()]
    return sorted(found, key=lambda pair: (pair[0].model, pair[0].mode, order.index(pair[1].dimension)))


def cells(entry: Entry, run: Run) -> list[str]:
    """One line of the table with one line per run."""
    numbers = run.metrics
    return [
        entry.name,
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


def costs(entries: Sequence[Entry]) -> tuple[list[str], list[list[str]]]:
    """What each run of a harness took: headings and lines, none where no harness said."""
    by_cost: dict[int, list[Run]] = {}
    for run in (run for entry in entries for run in entry.runs.values()):
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


def cost_caption(entries: Sequence[Entry]) -> str:
    """Below the table of costs."""
    return f"One line per run of a harness. {cost_notes(run for entry in entries for run in entry.runs.values())}"


OVERVIEW = (
    "Primary metrics with their 95 % intervals, N, and the share of readable answers (coverage); an unreadable answer "
    "counts as wrong. mean_score: mean of the five. hybrid: the five as one reward, chance is 0.5."
)

CAPTION = "acc baseline: the most frequent label, for ranking a random order."


class Table(NamedTuple):
    """One table of a report, whatever shows it."""

    level: int
    """Of its title among the report's headings."""
    title: str
    caption: str
    headings: Sequence[str]
    lines: list[list[str]]


def tables(entries: Sequence[Entry]) -> Iterator[Table]:
    """Per data source the models by dimensions, and each run by itself; then what the runs cost."""
    for source, group in by_source(entries).items():
        yield Table(2, f"data: {source}", OVERVIEW, overview_columns(), [overview(entry) for entry in group])
        yield Table(3, "by dimension", CAPTION, COLUMNS, [cells(*pair) for pair in runs_of(group)])
    headings, lines = costs(entries)
    if lines:
        yield Table(2, "cost", cost_caption(entries), headings, lines)
