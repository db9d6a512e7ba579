"""Whole columns become the texts that `render` and `render_entry` give row by row, whatever the columns are."""

from __future__ import annotations

import json
from datetime import date, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.data.formats.texts import (
    DEEPEST,
    column_of,
    entries,
    inner_field,
    inner_names,
    json_objects,
    objects,
    parsed,
    plain,
    too_deep,
    values_of,
)
from recrm_tasks.dimensions.rendering import render, render_entry, show_scalar

CHECK = settings(max_examples=200, deadline=None, derandomize=True)

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.sampled_from(["a", "名称", "b c", 'q"', "d\n", "e.f"])
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    SCALARS | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=6
)

TYPES = st.recursive(
    st.sampled_from([pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.int8(), pa.float32()]),
    lambda inner: (
        inner.map(pa.list_)
        | st.lists(st.tuples(KEYS, inner), min_size=1, max_size=3, unique_by=lambda x: x[0]).map(pa.struct)
    ),
    max_leaves=4,
)


def values(kind):
    """Values of an Arrow type, null among them."""
    if pa.types.is_list(kind):
        return st.none() | st.lists(values(kind.value_type), max_size=3)
    if pa.types.is_struct(kind):
        return st.none() | st.fixed_dictionaries({f.name: values(f.type) for f in kind})
    if pa.types.is_string(kind):
        return (
            st.none() | WORDS | JSON.map(json.dumps) | st.sampled_from(["{", "[1", " {}", '{"a": 1}', "[]", "\n x \n"])
        )
    if pa.types.is_boolean(kind):
        return st.none() | st.booleans()
    if pa.types.is_integer(kind):
        return st.none() | st.integers(-128, 127)
    return st.none() | st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def columns(draw, kinds=TYPES):
    """A column, often a slice of a longer one, and its values."""
    kind = draw(kinds)
    rows = draw(st.lists(values(kind), max_size=6))
    before, behind = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    whole = draw(st.lists(values(kind), min_size=before, max_size=before)) + rows
    whole += draw(st.lists(values(kind), min_size=behind, max_size=behind))
    column = pa.array(whole, kind).slice(before, len(rows))
    return column, column.to_pylist()


def read(text):
    """What JSON text of an object or a list says; any other text as it stands."""
    if not isinstance(text, str) or text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def shown(value):
    """`objects`, a value at a time."""
    if isinstance(value, str):
        found = read(value) if value.startswith("{") else value
        return render(stated(found)) if isinstance(found, dict) else value
    return None if value is None else render(stated(value))


def listed(value):
    """`entries`, a value at a time."""
    if isinstance(value, str):
        found = read(value) if value.lstrip().startswith("[") or value.startswith("{") else None
        if not isinstance(found, list | dict):
            return [line.strip() for line in value.splitlines() if line.strip()]
        value = found
    if value is None:
        return []
    if not isinstance(value, list):
        return [render_entry(stated(value))]
    objects = [read(v) if isinstance(v, str) and v.startswith("{") and isinstance(read(v), dict) else v for v in value]
    return [render_entry(stated(v)) for v in objects if v is not None]


def stated(value):
    """A value without the fields that are null, and with whole floats as integers: what every format can hold."""
    if isinstance(value, dict):
        return {k: stated(v) for k, v in value.items() if v is not None}
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return [stated(v) for v in value] if isinstance(value, list) else value


@CHECK
@given(columns())
def test_objects(case):
    column, rows = case
    assert objects(column).to_pylist() == [shown(v) for v in rows]
    assert objects(column).type == pa.string()


@CHECK
@given(columns())
def test_plain(case):
    column, rows = case
    assert plain(column).to_pylist() == [v if v is None or isinstance(v, str) else show_scalar(stated(v)) for v in rows]


@CHECK
@given(columns(TYPES.map(pa.list_) | TYPES))
def test_entries(case):
    """An object within a list is one line; JSON text of one, as CSV and nested JSON give it, is such an object."""
    column, rows = case
    found = entries(column)
    assert found.to_pylist() == [listed(row) for row in rows]
    assert found.type == pa.list_(pa.string())
    assert found.null_count == 0


@CHECK
@given(columns())
def test_json_objects(case):
    """Nothing that an object says is lost or changed: fields, their order, their values."""
    column, rows = case
    for text, row in zip(json_objects(column).to_pylist(), rows, strict=True):
        said = stated(read(row))
        if said in (None, "", {}):
            assert text is None
        else:
            assert repr(json.loads(text)) == repr(said)


@CHECK
@given(st.lists(st.none() | JSON, max_size=8))
def test_what_a_json_parser_gives_keeps_what_it_says(rows):
    """Through a column and to texts: keys of objects stay in their own order."""
    column = column_of(rows)
    assert len(column) == len(rows)
    for found, row in zip(values_of(column), rows, strict=True):
        if isinstance(row, dict | list) or row is None:
            assert repr(stated(read(found))) == repr(stated(row))
    for text, row in zip(plain(column).to_pylist(), rows, strict=True):
        if isinstance(row, dict | list):
            assert repr(json.loads(text)) == repr(stated(row))
        else:
            assert text == (row if row is None or isinstance(row, str) else show_scalar(row))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"b": 1, "a": 2}, {"a": 1, "b": 2}),
        ({"b": 1}, {"a": 1}),
        ({"a": 1}, {"a": "x"}),
        ({"a": None}, {"a": 1}),
        ({"a": [1]}, {"a": ["x"]}),
        ("x", {"a": 1}),
        (4.0, "x"),
        (True, "x"),
        (1 << 70, "x"),
        (["x"], "y"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_row_is_shown_the_same_beside_any_other(first, second, turned):
    rows = [second, first] if turned else [first, second]
    column = column_of(rows)
    expected = [
        v if isinstance(v, str) else json.dumps(v, separators=(",", ":")) if isinstance(v, list) else render(v)
        for v in rows
    ]
    assert objects(column).to_pylist() == expected


def test_dates_of_parquet_files():
    moment = datetime(2024, 5, 1, 12, 30)
    column = pa.array([{"day": date(2024, 5, 1), "at": moment}, None])
    assert objects(column).to_pylist() == [f"day: 2024-05-01\nat: {moment}", None]
    assert json.loads(json_objects(column)[0].as_py()) == {"day": "2024-05-01", "at": str(moment)}


def test_null_columns():
    column = pa.nulls(3)
    assert plain(column).to_pylist() == objects(column).to_pylist() == json_objects(column).to_pylist() == [None] * 3
    assert entries(column).to_pylist() == [[]] * 3


def test_fields_within_objects():
    """Whatever the other rows hold: numbers stay numbers beside texts, and true stays true beside floats."""
    column = pa.array(['{"a": {"b": true}}', None, '{"b": "x", "a": {"b": 2.5}}', '{"a": {"b": "y"}}'])
    assert inner_names(column) == ["a", "b"]
    assert plain(inner_field(inner_field(column, "a"), "b")).to_pylist() == ["true", None, "2.5", "y"]
    assert inner_names(pa.array(['{"a": 1}', "plain"])) == inner_names(pa.array([1])) == []
    assert inner_field(pa.array(['{"a": 1}', "plain"]), "a").to_pylist() == [1, None]
    structs = pa.array([{"a": 1}, None])
    assert inner_names(structs) == ["a"]
    assert inner_field(structs, "a").to_pylist() == [1, None]
    assert inner_field(structs, "b").to_pylist() == inner_field(pa.array([1, 2]), "b").to_pylist() == [None] * 2


def test_parsed_text_is_a_column_of_what_it_says():
    assert parsed(pa.array(['{"a": 1}', None, '{"b": "x"}'])).to_pylist() == [
        {"a": 1, "b": None},
        None,
        {"a": None, "b": "x"},
    ]
    assert parsed(pa.array(['{"a": 1}', "plain"])).to_pylist() == ['{"a": 1}', "plain"]


@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"a": v}])
def test_too_deep(wrap):
    value = 1
    for _ in range(DEEPEST):
        value = wrap(value)
    assert not too_deep(value)
    assert too_deep(wrap(value))
