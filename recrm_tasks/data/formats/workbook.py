"""Sheets of Excel files (.xlsx)."""

from __future__ import annotations

import logging
import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.data.formats.chunk import Chunk, table_chunk
from recrm_tasks.data.formats.columnar import ROWS, whole_file
from recrm_tasks.data.formats.json_object import SPLIT_NAMES
from recrm_tasks.data.formats.text_form import ENTRY, TextForm
from recrm_tasks.errors import DataError

_LARGEST = 2 << 30
"""Bytes that a file may unpack to: a sheet is in memory as a whole. Excel's own limit is 1,048,576 rows."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
)
"""What zipfile raises for an archive that is not whole."""
_ENCRYPTED = b"\xd0\xcf\x11\xe0"
"""How a file begins that has a password, and also one of Excel before 2007."""
_UNNAMED = "__UNNAMED__"
"""How fastexcel calls a column without a name, with its number behind."""


def read_workbook(path: Path, _ending: str, codec: str | None, form: TextForm) -> Iterator[Chunk]:
    """The rows of the sheet with rows, or of the sheets that are named like splits, each with its name as `split`.

    Numbers keep their type. Rows are counted from the one below the heading; blank ones are no rows.
    """
    with whole_file(path, codec) as name:
        book = _opened(path, name)
        first, sheets = 1, sheets_of(path, book, form)
        for sheet in sheets:
            columns = _columns(path, book, sheet, form)
            table = _loaded(path, partial(book.load_sheet, sheet, schema_sample_rows=None, **columns))
            _check_heading(path, sheet, table)
            split = sheet if len(sheets) > 1 else None
            yield from _chunks(table, first, split)
            first += table.num_rows


def sheets_read(path: Path, codec: str | None, form: TextForm) -> str:
    """The sheet that is read, or all, in words; empty if there is only one.

    Raises:
        DataError: the file cannot be read, or it is not clear which sheet is meant.
    """
    with whole_file(path, codec) as name:
        book = _opened(path, name)
        found = sheets_of(path, book, form)
        said = f"sheet {found[0]!r}" if len(found) == 1 else f"rows by split, in {len(found)} sheets"
        return said if len(book.sheet_names) > 1 and form.sheet is None else ""


def sheets_of(path: Path, book: Any, form: TextForm) -> list[str]:
    """The sheets that are read.

    Raises:
        DataError: it is not clear which.
    """
    names: list[str] = list(book.sheet_names)
    if form.sheet is not None:
        if form.sheet not in names:
            raise DataError(f"{path}: there is no sheet {form.sheet!r}; there are {', '.join(names)}")
        return [form.sheet]
    if len(names) == 1:
        return names
    loaded = {name: _loaded_by(path, partial(book.load_sheet, name)) for name in names}
    filled = [name for name, sheet in loaded.items() if sheet.visible == "visible" and sheet.height]
    if len(filled) > 1 and not all(name.casefold() in SPLIT_NAMES for name in filled):
        raise DataError(
            f"{path}: several sheets have rows: {', '.join(filled)}; `sheet: NAME` {ENTRY} says which is meant (each "
            "sheet has an entry of its own, if several are)"
        )
    return filled or names[:1]


# It warns of every column without values.
logging.getLogger("fastexcel").setLevel(logging.ERROR)


def _opened(path: Path, name: str) -> Any:
    try:
        import fastexcel
    except ModuleNotFoundError:
        raise DataError(
            f"{path}: Excel files need fastexcel: pip install 'recrm-tasks[excel]'. Or save the sheet as CSV"
        ) from None
    with open(name, "rb") as stream:
        start = stream.read(4)
    if start == _ENCRYPTED:
        raise DataError(
            f"{path}: it has a password, or is of Excel before 2007; save it as .xlsx without one, or as CSV"
        )
    try:
        with zipfile.ZipFile(name) as parts:
            size = sum(part.file_size for part in parts.infolist())
            if size <= _LARGEST and (wrong := parts.testzip()):
                raise zipfile.BadZipFile(f"{wrong} is broken")
    except _BROKEN as error:
        raise DataError(f"{path}: not an Excel file, or a part of it is missing: {error}") from None
    if size > _LARGEST:
        raise DataError(
            f"{path}: it would unpack to {size / (1 << 30):,.1f} GiB; Excel files are read up to {_LARGEST >> 30} GiB. "
            "Save the sheet as CSV"
        )
    return _loaded_by(path, partial(fastexcel.read_excel, name))


def _loaded(path: Path, load: Any) -> pa.RecordBatch:
    batch: pa.RecordBatch = _loaded_by(path, lambda: load().to_arrow())
    return batch


def _loaded_by(path: Path, load: Any) -> Any:
    try:
        return load()
    except Exception as error:  # of its own class, or a panic of Rust
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(f"{path}: cannot be read: {said[0]}") from None


def _columns(path: Path, book: Any, sheet: str, form: TextForm) -> dict[str, Any]:
    """How the columns of a sheet are named: by its first row, or by the form."""
    top = _loaded(path, partial(book.load_sheet, sheet, header_row=None, n_rows=1, dtypes="string"))
    first = [column[0].as_py() for column in top.columns] if top.num_rows else []
    if form.names is not None:
        if len(form.names) != len(first):
            raise DataError(f"{path}: sheet {sheet!r} has {len(first)} columns, and `names:` has {len(form.names)}")
        skipped = int(first in (list(form.names), [None, *form.names[1:]]))
        return {"header_row": None, "skip_rows": skipped, "column_names": list(form.names)}
    twice = [name for name, times in Counter(first).items() if times > 1 and name is not None]
    if twice:
        raise DataError(f"{path}: duplicate column {twice[0]!r} in the heading of sheet {sheet!r}")
    return {}


def _check_heading(path: Path, sheet: str, table: pa.RecordBatch) -> None:
    """Refuses a first row that leaves most columns without a name: a title, say, above the heading."""
    names = [name for i, name in enumerate(table.schema.names) if table.column(i).null_count < table.num_rows]
    unnamed = sum(name.startswith(_UNNAMED) for name in names)
    if 2 * unnamed > len(names):
        raise DataError(
            f"{path}: the first row of sheet {sheet!r} names {len(names) - unnamed} of {len(names)} columns. If the "
            f"heading is further down, remove the rows above it; if there is none, `names: [...]` {ENTRY} says what "
            "the columns are"
        )


def _chunks(table: pa.RecordBatch, first: int, split: str | None) -> Iterator[Chunk]:
    named = [not (name.startswith(_UNNAMED) and table.column(i).null_count == table.num_rows)
             for i, name in enumerate(table.schema.names)]  # fmt: skip
    table = table.select([i for i, kept in enumerate(named) if kept])
    for start in range(0, table.num_rows, ROWS):
        chunk = table_chunk(table.slice(start, ROWS), first + start)
        batch = chunk.batch
        if split is not None and "split" not in batch.schema.names:
            batch = batch.append_column("split", pa.array([split] * batch.num_rows))
        filled = np.zeros(batch.num_rows, dtype=bool)
        for column in table.slice(start, ROWS).columns:
            filled |= pc.is_valid(column).to_numpy(zero_copy_only=False)
        yield Chunk(batch.filter(pa.array(filled)), chunk.numbers[filled], "row")
