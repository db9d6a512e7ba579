"""Text tables: CSV, TSV, and others that a `TextForm` describes.

Every value is read as text: what a column means is decided later.
"""

from __future__ import annotations

import codecs
import csv as standard
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from recrm_tasks.data.formats.chunk import Chunk, table_chunk
from recrm_tasks.data.formats.encoded import LONGEST, Utf8, lines_of, opened_text
from recrm_tasks.data.formats.find_separator import split
from recrm_tasks.data.formats.found_form import found_form
from recrm_tasks.data.formats.text_form import BLANKS, ENTRY, TextForm, in_words
from recrm_tasks.errors import DataError

_LINES = 8_192
"""Rows at once where lines are split here."""


def read_delimited(path: Path, ending: str, codec: str | None, form: TextForm) -> Iterator[Chunk]:
    """The rows of a text table."""
    return _read(path, codec, found_form(path, ending, codec, form), nulls=False)


def read_delimited_with_nulls(path: Path, ending: str, codec: str | None, form: TextForm) -> Iterator[Chunk]:
    """The same; an empty value is null unless it is quoted."""
    return _read(path, codec, found_form(path, ending, codec, form), nulls=True)


def _read(path: Path, codec: str | None, form: TextForm, nulls: bool) -> Iterator[Chunk]:
    assert form.separator is not None
    heading = _heading(path, codec, form)
    if len(form.separator) == 1 and form.separator.isascii() and form.separator != BLANKS:
        chunks = _parsed(path, codec, form, heading, nulls)
    else:
        chunks = _split(path, codec, form, heading, nulls)
    for chunk in chunks:
        yield replace(chunk, batch=_with_points(chunk.batch)) if form.decimal == "," else chunk


def _refusal(expected: int, found: int, form: TextForm) -> str:
    columns = "column" if expected == 1 else "columns"
    return f"expected {expected} {columns}, found {found}; separated by {in_words(form.separator or '')}"


def _parsed(path: Path, codec: str | None, form: TextForm, heading: _Heading, nulls: bool) -> Iterator[Chunk]:
    """By pyarrow, whose separators are one character."""
    refused: list[tuple[int, str]] = []

    def refuse(row: csv.InvalidRow) -> str:
        refused.append((row.number - heading.rows, _refusal(row.expected_columns, row.actual_columns, form)))
        return "skip"

    quoting = {"quote_char": '"', "newlines_in_values": True} if form.quoting else {"quote_char": False}
    columns = {"column_names": heading.names, "skip_rows_after_names": heading.rows} if heading.given else {}
    with opened_text(path, codec, form.encoding) as stream:
        quotes = _Quotes(stream)
        reader = csv.open_csv(
            quotes,
            # One thread: only then are rows numbered.
            csv.ReadOptions(use_threads=False, block_size=LONGEST, **columns),
            csv.ParseOptions(delimiter=form.separator, invalid_row_handler=refuse, **quoting),
            csv.ConvertOptions(
                column_types=dict.fromkeys(heading.names, pa.string()),
                strings_can_be_null=nulls,
                null_values=[""],
                quoted_strings_can_be_null=False,
            ),
        )
        last, held = 0, None
        for batch in reader:
            problems, refused[:] = list(refused), []
            skipped = {number for number, _ in problems}
            # pyarrow may have refused rows behind this batch already; their numbers are skipped all the same.
            numbers = list(islice((n for n in count(last + 1) if n not in skipped), batch.num_rows))
            last = int(max([last, *numbers[-1:], *skipped]))
            if held is not None:
                yield held
            held = Chunk(table_chunk(batch, 1).batch, np.array(numbers, dtype=np.int64), "row", problems)
    is_last = held is not None and not refused and last in held.numbers[-1:]
    # pyarrow takes the end of the file for a closing quote.
    if held is not None and is_last and form.quoting and quotes.count % 2 and _ends_in_quotes(path, codec, form):
        problems = [*held.problems, (last, "its last quote is never closed")]
        held = Chunk(held.batch.slice(0, len(held.numbers) - 1), held.numbers[:-1], "row", problems)
    if held is not None:
        yield held
    if refused:
        yield Chunk(pa.RecordBatch.from_arrays([], []), np.array([], dtype=np.int64), "row", refused)


class _Quotes(io.RawIOBase):
    """A stream that counts quotes, and ends with a line break: pyarrow refuses a heading without one."""

    def __init__(self, stream: Utf8) -> None:
        self._stream, self.count = stream, 0
        self._next: bytes | None = None

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        block = self._stream.read(size) if self._next is None else self._next
        self._next = self._stream.read(size) if block else b""
        if block and not self._next and not block.endswith((b"\n", b"\r")):
            block += b"\n"
        self.count += block.count(b'"')
        return block


def _ends_in_quotes(path: Path, codec: str | None, form: TextForm) -> bool:
    """Whether the last value is quoted and its quote is never closed."""
    assert form.separator is not None
    inside = False
    with opened_text(path, codec, form.encoding) as stream:
        for line in _rows(path, stream):
            at = 0
            while at >= 0:
                if not inside and not line.startswith('"', at):
                    at = line.find(form.separator, at) + 1 or -1
                    continue
                close = line.find('"', at + (not inside))
                inside = close < 0
                if inside:
                    break
                if line.startswith('"', close + 1):
                    at, inside = close + 2, True
                else:
                    at = line.find(form.separator, close) + 1 or -1
    return inside


def _split(path: Path, codec: str | None, form: TextForm, heading: _Heading, nulls: bool) -> Iterator[Chunk]:
    """Line by line, for separators of several characters."""
    rows: list[list[str]] = []
    numbers: list[int] = []
    problems: list[tuple[int, str]] = []

    def chunk() -> Chunk:
        columns = [pa.array([v or None for v in c] if nulls else c, pa.string()) for c in zip(*rows, strict=True)]
        batch = pa.RecordBatch.from_arrays(columns, heading.names) if rows else pa.RecordBatch.from_arrays([], [])
        return Chunk(batch, np.array(numbers, dtype=np.int64), "row", problems)

    with opened_text(path, codec, form.encoding) as stream:
        for number, line in enumerate(islice(_rows(path, stream), min(heading.rows, 1), None), 1):
            fields = split(line, form.separator or BLANKS)
            if len(fields) == len(heading.names):
                rows.append(fields)
                numbers.append(number)
            else:
                problems.append((number, _refusal(len(heading.names), len(fields), form)))
            if len(rows) + len(problems) == _LINES:
                yield chunk()
                rows, numbers, problems = [], [], []
    if rows or problems:
        yield chunk()


def _rows(path: Path, stream: Utf8) -> Iterator[str]:
    """The lines that are not blank."""
    return (line for line in lines_of(stream, path) if line.strip())


def _with_points(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Numbers with decimal commas as others are written: 1.234,5 is 1234.5."""
    columns = []
    for column in batch.columns:
        grouped = pc.match_substring_regex(column, r"^[+-]?\d{1,3}(\.\d{3})+,\d+$")
        plain = pc.if_else(pc.fill_null(grouped, False), pc.replace_substring(column, ".", ""), column)
        columns.append(pc.replace_substring_regex(plain, r"^([+-]?\d+),(\d+)$", r"\1.\2"))
    return pa.RecordBatch.from_arrays(columns, batch.schema.names)


class _Heading(NamedTuple):
    """The columns of a file, and where they are from."""

    names: list[str]
    given: bool
    """Whether the form names the columns, and not the file."""
    rows: int
    """How many rows the heading takes, with blank ones before it; 0 if there is none."""


def _heading(path: Path, codec: str | None, form: TextForm) -> _Heading:
    first, blank = _first_row(path, codec, form)
    if form.names is not None:
        names = list(form.names)
        return _Heading(names, True, blank + 1 if first in (names, names[1:]) else 0)
    if not first:
        raise DataError(f"{path}: no heading line")
    twice = sorted(name for name, times in Counter(first).items() if times > 1)
    if twice:
        raise DataError(
            f"{path}: duplicate column {twice[0]!r} in the heading. If the file has no heading, `names: [...]` {ENTRY} "
            "says what its columns are"
        )
    return _Heading(first, False, 1)


def _first_row(path: Path, codec: str | None, form: TextForm) -> tuple[list[str] | None, int]:
    """The first row that is not blank, if there is one, and how many are before it."""
    with opened_text(path, codec, form.encoding) as stream:
        start = stream.read(1 << 20)
    text = codecs.getincrementaldecoder("utf-8")().decode(start)
    assert form.separator is not None
    rows: Iterator[list[str]]
    if form.quoting:
        rows = standard.reader(io.StringIO(text, newline=""), delimiter=form.separator)
    else:
        rows = (split(line, form.separator) if line.strip() else [] for line in io.StringIO(text, newline=None))
    try:
        return next(((row, blank) for blank, row in enumerate(rows) if row), (None, 0))
    except standard.Error as error:  # before Python 3.11, a NUL character
        raise DataError(f"{path}, line 1: not a CSV heading: {error}") from None
