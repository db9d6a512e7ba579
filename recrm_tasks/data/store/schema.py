"""The columns of checked records: derived from a dimension's record type, so that no list of them stands beside it.

Texts are strings as they are shown in prompts: an object has become its `key: value` form
(`recrm_tasks.data.formats.texts`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin

import pyarrow as pa
from pydantic import BaseModel

from recrm_tasks.answers.prompt import Message
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record import Record
from recrm_tasks.dimensions.rendering import Text

TURNS = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
ITEMS = pa.list_(pa.struct([("id", pa.string()), ("text", pa.string())]))

COMMON = ("id", "lang", "source", "split", "group", "messages", "meta")
"""The columns that all dimensions have; those that no question is made of may be null."""


@lru_cache(maxsize=32)
def schema_of(dimension: str) -> pa.Schema:
    """The Arrow schema of a dimension's records: the common columns, then its own in the order of its record type."""
    record = dimension_of(dimension).record_type
    fields = [pa.field(name, TURNS if name == "messages" else pa.string()) for name in COMMON]
    fields += [pa.field(name, _type(record.model_fields[name].annotation)) for name in own_fields(record)]
    return pa.schema(fields)


def own_fields(record: type[Record]) -> tuple[str, ...]:
    """The fields that a dimension's records have beside the common ones."""
    return tuple(name for name in record.model_fields if name not in (*COMMON, "dimension"))


def required_fields(record: type[Record]) -> tuple[str, ...]:
    """Those of them that may not be left out."""
    return tuple(name for name in own_fields(record) if record.model_fields[name].is_required())


def is_object_text(annotation: Any) -> bool:
    """Whether a field takes objects as well as plain strings, so that JSON text in it is an object."""
    return any(annotation == t or t in get_args(annotation) for t in (Text, list[Text]))


def records_of(kind: Dimension, batch: pa.RecordBatch | pa.Table) -> Iterator[Any]:
    """Rows -> record objects, as the dimension's prompt takes them. They were checked: nothing is validated again."""
    record, names = kind.record_type, schema_of(kind.key).names
    nested = {n: a for n in names if (a := _model(record.model_fields[n].annotation)) is not None and n != "messages"}
    for values in zip(*(batch.column(name).to_pylist() for name in names), strict=True):
        row = dict(zip(names, values, strict=True))
        row["meta"] = json.loads(row["meta"]) if row["meta"] else {}
        if row["messages"] is not None:
            row["messages"] = tuple(Message.model_construct(**turn) for turn in row["messages"])
        for name, model in nested.items():
            row[name] = [model.model_construct(**item) for item in row[name]]
        yield record.model_construct(dimension=kind.key, **row)


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model in `list[Model]`."""
    inner = get_args(annotation)
    if get_origin(annotation) is list and isinstance(inner[0], type) and issubclass(inner[0], BaseModel):
        return inner[0]
    return None


def _type(annotation: Any) -> pa.DataType:
    if _model(annotation) is not None:
        return ITEMS
    if annotation == list[int]:
        return pa.list_(pa.int32())
    if annotation == list[Text] or annotation == list[str]:
        return pa.list_(pa.string())
    if get_origin(annotation) is Literal or annotation is int:
        return pa.int8()
    if annotation is str or annotation == Text or set(get_args(annotation)) == {str, type(None)}:
        return pa.string()
    raise TypeError(f"no column type for {annotation!r}: name it here")
