"""Entries -> files: one row per metric for programs, the leaderboard for people."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from recrm_tasks.errors import DataError
from recrm_tasks.reports.leaderboard_entries import Entry
from recrm_tasks.reports.runs import Run
from recrm_tasks.reports.tables.leaderboard_table import tables

SCHEMA = pa.schema(
    [
        ("model", pa.string()),
        ("run", pa.int64()),
        ("harness", pa.string()),
        ("answers", pa.string()),
        ("setting", pa.string()),
        ("dimension", pa.string()),
        ("metric", pa.string()),
        ("primary", pa.bool_()),
        ("value", pa.float64()),
        ("stderr", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("n", pa.int64()),
        ("coverage", pa.float64()),
        ("rows_available", pa.int64()),
        ("data", pa.string()),
        ("source", pa.string()),
        ("revision", pa.string()),
        ("split", pa.string()),
        ("sha256", pa.string()),
        ("prompt_version", pa.int64()),
        ("recrm_tasks", pa.string()),
        ("outdated", pa.bool_()),
        ("wanted", pa.int64()),
        ("run_records", pa.int64()),
        ("run_seconds", pa.float64()),
        ("run_tokens_in", pa.int64()),
        ("run_tokens_out", pa.int64()),
    ]
)
"""docs/reports.md says what each column is. What is not known or not defined is null."""

_OF_PROVENANCE = (
    "rows_available", "data", "source", "revision", "split", "sha256", "prompt_version", "recrm_tasks",
)  # fmt: skip
"""Columns that are taken from there as they are."""

ENDINGS = (".csv", ".parquet", ".json", ".md")


def write(entries: Sequence[Entry], file: Path) -> None:
    """Writes what is known of the entries, by the file's ending.

    Raises:
        DataError: the file cannot be written.
    """
    if file.suffix in (".csv", ".parquet"):
        write_table(pa.Table.from_pylist(rows(entries), schema=SCHEMA), file)
    elif file.suffix == ".json":
        write_text(json.dumps(rows(entries), indent=1, ensure_ascii=False) + "\n", file)
    else:
        write_text(markdown(entries), file)


def write_text(text: str, file: Path) -> None:
    """Writes a text.

    Raises:
        DataError: the file cannot be written.
    """
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritten(file, error) from None


def write_table(table: pa.Table, file: Path) -> None:
    """Writes a table as CSV or, compressed, as Parquet.

    Raises:
        DataError: the file cannot be written.
    """
    try:
        if file.suffix == ".csv":
            pa.csv.write_csv(table, file)
        else:
            pa.parquet.write_table(table, file, compression="zstd")
    except OSError as error:
        raise _unwritten(file, error) from None


def _unwritten(file: Path, error: OSError) -> DataError:
    return DataError(f"{file}: cannot be written: {error.strerror or error}")


def rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """One row per run and metric, and per overall score, with the columns of `SCHEMA`."""
    found: list[dict[str, Any]] = []
    for entry in entries:
        found += [_row(entry, run, metric) for run in entry.runs.values() for metric in _metrics(run)]
        found += [_overall(entry, metric) for metric in ("mean_score", "hybrid") if metric in entry.overall]
    return found


def _metrics(run: Run) -> list[str]:
    left = ("score", "tokens_in", "tokens_out")
    return [metric for metric in run.metrics if not metric.endswith("_stderr") and metric not in left]


def _row(entry: Entry, run: Run, metric: str) -> dict[str, Any]:
    cost = run.cost
    more = {
        "n": int(run.metrics["n"]),
        "coverage": run.metrics["coverage"],
        **{name: run.provenance.get(name) for name in _OF_PROVENANCE},
        "outdated": run.outdated,
        "wanted": run.wanted,
        "run_records": cost and cost.records,
        "run_seconds": cost and cost.seconds,
        "run_tokens_in": cost and cost.tokens_in,
        "run_tokens_out": cost and cost.tokens_out,
    }
    return _number(entry, run.dimension, metric, metric == run.primary, run.metrics, run.interval(metric), more)


def _overall(entry: Entry, metric: str) -> dict[str, Any]:
    runs = entry.runs.values()
    first = next(iter(runs)).provenance
    more = {
        "n": int(sum(run.metrics["n"] for run in runs)),
        **{name: first.get(name) for name in ("data", "source", "revision", "split", "recrm_tasks")},
        "outdated": any(run.outdated for run in runs),
    }
    return _number(entry, "all", metric, False, entry.overall, entry.interval(metric), more)


def _number(
    entry: Entry,
    dimension: str,
    metric: str,
    primary: bool,
    numbers: Mapping[str, float],
    interval: tuple[float, float],
    more: Mapping[str, Any],
) -> dict[str, Any]:
    row = {
        "model": entry.model,
        "run": entry.number,
        "harness": entry.harness,
        "answers": entry.mode,
        "setting": ", ".join(entry.setting),
        "dimension": dimension,
        "metric": metric,
        "primary": primary,
        "value": numbers[metric],
        "stderr": numbers.get(f"{metric}_stderr"),
        "low": interval[0],
        "high": interval[1],
        **more,
    }
    return {name: _known(row.get(name)) for name in SCHEMA.names}


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def markdown(entries: Sequence[Entry]) -> str:
    """The tables of the terminal."""
    return "\n".join(
        f"{'#' * one.level} {one.title[0].upper()}{one.title[1:]}\n\n{_table(one.headings, one.lines)}\n{one.caption}\n"
        for one in tables(entries)
    )


def _table(headings: Sequence[str], lines: Any) -> str:
    body = [headings, ["---"] * len(headings), *lines]
    return "".join(f"| {' | '.join(_plain(cell) for cell in line)} |\n" for line in body)


def _plain(cell: str) -> str:
    """A model may be called anything."""
    return cell.replace("|", "\\|").replace("\n", "<br>")
