"""Arrow columns of any type -> texts, as `recrm_tasks.dimensions.base.render` shows them; whole columns at a time.

A value has one text, whatever file it comes from: fields that are null are not shown, and whole floats are shown as
integers, at every depth. Arrow gives all objects of a column the same fields, and one type to all numbers of a column,
so a table cannot tell null from absent, nor 4.0 from 4.
"""

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
"""Levels of lists and objects: far more than data has, and few enough for every recursive step."""


def too_deep(value: Any) -> bool:
    """Whether lists and objects are nested more than `DEEPEST` levels deep."""
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [v for x in level if isinstance(x, dict | list) for v in (x.values() if isinstance(x, dict) else x)]
    return bool(level)


def column_of(values: Sequence[Any]) -> pa.Array:
    """Python values, as a JSON parser gives them -> one column.

    Objects become JSON text, because an Arrow column has one order of keys for all of them. So do values of different
    kinds; Arrow itself would make floats of integers and of true.
    """
    if not any(_holds_object(v) for v in values):
        try:
            column = pa.array(values)
            if not _is_floating(column.type) or all(map(_is_exact, values)):
                return column
        except (pa.ArrowException, OverflowError):
            pass
    return pa.array([v if v is None or isinstance(v, str) else _text(v) for v in values], pa.string())


def _is_floating(kind: pa.DataType) -> bool:
    return bool(pa.types.is_floating(kind.value_type if pa.types.is_list(kind) else kind))


def _is_exact(value: Any) -> bool:
    """Whether a float shows a number, or floats a list of them, as the number itself would be shown."""
    if isinstance(value, list):
        return all(map(_is_exact, value))
    return value is None or not (isinstance(value, bool) or abs(value) >= 1e15)


def holds_large_floats(column: pa.Array) -> bool:
    """Whether a column has floats that may have been integers: from 1e15 on the two are shown differently."""
    kind = column.type
    if pa.types.is_list(kind):
        return holds_large_floats(column.flatten())
    if pa.types.is_struct(kind):
        return any(holds_large_floats(pc.struct_field(column, [f.name])) for f in kind)
    return pa.types.is_floating(kind) and bool(pc.any(pc.greater_equal(pc.abs(column), 1e15)).as_py())


def _holds_object(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(v, dict | list) for v in value))


def compact(value: Any) -> str:
    """JSON text of a value in its normal form."""
    text = _ENCODER.encode(value)
    return _ENCODER.encode(_normal(value)) if _ABNORMAL.search(text) else text


def _text(value: Any) -> str:
    return compact(value) if isinstance(value, dict | list) else show_scalar(value)


_ABNORMAL = re.compile(r"null|\.0|\d[eE]")
"""Is in every JSON text that differs from that of its normal form, and in some others."""


def _normal(value: Any) -> Any:
    """Without the fields that are null, and with whole floats as integers, as `show_scalar` shows them."""
    if isinstance(value, dict):
        return {k: _normal(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_normal(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


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
    """Lists of one-line texts, from lists, from JSON text of a list or of one object, or from a text with an entry per
    line. Null is an empty list."""
    kind = column.type
    if pa.types.is_string(kind):
        return pa.array([_entries(v) for v in column.to_pylist()], pa.list_(pa.string()))
    if pa.types.is_null(kind):
        return pa.array([[]] * len(column), pa.list_(pa.string()))
    if not pa.types.is_list(kind):
        return pa.array([[] if v is None else [_entry(v)] for v in values_of(column)], pa.list_(pa.string()))
    if column.values.null_count:
        rows = [[_entry(v) for v in row or [] if v is not None] for row in values_of(column)]
        return pa.array(rows, pa.list_(pa.string()))
    column = filled(column)
    return pa.ListArray.from_arrays(column.offsets, _shown(column.values, "; ", render_entry))


def filled(column: pa.ListArray) -> pa.ListArray:
    """With empty lists in place of nulls."""
    if column.null_count:
        return pa.array([[] if v is None else v for v in column.to_pylist()], column.type)
    return column


def has_entries(column: pa.Array) -> pa.StringArray:
    """`true` for each list with an entry, `false` for an empty one, and null for what is no list."""
    rows = values_of(column)
    return pa.array([str(bool(row)).lower() if isinstance(row, list) else None for row in rows], pa.string())


def parsed(column: pa.Array) -> pa.Array:
    """JSON text -> a column of its values; other texts and values stay as they are."""
    if not pa.types.is_string(column.type):
        return column
    try:
        return pa.array(values_of(column))
    except (pa.ArrowException, OverflowError):
        return column


def inner_names(column: pa.Array) -> list[str]:
    """The names of the fields of objects, or of JSON text of objects; none if a row is anything else."""
    if pa.types.is_struct(column.type):
        return [field.name for field in column.type]
    rows = values_of(column) if pa.types.is_string(column.type) else []
    if not all(row is None or isinstance(row, dict) for row in rows):
        return []
    return list(dict.fromkeys(name for row in rows for name in row or ()))


def inner_field(column: pa.Array, name: str) -> pa.Array:
    """A field of objects, or of JSON text of objects; null in rows that are anything else."""
    if pa.types.is_struct(column.type) and column.type.get_field_index(name) >= 0:
        return pc.struct_field(column, [name])
    if not pa.types.is_string(column.type):
        return pa.nulls(len(column))
    return column_of([row.get(name) if isinstance(row, dict) else None for row in values_of(column)])


def values_of(column: pa.Array) -> list[Any]:
    """Python values in their normal form; JSON text of objects and lists is decoded."""
    if pa.types.is_nested(column.type):
        return [_normal(v) for v in column.to_pylist()]
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
    return pa.array([None if v in (None, "", {}) else compact(v) for v in values_of(column)], pa.string())


def _needs_no_escape(column: pa.StructArray, field: pa.Field) -> bool:
    if not pa.types.is_string(field.type) or not re.fullmatch(r"\w+", field.name):
        return False
    return not pc.any(pc.match_substring_regex(pc.struct_field(column, [field.name]), r'["\\\x00-\x1f]')).as_py()


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
    found = [_object(v) for v in column.to_pylist()]
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
            return pa.array([None if row is None else show(row) for row in values_of(column)], pa.string())
        else:
            texts = plain(values)
        parts.append(pc.binary_join_element_wise(pa.scalar(f"{field.name}: "), texts, ""))
    if not parts:
        return pa.array([None if v is None else "" for v in column.to_pylist()], pa.string())
    return pc.if_else(column.is_valid(), _joined(parts, joint), pa.scalar(None, pa.string()))


def _joined(parts: list[pa.StringArray], joint: str) -> pa.StringArray:
    """The parts that are not null, joined; an empty text where all are null (pyarrow's `skip` gives null there)."""
    nothing = reduce(pc.and_, (part.is_null() for part in parts))
    return pc.binary_join_element_wise(pc.if_else(nothing, "", parts[0]), *parts[1:], joint, null_handling="skip")


def _scalars(column: pa.Array) -> pa.StringArray:
    """Numbers, booleans, dates as `show_scalar` shows them, called once for every distinct value."""
    if pa.types.is_integer(column.type):
        return column.cast(pa.string())
    encoded = column.dictionary_encode()
    words = pa.array([show_scalar(v) for v in encoded.dictionary.to_pylist()], pa.string())
    return words.take(encoded.indices)


def _entries(value: str | None) -> list[str]:
    if value is None or not value.strip():
        return []
    found = _json(value) if value.lstrip().startswith("[") else _object(value)
    if isinstance(found, list):
        return [_entry(v) for v in found if v is not None]
    if isinstance(found, dict):
        return [render_entry(found)]
    return [line.strip() for line in value.splitlines() if line.strip()]


def _entry(value: Any) -> str:
    return render_entry(_object(value))


def _object(value: Any) -> Any:
    """The object that JSON text is of; any other value as it is."""
    found = _json(value) if isinstance(value, str) and value.startswith("{") else value
    return found if isinstance(found, dict) else value


def _json(value: Any) -> Any:
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    if value.count("[") + value.count("{") > DEEPEST and too_deep(found):
        return value
    return _normal(found) if _ABNORMAL.search(value) else found
