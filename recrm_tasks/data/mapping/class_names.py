"""The names of a column's classes, as `datasets` writes them into Parquet and Arrow files."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa


def class_names(batch: pa.RecordBatch, column: str) -> dict[str, str]:
    """The name of each number of a `ClassLabel` column; empty for any other column."""
    written = (batch.schema.metadata or {}).get(b"huggingface")
    try:
        content: Any = json.loads(written) if written else None
    except ValueError:
        return {}
    for part in ("info", "features", column):
        content = content.get(part) if isinstance(content, dict) else None
    names = content.get("names") if isinstance(content, dict) and content.get("_type") == "ClassLabel" else None
    return {str(i): str(name) for i, name in enumerate(names)} if isinstance(names, list) else {}
