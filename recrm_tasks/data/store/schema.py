"""The columns of checked records, derived from a dimension's record type.

Texts are strings as prompts show them: an object has become its `key: value` form (`recrm_tasks.data.formats.texts`).
Integers have 64 bits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import pyarrow as pa

from recrm_tasks.answers.prompt import Message
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record import Record
from recrm_tasks.dimensions.record_fields import FieldType, field_type, own_fields

TURNS = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
ITEMS = pa.list_(pa.struct([("id", pa.string()), ("text", pa.string())]))

COMMON = ("id", "lang", "source", "split", "group", "messages", "meta")
"""The columns that all dimensions have; those that no question is made of may be null."""
_TYPES = {
    "text": pa.string(),
    "object": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
}


def schema_of(dimension: str) -> pa.Schema:
    """The Arrow schema of a dimension's records: the common columns, then its own in the order of its record type."""
    return _schema(dimension_of(dimension).record_type)


@lru_cache(maxsize=32)
def _schema(record: type[Record]) -> pa.Schema:
    fields = [pa.field(name, TURNS if name == "messages" else pa.string()) for name in COMMON]
    return pa.schema([*fields, *(pa.field(name, _type(field_type(record, name))) for name in own_fields(record))])


def required_fields(record: type[Record]) -> tuple[str, ...]:
    """A dimension's own fields that may not be null."""
    return tuple(
        name
        for name in own_fields(record)
        if record.model_fields[name].is_required() and not field_type(record, name).optional
    )


def records_of(dimension: Dimension, batch: pa.RecordBatch | pa.Table) -> Iterator[Any]:
    """Rows -> record objects, as the dimension's prompt takes them. They were checked before and are not again."""
    record, names = dimension.record_type, schema_of(dimension.key).names
    nested = {name: item for name in own_fields(record) if (item := field_type(record, name).item) is not None}
    for values in zip(*(batch.column(name).to_pylist() for name in names), strict=True):
        row = dict(zip(names, values, strict=True))
        row["meta"] = json.loads(row["meta"]) if row["meta"] else {}
        if row["messages"] is not None:
            row["messages"] = tuple(Message.model_construct(**turn) for turn in row["messages"])
        for name, model in nested.items():
            row[name] = [model.model_construct(**item) for item in row[name]]
        yield record.model_construct(dimension=dimension.key, **row)


def _type(field: FieldType) -> pa.DataType:
    if field.kind == "items":
        return ITEMS
    return pa.list_(_TYPES[field.kind]) if field.is_list else _TYPES[field.kind]
