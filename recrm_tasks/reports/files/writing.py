"""Texts and tables -> files."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from recrm_tasks.errors import DataError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Makes a failure to write one message.

    Raises:
        DataError: the path cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from None


def write_text(text: str, file: Path) -> None:
    """Writes a text as UTF-8.

    Raises:
        DataError: the file cannot be written.
    """
    with writing(file):
        file.write_text(text, encoding="utf-8")


def write_json(value: Any, file: Path) -> None:
    """Writes a value as JSON.

    Raises:
        DataError: the file cannot be written.
    """
    write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", file)


def known(value: Any) -> Any:
    """A value for JSON or a table, where what is undefined (NaN) is null."""
    return None if isinstance(value, float) and math.isnan(value) else value


def write_table(table: pa.Table, file: Path) -> None:
    """Writes a table as CSV or, compressed, as Parquet, by the file's ending.

    Raises:
        DataError: the file cannot be written.
    """
    with writing(file):
        if file.suffix == ".csv":
            pa.csv.write_csv(table, file)
        else:
            pa.parquet.write_table(table, file, compression="zstd")
