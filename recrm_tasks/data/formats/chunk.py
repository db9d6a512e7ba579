"""What every reader returns, and how it opens files."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from recrm_tasks.data.formats.zipped import opened_member, place_of
from recrm_tasks.errors import DataError


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file, in their order."""

    batch: pa.RecordBatch
    numbers: npt.NDArray[np.int64]
    """The position of each row in the file, from 1."""
    unit: str
    """What the numbers count: `line` or `row`."""
    problems: list[tuple[int, str]] = field(default_factory=list)
    """Rows that could not be read: their positions, and why."""


@dataclass(frozen=True)
class Rows:
    """Some objects of a JSON file with their values as they are."""

    values: list[dict[str, Any]]
    numbers: list[int]
    """As in `Chunk`, and so are the other fields."""
    unit: str
    problems: list[tuple[int, str]]

    def add(self, number: int, row: dict[str, Any] | str) -> None:
        """Adds a row, or the reason why it cannot be read."""
        if isinstance(row, str):
            self.problems.append((number, row))
        else:
            self.values.append(row)
            self.numbers.append(number)


def opened(path: Path, codec: str | None) -> pa.NativeFile:
    """A file as a stream of bytes, decompressed.

    Raises:
        DataError: it is not what its name says.
    """
    place = place_of(path)
    if not place and path.exists() and not path.is_file():
        raise DataError(f"{path}: cannot be read: not a file")
    with opened_member(place) if place else path.open("rb") as stream:
        start = stream.read(1024)
    magic = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd"}
    if codec and not start.startswith(magic[codec]):
        raise DataError(f"{path}: named like a {codec} file, but its content is not {codec}")
    if start.startswith(b"vers") and len(start) < 1024 and b"git-lfs" in start:
        raise DataError(f"{path}: a Git LFS pointer, not the file itself; fetch it with `git lfs pull`")
    file = pa.PythonFile(opened_member(place), mode="r") if place else pa.OSFile(str(path))
    return pa.CompressedInputStream(file, codec) if codec else file


def table_chunk(batch: pa.RecordBatch, first: int) -> Chunk:
    """Rows of a format that counts rows; types that differ only in their encoding become one."""
    batch.validate(full=True)  # a broken file may hold places outside of its texts
    columns = [_simple(column) for column in batch.columns]
    names = batch.schema.names
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    if twice is not None:
        raise pa.ArrowInvalid(f"duplicate column {twice!r}")
    alike = pa.RecordBatch.from_arrays(columns, names)
    alike = alike.replace_schema_metadata(batch.schema.metadata)
    return Chunk(alike, np.arange(first, first + batch.num_rows), "row")


def _simple(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    wanted = _simple_type(column.type)
    return column if wanted == column.type else column.cast(wanted)


def _simple_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _simple_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_binary(kind):
        return pa.string()
    if pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_list(kind):
        return pa.list_(_simple_type(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([pa.field(f.name, _simple_type(f.type)) for f in kind])
    return kind
