"""Columns of turns are read at once; row by row, as any other column is, they give the same."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.data.formats.turns import last_answers, to_turns

ROLES = ("system", "user", "assistant", "human", "gpt")
turn = st.tuples(st.sampled_from(ROLES), st.sampled_from(["a", "是", "1.0", '{"a": null}']))
rare = st.tuples(st.sampled_from([*ROLES, "robot", "", None]), st.sampled_from(["a", "", None]))
rows = st.lists(st.lists(turn, min_size=1, max_size=4), min_size=1, max_size=5)
odd_rows = st.lists(st.one_of(st.none(), st.lists(st.one_of(turn, rare), max_size=3)), min_size=1, max_size=5)


def column(content, names):
    """Rows of turns as a column, whose fields are in this order."""
    said = ("role", "content") if "role" in names else ("from", "value")
    kind = pa.list_(pa.struct([(name, pa.string()) for name in names]))
    return pa.array([None if r is None else [dict(zip(said, t, strict=True)) for t in r] for r in content], kind)


def by_row(values):
    """The same as JSON texts, which are read one by one."""
    return pa.array([None if v is None else json.dumps(v) for v in values.to_pylist()], pa.string())


@pytest.mark.parametrize("names", [("role", "content"), ("content", "role"), ("from", "value")])
@pytest.mark.parametrize("keep_last", [False, True])
@settings(deadline=None)
@given(content=st.one_of(rows, odd_rows), skipped=st.integers(0, 2))
def test_both_ways_give_the_same(names, keep_last, content, skipped):
    whole = column(content, names)
    values = whole.slice(min(skipped, len(whole) - 1))
    found, problems = to_turns([values], keep_last)
    expected, same = to_turns([by_row(values)], keep_last)
    assert found.to_pylist() == expected.to_pylist()
    assert found.type == expected.type
    assert problems == same
    assert last_answers(values).to_pylist() == last_answers(by_row(values)).to_pylist()


def test_a_turn_with_more_than_text_is_read_by_row():
    values = pa.array([[{"role": "user", "content": "a", "weight": 1}, {"role": "assistant", "content": "b"}]])
    assert to_turns([values])[0].to_pylist() == [[{"role": "user", "content": "a"}]]
    assert last_answers(values).to_pylist() == ["b"]
