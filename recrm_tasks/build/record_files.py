"""Records -> files, without those that would not load."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.build.left_out import LeftOut
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.errors import DataError

GROUP = "group"
"""The record field for the user or query that records hang together by."""


def write_records(
    file: Path,
    dimension: str,
    records: Iterator[dict[str, Any]],
    labels: LabelSet | None,
    left_out: LeftOut,
) -> Counter[str]:
    """Writes the records that can be loaded; the others are counted by what is wrong with them.

    Returns:
        How many records there are of each split (of none: under the empty name).

    Raises:
        DataError: an id is a duplicate, or there is no record at all.
    """
    registered = dimension_of(dimension)
    labels = labels or registered.default_labels
    ids: set[str] = set()
    splits: Counter[str] = Counter()
    with file.open("w", encoding="utf-8") as stream:
        for record in records:
            record = {k: v for k, v in record.items() if v is not None and (k, v) != ("meta", {})}
            problem = _problem(record, registered, labels)
            if problem is not None:
                left_out.add(f"records that would not load: {problem}")
                continue
            if record["id"] in ids:
                raise DataError(f"records.{dimension}: ids must differ, but {record['id']!r} is a duplicate")
            ids.add(record["id"])
            splits[record.get("split") or ""] += 1
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
    if not ids:
        reasons = "; ".join(f"{count} {reason}" for reason, count in left_out.counts().items())
        raise DataError(f"records.{dimension}: no record was built. Left out: {reasons or 'nothing'}")
    return splits


def _problem(record: dict[str, Any], dimension: Dimension, labels: LabelSet | None) -> str | None:
    """Why the record would not load, or None; the same for all records that have the same mistake."""
    try:
        dimension.record_type.model_validate(record)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        field = ".".join("N" if isinstance(part, int) else str(part) for part in detail["loc"])
        return ": ".join(filter(None, (field, detail["msg"].removeprefix("Value error, "))))
    if labels is not None and record["label"] not in labels.names:
        return f"label {record['label']!r} is none of {', '.join(labels.names)}"
    return None


def write_json(file: Path, value: Mapping[str, Any]) -> None:
    """An object as a file for people and programs."""
    file.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
