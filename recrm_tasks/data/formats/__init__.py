"""Files of any supported format -> chunks of raw rows: JSON, CSV and TSV, Parquet, Arrow; gz and zst of these."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from recrm_tasks.data.formats.chunk import Chunk, opened
from recrm_tasks.data.formats.delimited import read_delimited
from recrm_tasks.data.formats.json_text import read_json
from recrm_tasks.data.formats.tables import read_arrow, read_parquet
from recrm_tasks.errors import DataError

_READERS = {
    "jsonl": read_json,
    "ndjson": read_json,
    "json": read_json,
    "csv": read_delimited,
    "tsv": read_delimited,
    "parquet": read_parquet,
    "arrow": read_arrow,
    "feather": read_arrow,
    "ipc": read_arrow,
}
COMPRESSED = {"gz": "gzip", "zst": "zstd"}
NAMES = ", ".join(f".{name}" for name in _READERS) + "; also with .gz or .zst behind"


def format_of(name: str) -> tuple[str, str | None] | None:
    """The format and the compression that a file's name tells, or None for a file of another kind."""
    parts = name.lower().rsplit("/", 1)[-1].split(".")
    codec = COMPRESSED.get(parts[-1]) if len(parts) > 2 else None
    ending = parts[-2] if codec else parts[-1]
    return (ending, codec) if len(parts) > 1 and ending in _READERS else None


def read(path: Path) -> Iterator[Chunk]:
    """The rows of a file, some thousands at a time.

    Raises:
        DataError: the file as a whole cannot be read (further). Single rows that cannot are told in their chunk.
    """
    known = format_of(path.name)
    if known is None:
        raise DataError(f"{path}: not a data file by its name; data files are {NAMES}")
    ending, codec = known
    try:
        yield from _READERS[ending](path, ending, codec)
    except (pa.ArrowException, OSError, UnicodeDecodeError, EOFError) as error:
        raise DataError(f"{path}: cannot be read: {_plainly(error)}") from None


def _plainly(error: Exception) -> str:
    text = getattr(error, "strerror", None) or (str(error).strip().splitlines() or [type(error).__name__])[0]
    if "straddling object" in text:
        return "a row is longer than 16 MiB; is a quote never closed?"
    if "Truncated compressed stream" in text:
        return "it ends in the middle of its compressed data; part of the file is missing"
    return text


__all__ = ["NAMES", "Chunk", "format_of", "opened", "read"]
