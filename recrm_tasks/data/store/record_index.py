"""The short columns of records, by which they are identified, chosen, split and ordered."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.data.store.content_digests import as_column, as_digests
from recrm_tasks.data.store.sampling import Digests, id_digests
from recrm_tasks.data.store.schema import schema_of
from recrm_tasks.dimensions.base import Dimension

CONTENT = "content_sha256"
"""First 16 bytes of the SHA-256 of a record's content: equal for two that differ only in id, split, group or origin."""
IDS = "id_sha256"
"""First 16 bytes of the SHA-256 that gives the order of seed 0."""

_NAMES = ("id", "lang", "split", "group")


def index_schema(dimension: Dimension) -> pa.Schema:
    """Some columns of the records, those that samples are balanced by (of lists their lengths), and the digests."""
    fields = [schema_of(dimension.key).field(name) for name in (*_NAMES, *dimension.strata)]
    fields = [pa.field(f.name, pa.int32()) if pa.types.is_list(f.type) else f for f in fields]
    return pa.schema([*fields, pa.field(CONTENT, pa.binary(16)), pa.field(IDS, pa.binary(16))])


def index_of(batch: pa.RecordBatch, dimension: Dimension, content: Digests, ids: Digests) -> pa.RecordBatch:
    """The index of some records. The length of a list of one negative candidate is 0 there: so rows that are in no list
    are balanced by label."""
    columns = [batch.column(name) for name in (*_NAMES, *dimension.strata)]
    columns = [_lengths(c, batch) if pa.types.is_list(c.type) else c for c in columns]
    # A part of a batch would keep all of it in memory.
    copies = [pa.concat_arrays([c, c.slice(0, 0)]) for c in columns]
    return pa.RecordBatch.from_arrays([*copies, as_column(content), as_column(ids)], schema=index_schema(dimension))


def _lengths(column: pa.ListArray, batch: pa.RecordBatch) -> pa.Int32Array:
    lengths = pc.list_value_length(column)
    if "labels" not in batch.schema.names or not pc.any(pc.equal(lengths, 1)).as_py():
        return lengths
    first = pc.list_element(
        pc.if_else(pc.equal(lengths, 1), batch.column("labels"), pa.scalar([0], pa.list_(pa.int64()))), 0
    )
    return pc.if_else(pc.and_(pc.equal(lengths, 1), pc.equal(first, 0)), pa.scalar(0, pa.int32()), lengths)


def renamed(index: pa.Table, more: dict[str, str]) -> pa.Table:
    """The index with something added to the ids of some rows, by their place."""
    if not more:
        return index
    names, found = index.column("id").to_pylist(), as_digests(index.column(IDS))
    for place, part in more.items():
        names[int(place)] += part
        found[int(place)] = id_digests([names[int(place)]], 0)[0]
    at = index.schema.get_field_index
    return index.set_column(at("id"), "id", pa.array(names)).set_column(at(IDS), IDS, as_column(found))
