"""Rows with a list of what is judged -> a row for each entry."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from recrm_tasks.data.formats import Chunk, texts


def each_entry(chunks: Iterator[Chunk], column: str) -> Iterator[Chunk]:
    """The chunks with a row for each entry of a column's lists, which has the entry in place of the list.

    A value that is no list is its only entry. An empty list has none, and so its row is left out.
    """
    for chunk in chunks:
        batch = chunk.batch
        if not batch.num_rows or column not in batch.schema.names:
            yield chunk
            continue
        lists = [v if isinstance(v, list) else [v] for v in texts.values_of(batch.column(column))]
        places = np.repeat(np.arange(len(lists)), [len(entries) for entries in lists])
        rows = batch.take(pa.array(places))
        entries = texts.column_of([entry for entries in lists for entry in entries])
        rows = rows.set_column(rows.schema.get_field_index(column), column, entries)
        yield Chunk(rows, chunk.numbers[places], chunk.unit, chunk.problems)
