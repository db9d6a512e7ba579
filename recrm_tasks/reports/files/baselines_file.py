"""Free baselines -> one row per metric, for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from recrm_tasks.baselines.result import Evaluated, Result
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.files.writing import known, write_json, write_table

ENDINGS = (".csv", ".parquet", ".json")
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("dimension", "baseline", "metric")),
        ("primary", pa.bool_()),
        *((name, pa.float64()) for name in ("value", "stderr", "low", "high")),
        *((name, pa.int64()) for name in ("n", "rows_available", "seed")),
        *((name, pa.string()) for name in ("train", "data", "source", "revision", "split", "sha256", "recrm_tasks")),
        ("learned_from", pa.int64()),
    ]
)
"""What is not known or not defined is null. `auc_best` is the AUC of the best label against the others."""
_FROM_PROVENANCE = ("rows_available", "seed", "data", "source", "revision", "split", "sha256", "recrm_tasks")


def write_baselines(found: Sequence[Evaluated], file: Path) -> None:
    """Writes every metric of the baselines as CSV, Parquet or JSON, by the file's ending.

    Raises:
        DataError: the file cannot be written.
    """
    rows = [row for one in found for result in one.results for row in _rows(one, result)]
    if file.suffix == ".json":
        write_json(rows, file)
    else:
        write_table(pa.Table.from_pylist(rows, schema=_SCHEMA), file)


def _rows(one: Evaluated, result: Result) -> Iterator[dict[str, Any]]:
    kind = dimension_of(one.dimension).kind
    shared = {
        "n": one.n,
        "train": one.train,
        "learned_from": one.learned_from,
        **{name: one.provenance[name] for name in _FROM_PROVENANCE},
    }
    found = []
    for name in result.numbers:
        if name != "score" and not name.endswith("_stderr"):
            stderr = result.numbers.get(f"{name}_stderr")
            found.append((name, result.numbers[name], stderr, *kind.interval(name, result.numbers)))
    if kind.has_labels:
        found.append(("auc_best", result.area.value, None, result.area.low, result.area.high))
    for name, value, stderr, low, high in found:
        row = {
            "dimension": one.dimension,
            "baseline": result.baseline,
            "metric": name,
            "primary": name == result.headline.metric,
            "value": value,
            "stderr": stderr,
            "low": low,
            "high": high,
            **shared,
        }
        yield {key: known(x) for key, x in row.items()}
