"""Runs -> all metrics of a dimension side by side, and what was run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from recrm_tasks.reports.number_format import percent, short_interval
from recrm_tasks.reports.runs import Run
from recrm_tasks.reports.tables.report_table import Cell, Column, Table
from recrm_tasks.reports.tables.unseen_mark import maybe_marked_cell, with_meaning


class NamedRun(NamedTuple):
    """A run with what its entry is called."""

    label: str
    run: Run


def metrics_table(runs: Sequence[NamedRun]) -> Table:
    """Every metric of one dimension's runs."""
    names = dict.fromkeys(name for one in runs for name in one.run.metric_names)
    columns: list[Column[NamedRun]] = [
        Column("run", lambda one: one.label),
        Column("N", lambda one: Cell(f"{one.run.metrics['n']:.0f}", order=one.run.metrics["n"]), numeric=True),
        Column("coverage", lambda one: _coverage(one.run), numeric=True),
        *(Column(name, partial(_metric, name=name), numeric=True) for name in names if name not in ("n", "coverage")),
    ]
    caption = "acc_baseline: always giving the most frequent label; for lists, a random order."
    return Table.of("all metrics", columns, runs, with_meaning(caption, sum(one.run.unseen for one in runs)))


def _coverage(run: Run) -> Cell:
    return Cell(percent(run.metrics["coverage"]), order=run.metrics["coverage"])


def _metric(one: NamedRun, name: str) -> Cell:
    run = one.run
    if name not in run.metrics:
        return Cell("–")
    value = run.metrics[name]
    if f"{name}_stderr" not in run.metrics:  # a count
        return Cell(f"{value:g}", order=value)
    return maybe_marked_cell(value, run.unseen, short_interval(run.interval(name)))


def details_table(runs: Sequence[NamedRun]) -> Table:
    """Where the numbers come from."""
    return Table.of("what was run", _DETAILS, runs)


def _logged(heading: str, name: str) -> Column[NamedRun]:
    return Column(heading, lambda one: _text(one.run.provenance.get(name)))


def _text(value: Any) -> str:
    return "–" if value is None else str(value)


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
    Column("asked", lambda one: "by item" if one.run.by_item else "–"),
    Column(
        "reads", lambda one: _text(one.run.provenance.get("reads", "letters" if one.run.mode == "logprob" else None))
    ),
    _logged("engine", "engine"),
    _logged("style", "style"),
    _logged("examples", "fewshot"),
    _logged("thinking", "enable_thinking"),
    _logged("thinking in the prompt", "thinking_in_prompt"),
)
