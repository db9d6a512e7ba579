"""Arrow columns of any type -> texts, as `recrm_tasks.dimensions.base.render` shows them; whole columns at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.dimensions.rendering import render, render_entry, show_scalar

DEEPEST = 100
"""Lists and objects within each other: far more than data has, and what every step of the way can follow."""


def too_deep(value: Any) -> bool:
    """Whether more than `DEEPEST` lists and objects lie within each other."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [v for x in level if isinstance(x, dict | list) for v in (x.values() if isinstance(x, dict) else x)]
    return bool(level)


def column_of(values: Sequence[Any]) -> pa.Array:
    """Python values, as a JSON parser gives them -> one column.

    Objects stay JSON text, since an Arrow column would give the keys of all of them one order; so do values of
    different kinds.
    """
    if not any(_holds_object(v) for v in values):
        try:
            return pa.array(values)
        except (pa.ArrowException, OverflowError):
            pass
    return pa.array([v if v is None or isinstance(v, str) else show_scalar(v) for v in values], pa.string())


def _holds_object(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(v, dict | list) for v in value))


def compact(value: Any) -> str:
    """JSON text of a value, in one way."""
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


def plain(column: pa.Array) -> pa.StringArray:
    """Texts that are shown as they are, JSON or not; values that are no text become it."""
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    if pa.types.is_nested(kind):
        return pa.array([None if v is None else compact(v) for v in column.to_pylist()], pa.string())
    return _scalars(column)


def objects(column: pa.Array) -> pa.StringArray:
    """Texts; objects, and JSON text of objects, are shown as one `key: value` line per field."""
    return _shown(column, "\n", render)


def entries(column: pa.Array) -> pa.ListArray:
    """Lists of one-line texts: of lists, JSON text of lists, or one text with an entry per line. Null is empty."""
    kind = column.type
    if pa.types.is_string(kind):
        return pa.array([_entries(v) for v in column.to_pylist()], pa.list_(pa.string()))
    if pa.types.is_null(kind):
        return pa.array([[]] * len(column), pa.list_(pa.string()))
    if not pa.types.is_list(kind):
        return pa.array([[] if v is None else [render_entry(v)] for v in column.to_pylist()], pa.list_(pa.string()))
    if column.values.null_count:
        rows = [[render_entry(v) for v in row or [] if v is not None] for row in column.to_pylist()]
        return pa.array(rows, pa.list_(pa.string()))
    column = filled(column)
    return pa.ListArray.from_arrays(column.offsets, _shown(column.values, "; ", render_entry))


def filled(column: pa.ListArray) -> pa.ListArray:
    """Without nulls: an empty list stands for them."""
    if column.null_count:
        return pa.array([[] if v is None else v for v in column.to_pylist()], column.type)
    return column


def parsed(column: pa.Array) -> pa.Array:
    """JSON text -> a column of what it says; other texts and values stay as they are."""
    if not pa.types.is_string(column.type):
        return column
    try:
        return pa.array(values_of(column))
    except (pa.ArrowException, OverflowError):
        return column


def values_of(column: pa.Array) -> list[Any]:
    """Python values; JSON text of objects and lists is what it says."""
    return [_json(v) for v in column.to_pylist()]


def json_objects(column: pa.Array) -> pa.StringArray:
    """Objects as their JSON text, without the fields that are null; null and empty objects are null."""
    kind = column.type
    if pa.types.is_struct(kind) and kind.num_fields and all(_needs_no_escape(column, f) for f in kind):
        parts = [
            pc.binary_join_element_wise(pa.scalar(f'"{f.name}":"'), pc.struct_field(column, [f.name]), '"', "")
            for f in kind
        ]
        inner = _joined(parts, ",")
        text = pc.binary_join_element_wise("{", inner, "}", "")
        return pc.if_else(pc.and_(column.is_valid(), pc.not_equal(inner, "")), text, pa.scalar(None, pa.string()))
    kept = [_without_nulls(v) if isinstance(v, dict) else v for v in values_of(column)]
    return pa.array([None if v in (None, "", {}) else compact(v) for v in kept], pa.string())


def _needs_no_escape(column: pa.StructArray, field: pa.Field) -> bool:
    if not pa.types.is_string(field.type) or not re.fullmatch(r"\w+", field.name):
        return False
    return not pc.any(pc.match_substring_regex(pc.struct_field(column, [field.name]), r'["\\\x00-\x1f]')).as_py()


def _without_nulls(value: Any) -> Any:
    """Arrow gives every object of a column the fields of all: those that are null were not there."""
    if isinstance(value, dict):
        return {k: _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if isinstance(value, list) else value


def _shown(column: pa.Array, joint: str, show: Callable[[Any], str]) -> pa.StringArray:
    kind = column.type
    if pa.types.is_struct(kind):
        return _struct(column, joint, show)
    if not pa.types.is_string(kind):
        if pa.types.is_nested(kind):
            return pa.array([None if v is None else compact(v) for v in column.to_pylist()], pa.string())
        return plain(column)
    if not pc.any(pc.starts_with(column, "{")).as_py():
        return column
    found = [(_json(v) if v is not None and v.startswith("{") else v) for v in column.to_pylist()]
    return pa.array([show(v) if isinstance(v, dict) else v for v in found], pa.string())


def _struct(column: pa.StructArray, joint: str, show: Callable[[Any], str]) -> pa.StringArray:
    """The fields that are not null, each as `key: value`."""
    parts = []
    for field in column.type:
        values = pc.struct_field(column, [field.name])  # null where the object itself is
        kind = field.type
        if pa.types.is_list(kind) and not pa.types.is_nested(kind.value_type) and not values.values.null_count:
            said = pc.binary_join(pa.ListArray.from_arrays(values.offsets, plain(values.values)), ", ")
            texts = pc.if_else(values.is_valid(), said, pa.scalar(None, pa.string()))
        elif pa.types.is_nested(kind):
            rows = column.to_pylist()
            return pa.array([None if row is None else show(row) for row in rows], pa.string())
        else:
            texts = plain(values)
        parts.append(pc.binary_join_element_wise(pa.scalar(f"{field.name}: "), texts, ""))
    if not parts:
        return pa.array([None if v is None else "" for v in column.to_pylist()], pa.string())
    return pc.if_else(column.is_valid(), _joined(parts, joint), pa.scalar(None, pa.string()))


def _joined(parts: list[pa.StringArray], joint: str) -> pa.StringArray:
    """The parts that are not null; empty where all are: pyarrow's `skip` gives no row at all for those."""
    nothing = reduce(pc.and_, (part.is_null() for part in parts))
    return pc.binary_join_element_wise(pc.if_else(nothing, "", parts[0]), *parts[1:], joint, null_handling="skip")


def _scalars(column: pa.Array) -> pa.StringArray:
    """Numbers, booleans, dates: what `show_scalar` says, asked once for every distinct value."""
    if pa.types.is_integer(column.type):
        return column.cast(pa.string())
    encoded = column.dictionary_encode()
    words = pa.array([show_scalar(v) for v in encoded.dictionary.to_pylist()], pa.string())
    return words.take(encoded.indices)


def _entries(value: str | None) -> list[str]:
    if value is None or not value.strip():
        return []
    found = _json(value) if value.lstrip().startswith("[") else None
    if isinstance(found, list):
        return [render_entry(v) for v in found if v is not None]
    return [line.strip() for line in value.splitlines() if line.strip()]


def _json(value: Any) -> Any:
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return value if value.count("[") + value.count("{") > DEEPEST and too_deep(found) else found
