"""The parts that hybrid scores are made of -> a file, for other analyses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.aggregate_runs import Aggregate
from recrm_tasks.reports.files.writing import write_table

SCHEMA = pa.schema(
    [
        ("model", pa.string()),
        ("answers", pa.string()),
        ("dimension", pa.string()),
        ("gate", pa.bool_()),
        ("weight", pa.float64()),
        ("id", pa.string()),
        ("candidate", pa.int32()),
        ("gold", pa.float64()),
        ("verdict", pa.float64()),
    ]
)
"""`candidate` is the place in the order shown, from 0; it is 0 where the record is not a list. An unreadable verdict is
null."""


def write_parts(found: Sequence[Aggregate], file: Path) -> int:
    """Writes every part of every aggregate as Parquet or CSV, by the file's ending.

    Returns:
        The number of parts.

    Raises:
        DataError: the file cannot be written.
    """
    table = pa.concat_tables([_parts(one, key) for one in found for key in one.suite.keys])
    write_table(table, file)
    return int(table.num_rows)


def _parts(one: Aggregate, key: str) -> pa.Table:
    role = one.roles[key]
    parts = dimension_of(key).kind.parts(one.answers[key].outcomes)
    sizes = np.diff(parts.starts)
    count = len(parts.gold)
    records = np.repeat(np.arange(len(sizes)), sizes)
    columns = {
        "model": pa.repeat(one.model, count),
        "answers": pa.repeat(one.mode, count),
        "dimension": pa.repeat(key, count),
        "gate": pa.repeat(role.gate, count),
        "weight": pa.repeat(role.weight, count),
        "id": pa.array(parts.ids).take(pa.array(records)),
        "candidate": pa.array(np.arange(count) - parts.starts[records], pa.int32()),
        "gold": pa.array(parts.gold),
        "verdict": pa.array(parts.verdict, mask=np.isnan(parts.verdict)),
    }
    return pa.table(columns, schema=SCHEMA)
