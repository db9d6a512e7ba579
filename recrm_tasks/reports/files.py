"""Runs -> files: one row per metric for programs, the leaderboard for people."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.reports.leaderboard import COLUMNS, COST, by_source, caption, cells, costs
from recrm_tasks.reports.runs import Run

SCHEMA = pa.schema(
    [
        ("model", pa.string()),
        ("harness", pa.string()),
        ("answers", pa.string()),
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


def write(runs: Sequence[Run], file: Path) -> None:
    """Writes what is known of the runs, by the file's ending.

    Raises:
        RecrmError: another ending.
        DataError: the file cannot be written.
    """
    if file.suffix not in ENDINGS:
        raise RecrmError(f"--to {file}: reports are written as {', '.join(ENDINGS)}")
    if file.suffix in (".csv", ".parquet"):
        return write_table(pa.Table.from_pylist(rows(runs), schema=SCHEMA), file)
    text = markdown(runs) if file.suffix == ".md" else json.dumps(rows(runs), indent=1, ensure_ascii=False) + "\n"
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _unwritten(file, error) from None
    return None


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


def rows(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One row per run and metric, with the columns of `SCHEMA`."""
    return [
        _row(run, metric)
        for run in runs
        for metric in run.metrics
        if not metric.endswith("_stderr") and metric not in ("score", "tokens_in", "tokens_out")
    ]


def _row(run: Run, metric: str) -> dict[str, Any]:
    low, high = run.interval(metric)
    cost = run.cost
    row = {
        "model": run.model,
        "harness": run.harness,
        "answers": run.mode,
        "dimension": run.dimension,
        "metric": metric,
        "primary": metric == run.primary,
        "value": run.metrics[metric],
        "stderr": run.metrics.get(f"{metric}_stderr"),
        "low": low,
        "high": high,
        "n": int(run.metrics["n"]),
        "coverage": run.metrics["coverage"],
        **{name: run.provenance.get(name) for name in _OF_PROVENANCE},
        "run_records": cost and cost.records,
        "run_seconds": cost and cost.seconds,
        "run_tokens_in": cost and cost.tokens_in,
        "run_tokens_out": cost and cost.tokens_out,
    }
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}


def markdown(runs: Sequence[Run]) -> str:
    """The tables of the terminal: one per data source, and what the runs cost."""
    parts = [
        f"## Data: {source}\n\n{_table(COLUMNS, map(cells, group))}\n{caption(group)}\n"
        for source, group in by_source(runs).items()
    ]
    headings, lines = costs(runs)
    if lines:
        parts.append(f"## Cost\n\n{_table(headings, lines)}\n{COST}\n")
    return "\n".join(parts)


def _table(headings: Sequence[str], lines: Any) -> str:
    body = [headings, ["---"] * len(headings), *lines]
    return "".join(f"| {' | '.join(_plain(cell) for cell in line)} |\n" for line in body)


def _plain(cell: str) -> str:
    """A model may be called anything."""
    return cell.replace("|", "\\|").replace("\n", " ")
