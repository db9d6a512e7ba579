"""Answers of all dimensions -> the aggregate of each model, and its parts as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from recrm_tasks.aggregate import hybrid_scores
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.reports.files.metrics_file import write_table
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.scoring.aggregate.hybrid import Hybrid
from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.metrics.estimate import Estimate
from recrm_tasks.scoring.metrics.tables import Metrics, flat, mean_score


class Aggregate(NamedTuple):
    """One model, asked in one way, on all dimensions."""

    model: str
    mode: str
    answers: dict[str, Answers]
    """By dimension, in their order."""
    metrics: dict[str, Metrics]
    """By dimension."""
    mean: Estimate
    hybrid: dict[str, Hybrid]
    """By form."""

    @property
    def clusters(self) -> float:
        """The smallest number of clusters of any dimension: what intervals of the aggregate go by."""
        return min(flat(metrics)["clusters"] for metrics in self.metrics.values())


def aggregates(answers: Sequence[Answers], roles: Mapping[str, Role]) -> list[Aggregate]:
    """One per model and answer mode.

    Raises:
        DataError: a model lacks a dimension, has one twice, or its dimensions are of different data.
    """
    runs: dict[tuple[str, str], dict[str, Answers]] = {}
    for one in answers:
        earlier = runs.setdefault((one.model, one.mode), {}).setdefault(one.dimension, one)
        if earlier is not one:
            raise DataError(
                f"two runs of {one.dimension} by {one.model} ({one.mode}): {earlier.file} and {one.file}; "
                "name the files"
            )
    return [_aggregate(model, mode, found, roles) for (model, mode), found in sorted(runs.items())]


def _aggregate(model: str, mode: str, found: Mapping[str, Answers], roles: Mapping[str, Role]) -> Aggregate:
    missing = [key for key in dimensions() if key not in found]
    if missing:
        raise DataError(
            f"{model} ({mode}): no run of {', '.join(missing)}; the aggregate is of all dimensions, so that its number "
            "means the same everywhere"
        )
    sources = {(one.provenance["data"], one.provenance["revision"]): one for one in found.values()}
    if len(sources) > 1:
        told = "; ".join(f"{one.dimension} is of {data} at {revision}" for (data, revision), one in sources.items())
        raise DataError(f"{model} ({mode}): the dimensions are of different data: {told}")
    answers = {key: found[key] for key in dimensions()}
    outcomes = {key: one.outcomes for key, one in answers.items()}
    metrics = {key: dimension_of(key).metrics(rows) for key, rows in outcomes.items()}
    mean = mean_score([metrics[key]["score"] for key in sorted(metrics)])
    return Aggregate(model, mode, answers, metrics, mean, hybrid_scores(outcomes, roles))


COLUMNS = pa.schema(
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
"""Of the exported parts. `candidate` is the place in the order shown, 0 where the record is no list; an unreadable
verdict is null."""


def write_parts(found: Sequence[Aggregate], roles: Mapping[str, Role], file: Path) -> int:
    """Writes every part of every aggregate as Parquet or CSV, by the file's ending.

    Returns:
        The number of parts.

    Raises:
        DataError: another ending, or the file cannot be written.
    """
    if file.suffix not in (".parquet", ".csv"):
        raise DataError(f"{file}: parts are written as .parquet or .csv")
    table = pa.concat_tables([_parts(one, key, roles[key]) for one in found for key in dimensions()])
    write_table(table, file)
    return int(table.num_rows)


def _parts(one: Aggregate, key: str, role: Role) -> pa.Table:
    parts = dimension_of(key).parts(one.answers[key].outcomes)
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
    return pa.table(columns, schema=COLUMNS)
