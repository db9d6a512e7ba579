"""CSV and TSV with a heading line. Every value is read as text: what a column means is decided later."""

from __future__ import annotations

import codecs
import csv as standard
import io
from collections import Counter
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from recrm_tasks.data.formats.chunk import Chunk, opened, table_chunk
from recrm_tasks.errors import DataError

_BLOCK = 1 << 24
"""Bytes read at once: no row may be longer."""


def read_delimited(path: Path, ending: str, codec: str | None) -> Iterator[Chunk]:
    """A CSV or TSV file, quoted as RFC 4180 says: quoted values may have line breaks."""
    return _read(path, ending, codec, nulls=False)


def read_delimited_with_nulls(path: Path, ending: str, codec: str | None) -> Iterator[Chunk]:
    """The same; an empty value is null unless it is quoted."""
    return _read(path, ending, codec, nulls=True)


def _read(path: Path, ending: str, codec: str | None, nulls: bool) -> Iterator[Chunk]:
    delimiter = "\t" if ending == "tsv" else ","
    names = _heading(path, delimiter, codec)
    refused: list[tuple[int, str]] = []

    def refuse(row: csv.InvalidRow) -> str:
        refused.append((row.number - 1, f"expected {row.expected_columns} columns, found {row.actual_columns}"))
        return "skip"

    with opened(path, codec) as stream:
        reader = csv.open_csv(
            _Checked(stream, path),
            # One thread: only then are rows numbered.
            csv.ReadOptions(use_threads=False, block_size=_BLOCK),
            csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=nulls,
                null_values=[""],
                quoted_strings_can_be_null=False,
            ),
        )
        last = 0
        for batch in reader:
            problems, refused[:] = list(refused), []
            skipped = {number for number, _ in problems}
            # pyarrow may have refused rows behind this batch already; their numbers are skipped all the same.
            numbers = list(islice((n for n in count(last + 1) if n not in skipped), batch.num_rows))
            last = max([last, *numbers[-1:], *skipped])
            yield Chunk(table_chunk(batch, 1).batch, np.array(numbers, dtype=np.int64), "row", problems)
        if refused:
            yield Chunk(pa.RecordBatch.from_arrays([], []), np.array([], dtype=np.int64), "row", refused)


class _Checked(io.RawIOBase):
    """A stream of UTF-8 text: pyarrow reports a wrong byte in a row that it refuses on standard error only."""

    def __init__(self, stream: pa.NativeFile, path: Path) -> None:
        self._stream, self._path, self._line = stream, path, 1
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        block: bytes = self._stream.read(size)
        try:
            self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            at = self._line + block.count(b"\n", 0, error.start)
            raise DataError(f"{self._path}, line {at}: not UTF-8 text ({error.reason})") from None
        self._line += block.count(b"\n")
        return block


def _heading(path: Path, delimiter: str, codec: str | None) -> list[str]:
    with opened(path, codec) as stream:
        start = stream.read(1 << 20)
    try:
        text = start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4:
            at = 1 + start.count(b"\n", 0, error.start)
            raise DataError(f"{path}, line {at}: not UTF-8 text ({error.reason})") from None
        text = start[: error.start].decode("utf-8-sig")
    try:
        names = next(standard.reader(io.StringIO(text), delimiter=delimiter), None)
    except standard.Error as error:  # before Python 3.11, a NUL character
        raise DataError(f"{path}, line 1: not a CSV heading: {error}") from None
    if not names:
        raise DataError(f"{path}: no heading line")
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise DataError(f"{path}: duplicate column {twice[0]!r} in the heading")
    return names
