"""Files of any supported format -> chunks of raw rows: JSON, text tables, Parquet, Arrow, Excel."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from recrm_tasks.data.formats.chunk import Chunk, Rows, opened
from recrm_tasks.data.formats.columnar import read_arrow, read_parquet
from recrm_tasks.data.formats.delimited import read_delimited, read_delimited_with_nulls
from recrm_tasks.data.formats.found_form import differences, found_form
from recrm_tasks.data.formats.json_text import layout_of, read_json, read_json_rows
from recrm_tasks.data.formats.text_form import TextForm
from recrm_tasks.data.formats.workbook import read_workbook, sheets_read
from recrm_tasks.data.formats.zipped import few, names_in, on_disk, size_of, with_members
from recrm_tasks.errors import DataError

T = TypeVar("T")
Reader = Callable[[Path, str, str | None, TextForm], Iterator[T]]
"""Takes a file, its ending, its compression, and what is said of its form if it is text."""
_READERS: dict[str, Reader[Chunk]] = {
    "jsonl": read_json,
    "ndjson": read_json,
    "json": read_json,
    "csv": read_delimited,
    "tsv": read_delimited,
    "parquet": read_parquet,
    "arrow": read_arrow,
    "feather": read_arrow,
    "ipc": read_arrow,
    "xlsx": read_workbook,
}
_TABLES = {"txt": read_delimited}
"""Text tables of other names, if a form says how they are read."""
_TEXT = ("csv", "tsv", "txt")
_VALUE_READERS: dict[str, Reader[Chunk | Rows]] = {
    **_READERS,
    **dict.fromkeys(("jsonl", "ndjson", "json"), read_json_rows),
    **dict.fromkeys(_TEXT, read_delimited_with_nulls),
}
COMPRESSED = {"gz": "gzip", "zst": "zstd"}
NAMES = ", ".join(f".{name}" for name in _READERS) + "; also with .gz or .zst behind, or in a .zip"


def format_of(name: str) -> tuple[str, str | None] | None:
    """The format and the compression that a file's name says, or None for a file of another kind."""
    parts = name.lower().rsplit("/", 1)[-1].split(".")
    codec = COMPRESSED.get(parts[-1]) if len(parts) > 2 else None
    ending = parts[-2] if codec else parts[-1]
    return (ending, codec) if len(parts) > 1 and (ending in _READERS or (ending == "zip" and not codec)) else None


def _kind_of(path: Path, form: TextForm) -> tuple[str, str | None] | None:
    """The same, with text tables of any name, if their form says how they are read."""
    parts = path.name.lower().split(".")
    codec = COMPRESSED.get(parts[-1]) if len(parts) > 1 else None
    return format_of(path.name) or (("txt", codec) if form.separator or form.names else None)


def read(path: Path, form: TextForm | None = None) -> Iterator[Chunk]:
    """The rows of a file as columns for texts, some thousands at a time.

    Args:
        path: the file.
        form: how it is written, if it is text. With a separator or names, a file of any name is a text table.

    Raises:
        DataError: the file as a whole cannot be read (further). Single rows that cannot are reported in their chunk.
    """
    return _read(path, form, {**_READERS, **_TABLES})


def read_values(path: Path, form: TextForm | None = None) -> Iterator[Chunk | Rows]:
    """The rows of a file with their values as they are: JSON objects as Python objects, others as columns.

    Text is not normalised as for `read`: null fields of objects stay, and an empty value of CSV and TSV is null unless
    it is quoted.

    Args:
        path: the file.
        form: as for `read`.

    Raises:
        DataError: as for `read`.
    """
    return _read(path, form, _VALUE_READERS)


def form_of(path: Path, form: TextForm | None = None) -> TextForm:
    """How a text table is written: what is said of it, and what was found out. Of other files, what is said.

    Raises:
        DataError: it cannot be found out with certainty.
    """
    form = form or TextForm()
    ending, codec = _kind_of(path, form) or ("", None)
    if ending == "zip":
        return form_of(_only_file(path), form)
    return found_form(path, ending, codec, form) if ending in _TEXT else form


def taken(path: Path, form: TextForm | None = None) -> str:
    """What was found out about how a file is written, in words; nothing if it is as usual for its name.

    Raises:
        DataError: as for `read`.
    """
    form = form or TextForm()
    ending, codec = _kind_of(path, form) or ("", None)
    if ending == "zip":
        inside = _only_file(path)
        return f"{inside.name} in it" + (f", {more}" if (more := taken(inside, form)) else "")
    if ending == "xlsx":
        return sheets_read(path, codec, form)
    if ending == "json":
        return layout_of(path, ending, codec, form)
    return ", ".join(differences(path, ending, codec, form)) if ending in _TEXT else ""


def _read(path: Path, form: TextForm | None, readers: Mapping[str, Reader[T]]) -> Iterator[T]:
    form = form or TextForm()
    known = _kind_of(path, form)
    if known is None:
        raise DataError(
            f"{path}: not a data file by its name; data files are {NAMES}. `separator:` and `names:` say how a text "
            "table of another name is read"
        )
    ending, codec = known
    if ending == "zip":
        yield from _read(_only_file(path), form, readers)
        return
    try:
        yield from readers[ending](path, ending, codec, form)
    except (pa.ArrowException, OSError, UnicodeDecodeError, EOFError) as error:
        raise DataError(f"{path}: cannot be read: {_plainly(error)}") from None


def _only_file(archive: Path) -> Path:
    """The data file in an archive.

    Raises:
        DataError: there is not exactly one.
    """
    names = names_in(archive)
    found = [name for name in names if (known := format_of(name)) and known[0] != "zip" and "/." not in f"/{name}"]
    if not found:
        inner = [name for name in names if name.lower().endswith(".zip")]
        raise DataError(
            f"{archive}: there is no data file in it; it has {few(names)}"
            + ("; archives within archives have to be unpacked" if inner else "")
        )
    if len(found) > 1:
        raise DataError(
            f"{archive}: there are {len(found)} data files in it: {few(found)}; name one: {archive.name}/{found[0]}"
        )
    return archive / found[0]


def _plainly(error: Exception) -> str:
    text = getattr(error, "strerror", None) or (str(error).strip().splitlines() or [type(error).__name__])[0]
    if "straddling object" in text:
        return "a row is longer than 16 MiB; is a quote never closed?"
    if "Empty CSV file" in text:
        return "it has no rows, or the first one is longer than 16 MiB"
    if "Truncated compressed stream" in text:
        return "it ends in the middle of its compressed data; part of the file is missing"
    return text


__all__ = [
    "NAMES",
    "Chunk",
    "Rows",
    "TextForm",
    "form_of",
    "format_of",
    "on_disk",
    "opened",
    "read",
    "read_values",
    "size_of",
    "taken",
    "with_members",
]
