"""Checked records in a file: written as they come, read back in windows, so that memory does not grow with the rows.

They are two uncompressed Arrow files in the cache folder (`RECRM_CACHE`, else `~/.cache/recrm-tasks`): the records, and
an index of the short columns that records are chosen and ordered by. Small sources stay in memory.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from recrm_tasks.errors import DataError

_RECORDS, _INDEX, _MANIFEST = "records.arrow", "index.arrow", "manifest.json"
_FEW = 16
"""Rows are few if the store has more than this many times as many."""
_WINDOW = 128 << 20
"""Bytes of records that are in memory at once when they are read in another order than the file's."""


@dataclass(frozen=True)
class Stored:
    """Checked records of one dimension, in the order of their source."""

    content: Path | pa.Buffer
    index: pa.Table
    """The short columns of all records."""
    manifest: dict[str, Any]

    def batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some columns of all records, part by part."""
        with self._stream() as stream:
            reader = self._reader(stream, names)
            for i in range(reader.num_record_batches):
                yield reader.get_batch(i).select(list(names))

    def gather(self, rows: npt.NDArray[np.int64], names: Sequence[str]) -> Iterator[pa.Table]:
        """The records at these places, in this order, some thousands at a time.

        Each window of rows is one pass through the file: more reads in exchange for less memory. Of a few rows only the
        pages that they are in are read.
        """
        sizes = self.manifest["batches"]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        size = self.content.stat().st_size if isinstance(self.content, Path) else self.content.size
        window = max(1, int(_WINDOW / max(1, size / max(1, int(starts[-1])))))
        with self._stream(few=_FEW * len(rows) < int(starts[-1])) as stream:
            reader = self._reader(stream, names)
            for begin in range(0, len(rows), window):
                yield self._window(reader, rows[begin : begin + window], starts, names)

    def _window(
        self, reader: Any, rows: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], names: Sequence[str]
    ) -> pa.Table:
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        places = np.searchsorted(ordered, starts)
        taken = []
        for i in range(len(starts) - 1):
            if places[i] < places[i + 1]:
                local = ordered[places[i] : places[i + 1]] - starts[i]
                taken.append(reader.get_batch(i).select(list(names)).take(pa.array(local)))
        if np.array_equal(rows, ordered):
            return pa.Table.from_batches(taken)
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        # Row by row: texts of a window together may be longer than one column's offsets can count.
        return pa.Table.from_batches(taken).take(pa.array(back)) if _fits(taken) else _slowly(taken, back)

    def _stream(self, few: bool = False) -> pa.NativeFile:
        """The file. Memory-mapped only for a few rows: the pages of many would count as the process's memory."""
        if not isinstance(self.content, Path):
            return pa.BufferReader(self.content)
        return pa.memory_map(str(self.content)) if few else pa.OSFile(str(self.content))

    def _reader(self, stream: pa.NativeFile, names: Sequence[str]) -> Any:
        known = self.manifest["columns"]
        options = pa.ipc.IpcReadOptions(included_fields=sorted(known.index(n) for n in names))
        return pa.ipc.open_file(stream, options=options)


class Writer:
    """Writes records; they are kept only if writing is finished."""

    def __init__(self, schema: pa.Schema, home: Path | None) -> None:
        """Writes into the folder `home` when finished, or into memory (None)."""
        self.home, self.schema = home, schema
        self.sizes: list[int] = []
        self._folder: Path | None = None
        if home is None:
            self._sink: Any = pa.BufferOutputStream()
        else:
            try:
                home.parent.mkdir(parents=True, exist_ok=True)
                self._folder = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=home.parent))
                self._sink = pa.OSFile(str(self._folder / _RECORDS), "wb")
            except OSError as error:
                raise _no_room(home.parent, error) from None
        self._writer = pa.ipc.new_file(self._sink, schema)

    def discard(self) -> None:
        """Removes what was not finished."""
        if not self._sink.closed:
            self._sink.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def write(self, batch: pa.RecordBatch) -> None:
        """Adds records."""
        if not batch.num_rows:
            return
        try:
            self._writer.write_batch(batch)
        except OSError as error:
            raise _no_room(self.home or Path(), error) from None
        self.sizes.append(batch.num_rows)

    def finish(self, manifest: dict[str, Any], index: pa.Table) -> Stored:
        """Closes the files and moves them into place in one step, so that a store is always complete."""
        manifest = {**manifest, "batches": self.sizes, "columns": self.schema.names}
        try:
            self._writer.close()
            if self.home is None or self._folder is None:
                return Stored(self._sink.getvalue(), index, manifest)
            self._sink.close()
            manifest["bytes"] = (self._folder / _RECORDS).stat().st_size
            with pa.OSFile(str(self._folder / _INDEX), "wb") as sink, pa.ipc.new_file(sink, index.schema) as writer:
                writer.write_table(index)
            (self._folder / _MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
            try:
                os.replace(self._folder, self.home)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                if stored(self.home) is None:  # damaged; otherwise another run was faster
                    shutil.rmtree(self.home)
                    os.replace(self._folder, self.home)
        except OSError as error:
            raise _no_room(self.home or Path(), error) from None
        return Stored(self.home / _RECORDS, index, manifest)


def stored(home: Path) -> Stored | None:
    """The store of an earlier run; None if there is none or it is damaged."""
    try:
        manifest = json.loads((home / _MANIFEST).read_text(encoding="utf-8"))
        with pa.OSFile(str(home / _INDEX)) as stream:
            index = pa.ipc.open_file(stream).read_all()
        whole = (home / _RECORDS).stat().st_size == manifest["bytes"]
        return Stored(home / _RECORDS, index, manifest) if whole else None
    except (OSError, ValueError, KeyError, pa.ArrowException):
        return None


def cache_folder() -> Path:
    """The folder of the cache."""
    named = os.environ.get("RECRM_CACHE")
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "recrm-tasks"


def _no_room(folder: Path, error: OSError) -> DataError:
    return DataError(
        f"{folder}: checked records cannot be written there: {error.strerror or error}. "
        "RECRM_CACHE names another folder."
    )


def _fits(batches: list[pa.RecordBatch]) -> bool:
    return bool(sum(batch.nbytes for batch in batches) < 1 << 31)


def _slowly(batches: list[pa.RecordBatch], order: npt.NDArray[np.int64]) -> pa.Table:
    starts = np.concatenate([[0], np.cumsum([b.num_rows for b in batches])])
    parts = []
    for place in order.tolist():
        i = int(np.searchsorted(starts, place, side="right")) - 1
        parts.append(batches[i].slice(place - int(starts[i]), 1))
    return pa.Table.from_batches(parts)


def codes_of(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """The number of each row's value among the distinct values, and these; null has a number too."""
    # The index has short values only, which fit in one piece.
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_pylist()
