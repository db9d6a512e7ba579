"""Leaderboard entries and runs of agents -> one row per metric, for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from recrm_tasks.models.usage import FIELDS as USAGE
from recrm_tasks.reports.agent_groups import AgentGroup
from recrm_tasks.reports.files.agents_file import agent_rows
from recrm_tasks.reports.files.writing import known, write_json, write_table
from recrm_tasks.reports.leaderboard_entries import OVERALL, Entry
from recrm_tasks.reports.runs import Run

ENDINGS = (".csv", ".parquet", ".json")


class _Metric(NamedTuple):
    """What a row is of: a metric of a run, or an overall score of an entry."""

    entry: Entry
    run: Run | None
    """None for an overall score."""
    name: str

    @property
    def numbers(self) -> Any:
        return self.run.metrics if self.run else self.entry.overall

    @property
    def interval(self) -> tuple[float, float]:
        return self.run.interval(self.name) if self.run else self.entry.interval(self.name)


def _of_run(value: Callable[[Run], Any]) -> Callable[[_Metric], Any]:
    """A column that only metrics of a run have."""
    return lambda metric: value(metric.run) if metric.run else None


def _of_provenance(name: str) -> Callable[[_Metric], Any]:
    """A column that every run of an entry has alike."""
    return lambda metric: (metric.run or next(iter(metric.entry.runs.values()))).provenance.get(name)


def _counted(run: Run, name: str) -> int | None:
    return getattr(run.cost.usage, name) if run.cost else None


_COLUMNS: Sequence[tuple[str, pa.DataType, Callable[[_Metric], Any]]] = (
    ("model", pa.string(), lambda metric: metric.entry.model),
    ("judge", pa.string(), lambda metric: None),
    ("run", pa.int64(), lambda metric: metric.entry.number),
    ("harness", pa.string(), lambda metric: metric.entry.harness),
    ("answers", pa.string(), lambda metric: metric.entry.mode),
    ("setting", pa.string(), lambda metric: ", ".join(metric.entry.setting)),
    ("dimension", pa.string(), lambda metric: metric.run.dimension if metric.run else "all"),
    ("metric", pa.string(), lambda metric: metric.name),
    ("primary", pa.bool_(), lambda metric: metric.run is not None and metric.name == metric.run.primary),
    ("value", pa.float64(), lambda metric: metric.numbers[metric.name]),
    ("stderr", pa.float64(), lambda metric: metric.numbers.get(f"{metric.name}_stderr")),
    ("low", pa.float64(), lambda metric: metric.interval[0]),
    ("high", pa.float64(), lambda metric: metric.interval[1]),
    ("n", pa.int64(), lambda metric: _records(metric)),
    ("coverage", pa.float64(), _of_run(lambda run: run.metrics["coverage"])),
    ("unseen", pa.int64(), lambda metric: sum(run.unseen for run in _runs(metric))),
    ("rows_available", pa.int64(), _of_run(lambda run: run.provenance.get("rows_available"))),
    ("data", pa.string(), _of_provenance("data")),
    ("source", pa.string(), _of_provenance("source")),
    ("revision", pa.string(), _of_provenance("revision")),
    ("split", pa.string(), _of_provenance("split")),
    ("sha256", pa.string(), _of_run(lambda run: run.provenance.get("sha256"))),
    ("prompt_version", pa.int64(), _of_run(lambda run: run.provenance.get("prompt_version"))),
    ("recrm_tasks", pa.string(), _of_provenance("recrm_tasks")),
    ("rescored", pa.bool_(), lambda metric: any(run.rescored for run in _runs(metric))),
    ("reader_version", pa.int64(), _of_run(lambda run: run.reader_version)),
    ("outdated", pa.bool_(), lambda metric: any(run.outdated for run in _runs(metric))),
    ("wanted", pa.int64(), _of_run(lambda run: run.wanted)),
    ("in_training", pa.int64(), lambda metric: _in_training(metric)),
    ("run_records", pa.int64(), _of_run(lambda run: run.cost and run.cost.records)),
    ("run_seconds", pa.float64(), _of_run(lambda run: run.cost and run.cost.seconds)),
    *((f"run_{name}", pa.int64(), _of_run(partial(_counted, name=name))) for name in USAGE),
    ("run_computed_per_record", pa.float64(), _of_run(lambda run: run.cost and run.cost.computed)),
)
"""docs/reports.md says what each column is. What is not known or not defined is null."""

SCHEMA = pa.schema([(name, kind) for name, kind, _ in _COLUMNS])


def _runs(metric: _Metric) -> list[Run]:
    return [metric.run] if metric.run else list(metric.entry.runs.values())


def _in_training(metric: _Metric) -> int | None:
    """Records in the training set; None if a run was not compared with one."""
    found = [metric.entry.in_training.get(run.dimension) for run in _runs(metric)]
    return None if None in found else sum(one.shared for one in found if one)


def _records(metric: _Metric) -> int:
    return int(sum(run.metrics["n"] for run in _runs(metric)))


def write_metrics(entries: Sequence[Entry], agents: Sequence[AgentGroup], file: Path) -> None:
    """Writes every metric of the entries and of runs of agents as CSV, Parquet or JSON, by the file's ending.

    Raises:
        DataError: the file cannot be written.
    """
    nothing = dict.fromkeys(SCHEMA.names)
    rows = metric_rows(entries) + [{**nothing, **row} for row in agent_rows(agents)]
    if file.suffix == ".json":
        write_json(rows, file)
    else:
        write_table(pa.Table.from_pylist(rows, schema=SCHEMA), file)


def metric_rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """One row per run and metric and per overall score, with the columns of `SCHEMA`."""
    return [{name: known(value(metric)) for name, _, value in _COLUMNS} for metric in _metrics(entries)]


def _metrics(entries: Sequence[Entry]) -> Iterator[_Metric]:
    for entry in entries:
        for run in entry.runs.values():
            yield from (_Metric(entry, run, name) for name in run.metric_names)
        yield from (_Metric(entry, None, name) for name in OVERALL if name in entry.overall)
