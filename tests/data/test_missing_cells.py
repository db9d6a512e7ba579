"""Empty cells and absent columns: missing, not an empty text."""

from __future__ import annotations

import json

import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.errors import DataError

USER = {"profile": "Ann, 30", "history": ["Mon: soup", "Tue: rice"], "context": "noon, rain", "item": "Lotus Bowl"}


def lines(tmp_path, rows, name="behavior.jsonl"):
    (tmp_path / name).write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return str(tmp_path)


@pytest.mark.parametrize("blank", ["", "  ", None])
@pytest.mark.parametrize("field", ["query", "item", "label"])
def test_a_row_without_a_required_value_cannot_be_used(tmp_path, blank, field):
    rows = [{"query": "noodles", "item": f"Bowl {n}", "label": "relevant"} for n in range(3)]
    rows[1][field] = blank
    with pytest.raises(DataError) as caught:
        load("relevance", lines(tmp_path, rows, "relevance.jsonl"))
    assert f"1 of 3 rows of dimension relevance cannot be used (1 no {field})" in str(caught.value)
    assert "relevance.jsonl, line 2" in str(caught.value)


def test_an_empty_cell_of_a_table_is_missing(tmp_path):
    (tmp_path / "relevance.csv").write_text("query,item,label\n,Lotus Bowl,relevant\nnoodles,,irrelevant\n")
    with pytest.raises(DataError, match=r"2 of 2 rows .* \(1 no query, 1 no item\)"):
        load("relevance", str(tmp_path))


def test_an_object_without_any_value_is_missing(tmp_path):
    rows = [{"query": "noodles", "item": {"name": n, "price": None}, "label": "relevant"} for n in ("Bowl", None)]
    with pytest.raises(DataError, match=r"1 of 2 rows .* \(1 no item\)"):
        load("relevance", lines(tmp_path, rows, "relevance.jsonl"))


def test_an_empty_optional_value_is_none(tmp_path):
    rows = [{"query": "noodles", "item": f"Bowl {c}", "label": "relevant", "category": c} for c in ("food", "", " ")]
    found = load("relevance", lines(tmp_path, rows, "relevance.jsonl"))
    assert sorted((r.category for r in found.records()), key=str) == [None, None, "food"]


def test_an_empty_group_is_none(tmp_path):
    """Otherwise all records without a user would be one user."""
    rows = [{**USER, "user_id": user, "item": f"Bowl {n}", "label": n % 2} for n, user in enumerate(["u1", "", ""])]
    assert sorted((r.group for r in load("behavior", lines(tmp_path, rows)).records()), key=str) == [None, None, "u1"]


@pytest.mark.parametrize("absent", [("profile",), ("history",), ("context",), ("profile", "context")])
def test_a_column_that_a_source_may_lack_is_none_and_reported(tmp_path, absent, capsys):
    rows = [{k: v for k, v in USER.items() if k not in absent} | {"label": n % 2, "item": f"B {n}"} for n in range(4)]
    data = lines(tmp_path, rows)
    for record in load("behavior", data).records():
        assert {name: getattr(record, name) for name in absent} == {n: [] if n == "history" else "" for n in absent}
    assert main(["data", "inspect", data, "--to", str(tmp_path / "m.yaml")]) == 0
    said = capsys.readouterr().out
    for name in absent:
        assert f"    {name:<12} <- nothing" in said


@pytest.mark.parametrize("name", ["user_context_text", "当前场景描述", "surroundings"])
def test_a_column_that_may_be_the_missing_one_is_asked_about(tmp_path, name):
    rows = [{**USER, name: f"noon, rain, visit {n}", "label": n % 2} for n in range(4)]
    for row in rows:
        del row["context"]
    with pytest.raises(DataError, match="no column for context") as caught:
        load("behavior", lines(tmp_path, rows))
    assert f"    fields: {{context: {name}}}" in str(caught.value)
    assert "    fields: {context: null}" in str(caught.value)


@pytest.mark.parametrize("extra", [{"timestamp": "2024-05-01 12:00"}, {"url": "https://x.org/a b"}, {"city_id": 7}])
def test_a_column_that_is_no_text_is_not_asked_about(tmp_path, extra):
    rows = [{**USER, **extra, "item": f"B {n}", "label": n % 2} for n in range(4)]
    for row in rows:
        del row["context"]
    assert len(load("behavior", lines(tmp_path, rows))) == 4
