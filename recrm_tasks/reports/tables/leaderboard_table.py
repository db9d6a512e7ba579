"""Leaderboard entries -> the leaderboard, its runs one by one, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from recrm_tasks.reports.leaderboard_entries import OVERALL, Entry, by_source, columns_of, runs_of
from recrm_tasks.reports.number_format import full_interval, percent, short_interval
from recrm_tasks.reports.runs import Cost, Run
from recrm_tasks.reports.tables.report_table import Cell, Column, Table, count_cell, number_cell
from recrm_tasks.scoring.metrics.estimate import NAN


def report_tables(entries: Sequence[Entry]) -> Iterator[Table]:
    """Per data source the leaderboard and each run; then what the runs cost."""
    for source, group in by_source(entries).items():
        yield leaderboard_table(f"data: {source}", group)
        yield runs_table(group)
    if runs := costly_runs(entries):
        yield cost_table(runs)


def leaderboard_table(title: str, entries: Sequence[Entry]) -> Table:
    """Models by dimensions."""
    caption = (
        "Primary metrics with their 95 % intervals, N, and the share of readable answers (coverage). An unreadable "
        "answer counts as wrong. mean_score: the mean over the dimensions. hybrid: all dimensions as one reward, with "
        "chance at 0.5."
    )
    return Table.of(title, _leaderboard_columns(columns_of(entries)), entries, caption)


def _leaderboard_columns(keys: Sequence[str]) -> list[Column[Entry]]:
    return [
        Column("model", lambda entry: Cell(entry.name, tuple(entry.marks))),
        Column("harness", lambda entry: entry.harness),
        Column("answers", lambda entry: entry.mode),
        *(Column(key, partial(_of_dimension, key=key), numeric=True) for key in keys),
        *(Column(name, partial(_of_all, name=name), numeric=True) for name in OVERALL),
    ]


_NOTHING = Cell("–")


def _of_dimension(entry: Entry, key: str) -> Cell:
    run = entry.runs.get(key)
    if run is None:
        return _NOTHING
    wanted = f" of {run.wanted}" if run.wanted is not None else ""
    n = f"N {run.metrics['n']:.0f}{wanted}, {100 * run.metrics['coverage']:.0f} %"
    return number_cell(run.metrics[run.primary], short_interval(run.interval()), n)


def _of_all(entry: Entry, name: str) -> Cell:
    if name not in entry.overall:
        return _NOTHING
    return number_cell(entry.overall[name], short_interval(entry.interval(name)))


RUNS_CAPTION = "acc baseline: the most frequent label; for ranking, a random order."


def runs_table(entries: Sequence[Entry]) -> Table:
    """One line per dimension of an entry."""
    return Table.of("by dimension", _RUN_COLUMNS, runs_of(entries), RUNS_CAPTION, level=3)


_RUN_COLUMNS: Sequence[Column[tuple[Entry, Run]]] = (
    Column("model", lambda pair: pair[0].name),
    Column("dimension", lambda pair: pair[1].dimension),
    Column("harness", lambda pair: pair[1].harness),
    Column("answers", lambda pair: pair[1].mode),
    Column("N", lambda pair: _records(pair[1]), numeric=True),
    Column("coverage", lambda pair: percent(pair[1].metrics["coverage"]), numeric=True),
    Column("metric", lambda pair: pair[1].primary),
    Column("value", lambda pair: number_cell(pair[1].metrics[pair[1].primary]), numeric=True),
    Column("95 % interval", lambda pair: full_interval(pair[1].interval()), numeric=True),
    Column("acc", lambda pair: number_cell(pair[1].metrics.get("acc", NAN)), numeric=True),
    Column("acc baseline", lambda pair: number_cell(pair[1].metrics["acc_baseline"]), numeric=True),
)


def _records(run: Run) -> Cell:
    of = f" of {run.provenance['rows_available']}" if run.limited else ""
    return Cell(f"{run.metrics['n']:.0f}{of}", order=run.metrics["n"])


class CostlyRun(NamedTuple):
    """One run of a harness, all its dimensions together."""

    runs: list[Run]
    cost: Cost


def costly_runs(entries: Sequence[Entry]) -> list[CostlyRun]:
    """The runs of which the harness logged the cost."""
    found: dict[int, CostlyRun] = {}
    for run in (run for entry in entries for run in entry.runs.values()):
        if run.cost is not None:
            found.setdefault(id(run.cost), CostlyRun([], run.cost)).runs.append(run)
    return list(found.values())


def cost_table(runs: Sequence[CostlyRun]) -> Table:
    """What each run of a harness took."""
    notes = sorted({one.cost.note for one in runs} - {""})
    return Table.of("cost", _COST_COLUMNS, runs, " ".join(["One line per run of a harness.", *notes]))


_COST_COLUMNS: Sequence[Column[CostlyRun]] = (
    Column("model", lambda one: one.runs[0].model),
    Column("harness", lambda one: one.runs[0].harness),
    Column("answers", lambda one: ", ".join(sorted({run.mode for run in one.runs}))),
    Column("dimensions", lambda one: count_cell(len({run.dimension for run in one.runs})), numeric=True),
    Column("N", lambda one: count_cell(one.cost.records), numeric=True),
    Column("tokens in", lambda one: count_cell(one.cost.tokens_in), numeric=True),
    Column("tokens out", lambda one: count_cell(one.cost.tokens_out), numeric=True),
    Column("seconds", lambda one: Cell(f"{one.cost.seconds:,.1f}", order=one.cost.seconds), numeric=True),
    Column("records/s", lambda one: _speed(one.cost), numeric=True),
)


def _speed(cost: Cost) -> Cell:
    if cost.seconds <= 0:
        return Cell("undefined")
    return Cell(f"{cost.records / cost.seconds:,.2f}", order=cost.records / cost.seconds)
