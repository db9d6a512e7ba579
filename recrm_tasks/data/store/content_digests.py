"""Digests of records: equal content has equal digests, and a result's `sha256` is made from them."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.data.store.sampling import Digests, digests
from recrm_tasks.data.store.schema import ITEMS, TURNS
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import own_fields

_FIELD, _ENTRY, _PART, _NULL = "\x1f", "\x1e", "\x1d", "\x00"


def content_digests(batch: pa.RecordBatch, dimension: Dimension) -> Digests:
    """The digest of each record's content: language, prompt, fields and label; not its id, split, group or origin."""
    names = ["lang", "messages", *own_fields(dimension.record_type)]
    columns = [pc.fill_null(_flat(batch.column(name)), _NULL) for name in names]
    joined = pc.binary_join_element_wise(*columns, _FIELD).cast(pa.binary())
    return digests(joined.to_pylist())


def content_ids(content: Digests) -> pa.StringArray:
    """Ids made of what records say, for sources that have none: 16 hexadecimal digits each."""
    return pa.array([f"{n:016x}" for n in content[:, 0].tolist()], pa.string())


def as_column(values: Digests) -> pa.Array:
    """Digests as a column of 16 bytes each."""
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(values), [None, pa.py_buffer(_bytes(values))])


def as_digests(column: pa.ChunkedArray) -> Digests:
    """Such a column, back again."""
    parts = [
        np.frombuffer(c.buffers()[1], dtype=">u8", count=2 * len(c), offset=16 * c.offset)
        for c in column.chunks
        if len(c)
    ]
    joined = np.concatenate(parts) if parts else np.array([])
    return joined.astype(np.uint64).reshape(-1, 2)


def dataset_hash(ids: Digests, content: Digests, labels: LabelSet | None) -> str:
    """SHA-256 of the label set and of all records' ids and contents in the order of their ids' digests.

    The same records have the same hash, whatever their order and the form of the file that they come from.
    """
    order = np.lexsort((ids[:, 1], ids[:, 0]))
    digest = hashlib.sha256(labels.model_dump_json().encode() if labels else b"")
    digest.update(_bytes(ids[order]))
    digest.update(_bytes(content[order]))
    return digest.hexdigest()


def repeated(values: Digests) -> npt.NDArray[np.int64]:
    """The places of all values that occurred before, in order."""
    order = np.lexsort((np.arange(len(values)), values[:, 1], values[:, 0]))
    same = np.all(values[order][1:] == values[order][:-1], axis=1)
    return np.sort(order[1:][same])


def _flat(column: pa.Array) -> pa.StringArray:
    kind = column.type
    if not pa.types.is_list(kind):
        return column.cast(pa.string())
    if kind in (ITEMS, TURNS):
        parts = [pc.struct_field(column.values, [f.name]) for f in kind.value_type]
        said = pc.binary_join_element_wise(*(pc.fill_null(p, "") for p in parts), _PART)
    else:
        said = column.values.cast(pa.string())
    mask = column.is_null() if column.null_count else None
    return pc.binary_join(pa.ListArray.from_arrays(column.offsets, said, mask=mask), _ENTRY)


def _bytes(values: Digests) -> bytes:
    return values.astype(">u8").tobytes()
