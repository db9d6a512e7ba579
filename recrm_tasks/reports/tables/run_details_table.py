"""Runs -> all metrics of a dimension side by side, and what was run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from recrm_tasks.reports.number_format import percent, short_interval
from recrm_tasks.reports.runs import Run
from recrm_tasks.reports.tables.report_table import Cell, Column, Table
from recrm_tasks.reports.tables.unseen_mark import maybe_marked_cell, with_meaning
from recrm_tasks.scoring.metric import VALID

_NOTHING = "–"
_MOST = 11
"""Metrics in one table."""
_NAMES = 3
"""Columns that say which run a row is of."""


class NamedRun(NamedTuple):
    """A run with what its entry is called."""

    label: str
    run: Run


def metrics_tables(runs: Sequence[NamedRun]) -> list[Table]:
    """Every metric of one dimension's runs: over all answers, over the readable ones, and counts. A table of all of
    them would be wider than any screen."""
    names = dict.fromkeys(name for one in runs for name in one.run.metric_names)
    counts = [name for name in names if all(f"{name}_stderr" not in one.run.metrics for one in runs)]
    valid = [name for name in names if name.endswith(VALID)]
    others = [name for name in names if name not in (*counts, *valid)]
    run = Column[NamedRun]("run", lambda one: one.label)
    groups = {
        "over all answers": ["n", "coverage", *(name for name in others if name != "coverage")],
        "over readable answers only": [name for name in valid if name not in counts],
        "counts and baselines": [name for name in counts if name != "n"],
    }
    caption = "acc_baseline: always giving the most frequent label; for lists, a random order."
    captions = {
        "over all answers": with_meaning("", sum(one.run.unseen for one in runs)),
        "counts and baselines": caption,
    }
    return [
        Table.of(title, [run, *map(_column, group[start : start + _MOST])], runs, captions.get(title, ""))
        for title, group in groups.items()
        for start in range(0, len(group), _MOST)
    ]


def _column(name: str) -> Column[NamedRun]:
    if name == "n":
        return Column("N", lambda one: Cell(f"{one.run.n}", order=one.run.n), numeric=True)
    if name == "coverage":
        return Column(name, lambda one: _coverage(one.run), numeric=True)
    return Column(name, partial(_metric, name=name), numeric=True)


def _coverage(run: Run) -> Cell:
    return Cell(percent(run.metrics["coverage"]), order=run.metrics["coverage"])


def _metric(one: NamedRun, name: str) -> Cell:
    run = one.run
    if name not in run.metrics:
        return Cell(_NOTHING)
    value = run.metrics[name]
    if f"{name}_stderr" not in run.metrics:  # a count
        return Cell(f"{value:g}", order=value)
    return maybe_marked_cell(value, run.unseen, short_interval(run.interval(name)))


def details_table(runs: Sequence[NamedRun]) -> Table:
    """Where the numbers come from. What is the same for all runs is said once, below the table."""
    table = Table.of("what was run", _DETAILS, runs)
    if len(runs) < 2:
        return table
    texts = [[row.cells[place].text for row in table.rows] for place in range(len(_DETAILS))]
    same = [place for place, column in enumerate(texts) if place >= _NAMES and len(set(column)) == 1]
    shown = [place for place in range(len(_DETAILS)) if place not in same]
    said = [f"{_DETAILS[place].heading} {texts[place][0]}" for place in same if texts[place][0] != _NOTHING]
    caption = f"The same for all: {', '.join(said)}." if said else ""
    return Table.of("what was run", [_DETAILS[place] for place in shown], runs, caption)


def _logged(heading: str, name: str) -> Column[NamedRun]:
    return Column(heading, lambda one: _text(one.run.provenance.get(name)))


def _text(value: Any) -> str:
    return _NOTHING if value is None else str(value)


def _version(run: Run) -> str:
    asked = str(run.provenance["prompt_version"])
    return f"{asked}{f', read by {run.reader_version}' if run.rescored else ''}{' (older)' if run.outdated else ''}"


_DETAILS: Sequence[Column[NamedRun]] = (
    Column("run", lambda one: one.label),
    Column("dimension", lambda one: one.run.dimension),
    Column("file", lambda one: one.run.file.name),
    Column("shards", lambda one: _text(len(one.run.parts) or None)),
    _logged("split", "split"),
    _logged("records available", "rows_available"),
    Column("sha256", lambda one: _text(one.run.provenance["sha256"])[:12]),
    Column("task version", lambda one: _version(one.run)),
    _logged("recrm-tasks", "recrm_tasks"),
    Column("asked", lambda one: "by item" if one.run.by_item else _NOTHING),
    Column(
        "reads", lambda one: _text(one.run.provenance.get("reads", "letters" if one.run.mode == "logprob" else None))
    ),
    _logged("engine", "engine"),
    _logged("style", "style"),
    _logged("examples", "fewshot"),
    _logged("thinking", "enable_thinking"),
    _logged("thinking in the prompt", "thinking_in_prompt"),
)
