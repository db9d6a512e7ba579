"""Parquet and Arrow files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from recrm_tasks.data.formats.chunk import Chunk, opened, table_chunk
from recrm_tasks.data.formats.text_form import TextForm
from recrm_tasks.data.formats.zipped import LIMIT, place_of
from recrm_tasks.errors import DataError

ROWS = 16_384
"""Rows per chunk: about 20 MB of records of 1,000 characters."""
_BLOCK = 1 << 22
_FREE = 1 << 30
"""Bytes of the disk that stay free."""


def read_parquet(path: Path, _ending: str, codec: str | None, _form: TextForm) -> Iterator[Chunk]:
    """A Parquet file, by parts of its row groups."""
    first = 1
    with whole_file(path, codec) as file, pq.ParquetFile(file, pre_buffer=False) as parquet:
        for batch in parquet.iter_batches(ROWS):
            yield table_chunk(batch, first)
            first += batch.num_rows


def read_arrow(path: Path, _ending: str, codec: str | None, _form: TextForm) -> Iterator[Chunk]:
    """An Arrow file or stream (what `datasets` saves)."""
    first = 1
    with whole_file(path, codec) as name, opened(Path(name), None) as stream:
        is_file = stream.read(6) == b"ARROW1"
        stream.seek(0)
        if is_file:
            reader = pa.ipc.open_file(stream)
            batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
        else:
            batches = iter(pa.ipc.open_stream(stream))
        for batch in batches:
            for start in range(0, batch.num_rows, ROWS):
                yield table_chunk(batch.slice(start, ROWS), first)
                first += min(ROWS, batch.num_rows - start)


@contextmanager
def whole_file(path: Path, codec: str | None) -> Iterator[str]:
    """The path of the unpacked file: for formats that are read from their end.

    Raises:
        DataError: unpacked it would be too large for the limit, or for the disk.
    """
    if codec is None and place_of(path) is None:
        opened(path, None).close()
        yield str(path)
        return
    with tempfile.NamedTemporaryFile() as copy, opened(path, codec) as stream:
        limit = min(LIMIT, shutil.disk_usage(copy.name).free - _FREE)
        while block := stream.read(_BLOCK):
            if copy.tell() + len(block) > limit:
                raise DataError(
                    f"{path}: it unpacks to more than {limit / (1 << 30):,.0f} GiB, which is all that may be unpacked "
                    f"to {tempfile.gettempdir()}; unpack it elsewhere"
                )
            copy.write(block)
        copy.flush()
        yield copy.name
