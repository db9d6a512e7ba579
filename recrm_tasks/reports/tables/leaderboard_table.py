"""Leaderboard entries -> the leaderboard, its runs one by one, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.leaderboard_entries import OVERALL, Entry, by_source, columns_of, runs_of
from recrm_tasks.reports.number_format import full_interval, percent, short_interval
from recrm_tasks.reports.runs import Cost, Run
from recrm_tasks.reports.tables.baselines_table import NO_BASELINES, FreeByDimension, baselines_table, best_rows
from recrm_tasks.reports.tables.report_table import Cell, Column, Table, count_cell, number_cell
from recrm_tasks.reports.tables.unseen_mark import maybe_marked_cell, with_meaning
from recrm_tasks.reports.without_model import about_standing


def report_tables(
    entries: Sequence[Entry],
    free: Mapping[str, FreeByDimension] = {},
    leads: Mapping[str, Sequence[str]] = {},
) -> Iterator[Table]:
    """Per data source the leaderboard, each run and the free baselines; then what the runs cost.

    Args:
        entries: of all sources.
        free: the baselines by source.
        leads: what the leaderboards say, by source.
    """
    for source, group in by_source(entries).items():
        of_source = free.get(source, NO_BASELINES)
        yield leaderboard_table(f"data: {source}", group, of_source, leads.get(source, ()))
        yield runs_table(group)
        if of_source:
            yield baselines_table(one for several in of_source.values() for one in several)
    if runs := costly_runs(entries):
        yield cost_table(runs)


def leaderboard_table(
    title: str, entries: Sequence[Entry], free: FreeByDimension = NO_BASELINES, lead: Sequence[str] = ()
) -> Table:
    """Models by dimensions, and the best free baselines of these records below them."""
    caption = (
        "Primary metrics with their 95 % intervals, N, and the share of readable answers (coverage). An unreadable "
        "answer counts as wrong. mean_score: the mean over the dimensions. hybrid: all dimensions as one reward, with "
        "chance at 0.5."
    )
    caption += _of_items(run for entry in entries for run in entry.runs.values())
    caption += _of_contents(run for entry in entries for run in entry.runs.values())
    caption = with_meaning(caption, sum(entry.unseen for entry in entries))
    caption += _of_training(entries)
    if free:
        caption += (
            " best free baseline: the best answers that need no model; only their auc is known where all records are "
            "evaluated, so that there is no train split."
        )
    keys = columns_of(entries)
    columns = _leaderboard_columns(keys)
    if lead:
        caption += f" {about_standing(free)}"
    table = Table.of(title, columns, entries, caption, lead=lead)
    table.rows.extend(best_rows(free, keys, before=_BEFORE, after=len(OVERALL)))
    return table


_BEFORE = 3
"""Columns of the leaderboard before those of the dimensions."""


def _leaderboard_columns(keys: Sequence[str]) -> list[Column[Entry]]:
    return [
        Column("model", lambda entry: Cell(entry.name, tuple(entry.marks))),
        Column("harness", lambda entry: entry.harness),
        Column("answers", lambda entry: entry.mode),
        *(Column(key, partial(_of_dimension, key=key), numeric=True) for key in keys),
        *(Column(name, partial(_of_all, name=name), numeric=True) for name in OVERALL),
    ]


_NOTHING = Cell("–")


def _of_items(runs: Iterable[Run]) -> str:
    """The sentences about runs whose candidates were asked about one by one, if there are any."""
    found = [run for run in runs if run.by_item]
    if not found:
        return ""
    said = " Asked item by item: metrics of lists are means over the lists with a positive and a negative."
    pooled = sorted({run.primary for run in found} - {dimension_of(run.dimension).primary for run in found})
    if pooled:
        names = " or ".join(pooled)
        said += f" Where there is no such list they are undefined, and the score is {names}, over all items together."
    return said


def _of_contents(runs: Iterable[Run]) -> str:
    """The sentence about runs in which a reward model scored contents, if there are any."""
    if not any(run.of_content for run in runs):
        return ""
    return (
        " Reads content: a reward model scored responses and items, and their order is compared with the gold labels. "
        "Scores have no threshold, so accuracy, F1, calibration and the hybrid score are undefined. These numbers are "
        "not comparable with those of answers."
    )


def _of_training(entries: Iterable[Entry]) -> str:
    """The sentence about models that were trained on what they were asked, if there are any."""
    if not any(found.shared for entry in entries for found in entry.in_training.values()):
        return ""
    return (
        " Trained on: these evaluated records are in the model's training set, or records of the same user, query or "
        "evidence are. Such numbers say little about other records."
    )


def _of_dimension(entry: Entry, key: str) -> Cell:
    run = entry.runs.get(key)
    if run is None:
        return _NOTHING
    wanted = f" of {run.wanted}" if run.wanted is not None else ""
    items = f" items, {run.metrics['lists']:.0f} lists" if run.by_item else ""
    n = f"N {run.metrics['n']:.0f}{wanted}{items}, {100 * run.metrics['coverage']:.0f} %"
    if run.of_content:
        n += f", {run.metrics['pairs']:.0f} pairs"
    other = [run.primary] if run.primary != dimension_of(run.dimension).primary else []
    unseen = [f"{run.unseen} unseen"] if run.unseen else []
    seen = entry.in_training.get(key)
    trained = [f"trained on {seen.text}"] if seen and seen.shared else []
    return maybe_marked_cell(
        run.metrics[run.primary], run.unseen, *other, short_interval(run.interval()), n, *unseen, *trained
    )


def _of_all(entry: Entry, name: str) -> Cell:
    if name not in entry.overall:
        return _NOTHING
    return maybe_marked_cell(entry.overall[name], entry.unseen, short_interval(entry.interval(name)))


class Shown(NamedTuple):
    """One metric of one run."""

    name: str
    """The model's."""
    run: Run
    metric: str


def runs_table(entries: Sequence[Entry]) -> Table:
    """One line per headline metric of each dimension of an entry."""
    caption = (
        "The first metric of a run is its primary one. chance: the value of answers that do not depend on the record, "
        "such as always the most frequent label, or a random order."
    )
    caption += _of_items(run for _, run in runs_of(entries))
    caption += _of_contents(run for _, run in runs_of(entries))
    shown = [Shown(entry.name, run, metric) for entry, run in runs_of(entries) for metric in run.headlines]
    unseen = sum(entry.unseen for entry in entries)
    columns = [*_RUN_COLUMNS, *([_UNSEEN] if unseen else [])]
    caption = with_meaning(caption, unseen)
    return Table.of("by dimension", columns, shown, caption, level=3, section=lambda one: id(one.run))


_RUN_COLUMNS: Sequence[Column[Shown]] = (
    Column("model", lambda one: one.name),
    Column("dimension", lambda one: one.run.dimension),
    Column("harness", lambda one: one.run.harness),
    Column("answers", lambda one: f"{one.run.mode} (content)" if one.run.of_content else one.run.mode),
    Column("N", lambda one: _records(one), numeric=True),
    Column("coverage", lambda one: percent(one.run.metrics["coverage"]), numeric=True),
    Column("metric", lambda one: one.metric),
    Column("value", lambda one: maybe_marked_cell(one.run.metrics[one.metric], one.run.unseen), numeric=True),
    Column("95 % interval", lambda one: full_interval(one.run.interval(one.metric)), numeric=True),
    Column("chance", lambda one: _chance(one), numeric=True),
)

_UNSEEN = Column[Shown]("unseen", lambda one: count_cell(one.run.unseen), numeric=True)


def _chance(shown: Shown) -> Cell:
    chance = shown.run.chance(shown.metric)
    return _NOTHING if chance is None else number_cell(chance)


def _records(shown: Shown) -> Cell:
    """What a metric is over: answers, or lists where candidates were asked about one by one."""
    run = shown.run
    if not run.by_item:
        of = f" of {run.repeats * run.provenance['rows_available']}" if run.limited else ""
        return Cell(f"{run.metrics['n']:.0f}{of}", order=run.metrics["n"])
    if run.declared(shown.metric).trials == "lists":
        return Cell(f"{run.metrics['lists']:.0f} lists", order=run.metrics["lists"])
    asked = run.repeats * run.provenance["questions"]
    of = f" of {asked}" if run.metrics["n"] < asked else ""
    return Cell(f"{run.metrics['n']:.0f}{of} items", order=run.metrics["n"])


class CostlyRun(NamedTuple):
    """One run of a harness, all its dimensions together."""

    name: str
    """Of its entry; of the first one, if it is several."""
    runs: list[Run]
    cost: Cost


def costly_runs(entries: Sequence[Entry]) -> list[CostlyRun]:
    """The runs of which the harness logged the cost."""
    found: dict[int, CostlyRun] = {}
    for entry in entries:
        for run in entry.runs.values():
            if run.cost is not None:
                found.setdefault(id(run.cost), CostlyRun(entry.name, [], run.cost)).runs.append(run)
    return list(found.values())


def cost_table(runs: Sequence[CostlyRun]) -> Table:
    """What each run of a harness took."""
    notes = sorted({one.cost.note for one in runs} - {""})
    said = (
        "One line per run of a harness. computed per record: prompt tokens without those from the engine's prefix "
        "cache, where the engine reports these."
    )
    if any(run.parts for one in runs for run in one.runs):
        notes.append("Of shards the seconds are added up, so records/s are those of one machine.")
    return Table.of("cost", _COST_COLUMNS, runs, " ".join([said, *notes]))


_COST_COLUMNS: Sequence[Column[CostlyRun]] = (
    Column("model", lambda one: one.name),
    Column("harness", lambda one: one.runs[0].harness),
    Column("answers", lambda one: ", ".join(sorted({run.mode for run in one.runs}))),
    Column("dimensions", lambda one: count_cell(len({run.dimension for run in one.runs})), numeric=True),
    Column("N", lambda one: count_cell(one.cost.records), numeric=True),
    Column("requests", lambda one: count_cell(one.cost.usage.requests), numeric=True),
    Column("tokens in", lambda one: count_cell(one.cost.usage.tokens_in), numeric=True),
    Column("from cache", lambda one: count_cell(one.cost.usage.tokens_cached), numeric=True),
    Column("computed per record", lambda one: _computed(one.cost), numeric=True),
    Column("tokens out", lambda one: count_cell(one.cost.usage.tokens_out), numeric=True),
    Column("seconds", lambda one: Cell(f"{one.cost.seconds:,.1f}", order=one.cost.seconds), numeric=True),
    Column("records/s", lambda one: _speed(one.cost), numeric=True),
)


def _computed(cost: Cost) -> Cell:
    return Cell("unknown") if cost.computed is None else Cell(f"{cost.computed:,.1f}", order=cost.computed)


def _speed(cost: Cost) -> Cell:
    if cost.seconds <= 0:
        return Cell("undefined")
    return Cell(f"{cost.records / cost.seconds:,.2f}", order=cost.records / cost.seconds)
