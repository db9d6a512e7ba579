"""JSON files that are one object: the rows in it are read, or it is named for what it is."""

from __future__ import annotations

import json

import pytest

from recrm_tasks.data import load
from recrm_tasks.data.formats import Rows, json_text, read, read_values, taken
from recrm_tasks.errors import DataError

ROWS = [{"q": "a", "n": 1}, {"q": "b", "n": 0}]
BY_ID = "rows by id"
APART = "column names apart from the rows"
COLUMNS = {"q": ["a", "b"], "n": [1, 0]}


@pytest.fixture
def found(tmp_path):
    """Reads content as a JSON file: its rows, by both readers, and what is said of its form."""

    def call(content, **options):
        text = content if isinstance(content, str) else json.dumps(content, **options)
        file = tmp_path / "some.json"
        file.write_text(text, encoding="utf-8")
        rows, problems = [], []
        for piece in read_values(file):
            assert isinstance(piece, Rows)
            rows += piece.values
            problems += piece.problems
        assert sum(chunk.batch.num_rows for chunk in read(file)) == len(rows)
        return rows, problems, taken(file)

    return call


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize(
    ("content", "rows", "said"),
    [
        ({"data": ROWS}, ROWS, "rows below 'data'"),
        ({"version": "1.0", "Rows": ROWS, "count": 2}, ROWS, "rows below 'Rows'"),
        ({"info": {"by": "us"}, "authors": ["x"], "数据": ROWS}, ROWS, "rows below '数据'"),
        (
            {"train": ROWS, "test": ROWS[:1]},
            [{"split": s, **r} for s, r in zip(["train", "train", "test"], [*ROWS, ROWS[0]], strict=True)],
            "rows by split",
        ),
        ({"version": 1, "dev": ROWS, "test": []}, [{"split": "dev", **r} for r in ROWS], "rows by split"),
        ({"data": {"test": ROWS}}, [{"split": "test", **r} for r in ROWS], "rows below 'data': rows by split"),
        ({"x1": ROWS[0], "x2": ROWS[1]}, [{"id": "x1", **ROWS[0]}, {"id": "x2", **ROWS[1]}], "rows by id"),
        ({"x": {"id": 7, "q": "a"}, "y": {"id": 8, "q": "b"}}, [{"id": 7, "q": "a"}, {"id": 8, "q": "b"}], BY_ID),
        ({"0": ROWS[0], "1": ROWS[1]}, ROWS, "rows by number"),
        (COLUMNS, ROWS, "2 columns of 2 rows"),
        ({"q": ["a", "b"], "c": [["x"], []]}, [{"q": "a", "c": ["x"]}, {"q": "b", "c": []}], "2 columns of 2 rows"),
        (
            {"q": ["a", "b"], "n": [1, 0], "m": [1, 0], "o": [{"p": 1}, None]},
            [{"q": "a", "n": 1, "m": 1, "o": {"p": 1}}, {"q": "b", "n": 0, "m": 0, "o": None}],
            "4 columns of 2 rows",
        ),
        ({"q": {"0": "a", "1": "b"}, "n": {"0": 1, "1": 0}}, ROWS, "2 columns of 2 rows"),
        ({"columns": ["q", "n"], "index": [0, 1], "data": [["a", 1], ["b", 0]]}, ROWS, APART),
        ({"q": "a", "n": 1}, ROWS[:1], ""),
        ({"q": "a", "candidates": [{"id": 1}], "labels": [1]}, None, ""),
        ({"messages": [{"role": "user", "content": "x"}], "label": 1}, None, ""),
        ({"history": ["a", "b", "c"], "candidates": ["x", "y"], "labels": [1, 0]}, None, ""),
        ({"data": []}, [], "rows below 'data'"),
        ({"q": [], "n": []}, [], "columns without rows"),
    ],
)  # fmt: skip
def test_rows_in_an_object(found, content, rows, said, indent):
    """None: the object is a row itself."""
    assert found(content, indent=indent) == ([content] if rows is None else rows, [], said)


def test_cases_end_to_end(tmp_path):
    """Columns of lists, and lists by split, are records."""
    factual = {
        "question": ["Open on Sunday?", "Open on Monday?"],
        "evidence": [["Mon-Sat"], ["Mon-Sat"]],
        "response": ["yes", "yes"],
        "is_consistent": [False, True],
    }
    (tmp_path / "factual.json").write_text(json.dumps(factual))
    assert sorted((r.query, r.label) for r in load("factual", str(tmp_path)).records()) == [
        ("Open on Monday?", "consistent"),
        ("Open on Sunday?", "inconsistent"),
    ]
    row = {"query": "noodles", "item": "Lotus Bowl", "label": "relevant"}
    (tmp_path / "relevance.json").write_text(json.dumps({"train": [row], "test": [{**row, "query": "bread"}]}))
    assert [r.query for r in load("relevance", str(tmp_path)).records()] == ["bread"]
    assert [r.query for r in load("relevance", str(tmp_path), split="train").records()] == ["noodles"]
    assert load("relevance", str(tmp_path)).provenance["files_as_found"] == {"relevance.json": "rows by split"}


def test_an_object_that_may_be_a_row_or_columns_is_refused(found):
    with pytest.raises(DataError, match="lists of 2 values each: the columns of 2 rows, or one record"):
        found({"candidates": [{"id": 1}, {"id": 2}], "labels": [1, 0]})


def test_rows_that_do_not_fit_their_columns_are_counted(found):
    rows, problems, _ = found({"columns": ["q", "n"], "data": [["a", 1], ["b"]]})
    assert rows == ROWS[:1]
    assert problems == [(2, "expected a JSON object, found list")]
    rows, problems, _ = found({"data": [ROWS[0], 7]})
    assert (rows, problems) == (ROWS[:1], [(2, "expected a JSON object, found int")])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps({"data": ROWS})[:-15], "the array ends|the file ends"),
        (json.dumps({"data": ROWS}, indent=1)[:-15], "the array ends|the file ends"),
        (json.dumps({"train": ROWS})[:-15], "the array ends|the file ends"),
        (json.dumps(COLUMNS, indent=1)[:-5], "begins as one object over several lines"),
        ('{\n"q": 1\n}\n{\n"q": 2\n}\n', "Extra data: line 4"),
        ('{"data": [{"q": 1}], "info": }', "behind one of them there is"),
        ('{"data": [{"q": 1}], "data": [{"q": 2}]}', "behind one of them there is"),
        ('{"train": [{"q": 1}]} {"train": [{"q": 2}]}', "behind one of them there is"),
    ],
)
def test_an_object_that_is_cut_or_broken(found, text, said):
    with pytest.raises(DataError, match=said):
        found(text)


def test_a_line_that_is_cut_is_one_row(found):
    rows, problems, _ = found(json.dumps(COLUMNS)[:-5])
    assert rows == []
    assert [number for number, _ in problems] == [1]


@pytest.mark.parametrize(
    "lines", [['{"data": [{"q": 1}]}', '{"data": [{"q": 2}]}'], ['{"q": 1', '{"q": 2}', '{"q": 3}']]
)
def test_lines_stay_lines(found, lines):
    rows, problems, _ = found("\n".join(lines))
    assert len(rows) + len(problems) == len(lines)


def test_long_lists_in_an_object_are_read_as_the_text_comes_in(found, monkeypatch):
    monkeypatch.setattr(json_text, "_BLOCK", 100)
    monkeypatch.setattr(json_text, "LONGEST", 400)
    assert len(found({"name": "x", "data": ROWS * 50, "n": 100})[0]) == 100
    assert len(found({"train": ROWS * 50, "test": ROWS, "n": 100})[0]) == 102
    with pytest.raises(DataError, match="one JSON object of more than"):
        found({"q": ["a"] * 200, "n": [0] * 200})
