"""A user's mistakes: one message that names the place, and nothing is left behind."""

from __future__ import annotations

import json

import pytest
from building import EVENTS, ITEMS, LISTS, build, command, left_out, recipe

from recrm_tasks.build import build_command as command_module
from recrm_tasks.build.left_out import OTHER, LeftOut
from recrm_tasks.build.templates import Templates, hash_name, trim
from recrm_tasks.data import load
from recrm_tasks.errors import DataError, RecrmError

BY_CANDIDATE = {
    "one_row_per": "candidate", "candidates": None, "chosen": None, "item": "shown", "label": {"column": "chosen"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lang": "fr"}, r"lang: Input should be 'zh' or 'en', found 'fr'"),
        ({"sauce": "x"}, r"sauce: there is no such key"),
        ({"zone": "Mars/Crater"}, r"no time zone 'Mars/Crater'"),
        ({"part": {"id": "lst"}}, r"records.ranking.id: table 'lists': there is no column 'lst'; did you mean list\?"),
        ({"part": {"from": "list"}}, r"there is no table 'list'; did you mean lists\? There are: items, lists, log"),
        ({"part": {"context": "{{ wher }}"}}, r"records.ranking.context: there is no name 'wher'; did you mean where"),
        ({"part": {"context": "{{ where"}}, r"records.ranking.context: not a valid template"),
        ({"part": {"context": "{{ where + 1 }}"}}, r"ranking.context: TypeError: .*\(with \{'where': 'home'\}\)"),
        ({"part": {"context": "{{ where.__class__.__mro__ }}"}}, r"records.ranking.context: SecurityError"),
        ({"part": {"chosen": None}}, r"records.ranking: one row per list takes .*; found candidates"),
        ({"part": {"max_candidates": "many"}}, r"records.ranking.max_candidates: .*found 'many'"),
        ({"part": {"time": "where"}}, r"no value of column 'where' is a time \('home', for one\): give a format"),
        ({"part": {"split": {"by": "time"}}}, r"records.ranking.split: a split by time takes shares or from"),
        ({"dimension": "rankings"}, r"records.rankings: unknown dimension; there are instruction, factual"),
        ({"part": {"candidates": {"column": "where"}, "context": ""}}, r"'where' is text \('home'\): give a separator"),
        (
            {"items": {"from": "log", "id": "user", "text": "{{ item }}"}},
            r"items: .*rows with the id 'u1' say different things \(1 such ids\): add keep: first or keep: last",
        ),
        ({"part": {"leave_out": {"all of it": "true"}}}, r"leave_out: no row of table 'lists' is left"),
        ({"tables": {"items": {"file": "/items.jsonl"}}}, r"tables.items.file: /items.jsonl: write it as it is called"),
        ({"tables": {"items": {"file": "recipe.yaml"}}}, r"recipe.yaml: not a data file by its name"),
        (
            {"tables": {"items": {"file": "items.jsonl", "separator": ";;", "quoting": True}}},
            r"tables.items.quoting: only a separator of one character",
        ),
        ({"part": {"id": None, **BY_CANDIDATE}}, r"records.ranking: one row per candidate needs the key id"),
        ({"part": {"history": {"last": 3}}}, r"records.ranking.history: give each \(.*\) or items"),
        ({"part": {"history": {"each": "[1]"}}}, r"records.ranking.history: each needs text"),
        ({"part": {"history": {"items": {"column": "shown"}}}}, r"history.items: there is no column to show 'shown'"),
    ],
)  # fmt: skip
def test_one_message_and_nothing_left_behind(tmp_path, changes, message):
    with pytest.raises(DataError, match=message) as caught:
        build(tmp_path, recipe(**changes))
    assert "recipe.yaml" in str(caught.value)
    assert {p.name for p in tmp_path.iterdir()} == {"recipe.yaml", "items.jsonl", "log.jsonl", "lists.jsonl"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not valid YAML"),
        ("source: a\nsource: b", "duplicate key 'source'"),
        ("", "Input should be a valid dictionary"),
        ("records: {ranking: 3}", "records.ranking: expected keys and values"),
    ],
)
def test_malformed_recipes(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        build(tmp_path, text)


def test_a_recipe_for_another_log_is_one_message(tmp_path):
    """All files that are missing, then all columns."""
    made = recipe()
    files = {"items": "movies.dat", "log": "ratings-*.dat", "lists": "lists.jsonl"}
    made["tables"] = {name: {"file": file} for name, file in files.items()}
    with pytest.raises(DataError) as caught:
        build(tmp_path, made)
    assert (
        f"not in {tmp_path}: movies.dat (tables.items), ratings-*.dat (tables.log). "
        "There are: items.jsonl, lists.jsonl, log.jsonl, recipe.yaml. Is it the recipe of another log"
    ) in str(caught.value)
    with pytest.raises(DataError, match=r"nowhere: no such folder; --from names the folder of the recipe's files"):
        command(tmp_path / "recipe.yaml", tmp_path / "out", "--from", str(tmp_path / "nowhere"))
    other = [{"uid": "u1", "iid": "a", "time": 10}]
    part = {"group": "visit", "split": {"by": "column", "column": "fold"}}
    with pytest.raises(DataError) as caught:
        build(tmp_path, recipe(part=part), log=other)
    assert (
        "table 'log' (log.jsonl) has no columns 'user' (events.user), 'item' (events.item). There are: uid, iid, time; "
        "table 'lists' (lists.jsonl) has no columns 'visit' (records.ranking.group), 'fold' "
        "(records.ranking.split.column). There are: list, user, time, shown, chosen, where"
    ) in str(caught.value)


def test_bad_tables(tmp_path):
    with pytest.raises(DataError, match=r"tables.lists: lists.jsonl has no rows"):
        build(tmp_path, recipe(), lists=[])
    with pytest.raises(DataError, match=r"records.ranking.id: .*rows that differ have the id 'l1' \(1 such ids\)"):
        build(tmp_path, recipe(), lists=[LISTS[0], {**LISTS[0], "where": "work"}])
    with pytest.raises(DataError, match=r"no record was built. Left out: 1 lists: no positive"):
        build(tmp_path, recipe(), lists=[{**LISTS[0], "chosen": None}])
    (tmp_path / "lists.jsonl").write_text('{"a": 1}\n[2]\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"lists.jsonl, line 2: expected a JSON object, found list"):
        command(tmp_path / "recipe.yaml", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_events_that_cannot_be_used_are_counted(tmp_path):
    bad = [{**EVENTS[0], "user": None}, {**EVENTS[0], "item": "zz"}, {**EVENTS[0], "time": "soon"}]
    made = recipe()
    made["events"]["leave_out"] = {"of item e": "item == 'e'"}
    build(tmp_path, made, log=EVENTS + bad)
    assert left_out(tmp_path, "events") == {
        "events: of item e": 1,
        "events: no user": 1,
        "events: no time that can be read": 1,
        "events: item not in the catalogue": 1,
    }


def test_a_full_folder_is_refused_and_an_empty_one_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    build(tmp_path, recipe())
    before = (tmp_path / "out" / "ranking.jsonl").read_bytes()
    with pytest.raises(DataError, match="out exists already"):
        build(tmp_path, recipe())
    assert (tmp_path / "out" / "ranking.jsonl").read_bytes() == before
    build(tmp_path, recipe(), to="again")
    assert (tmp_path / "again" / "ranking.jsonl").read_bytes() == before


def test_labelled_rows(tmp_path):
    rows = [
        {"n": 1, "q": "noodles", "name": "Ramen", "city": None, "grade": 2},
        {"n": 2, "q": "noodles", "name": "Pizza", "city": "Rome", "grade": 0},
        {"n": 3, "q": "noodles", "name": "Soup", "city": "Rome", "grade": 9},
        {"n": 4, "q": "noodles", "name": "Soup", "city": "Rome", "grade": None},
    ]
    labels = [{"name": "yes", "value": 1, "zh": "是", "en": "yes"}, {"name": "no", "value": 0, "zh": "否", "en": "no"}]
    part = {
        "from": "lists",
        "id": "n",
        "group": "q",
        "fields": {"query": "{{ q }}", "item": {"name": "{{ name }}", "city": "{{ city or '' }}"}},
        "label": {"column": "grade", "map": {2: "yes", 0: "no"}},
        "labels": {"labels": labels},
    }
    built = build(tmp_path, recipe(only=part, dimension="relevance", events=None), lists=rows)["relevance"]
    assert [(r["id"], r["group"], r["item"], r["label"]) for r in built] == [
        ("toy-1", "noodles", {"name": "Ramen"}, "yes"),
        ("toy-2", "noodles", {"name": "Pizza", "city": "Rome"}, "no"),
    ]
    assert left_out(tmp_path, "relevance") == {"label '9' is not in the map": 1, "no label": 1}
    dataset = load("relevance", str(tmp_path / "out"))
    assert dataset.labels.names == ("yes", "no")
    assert dataset.provenance["rows"] == 2
    part["fields"] = {"query": "{{ grade }}"}
    with pytest.raises(DataError, match=r"fields.query: there is no name 'grade'"):
        build(tmp_path, recipe(only=part, dimension="relevance", events=None), lists=rows, to="b")


def test_build_json_names_the_files(tmp_path):
    build(tmp_path, recipe())
    report = json.loads((tmp_path / "out" / "build.json").read_text(encoding="utf-8"))
    assert set(report["files"]) == {"items.jsonl", "log.jsonl", "lists.jsonl"}
    assert report["files"]["log.jsonl"]["bytes"] == (tmp_path / "log.jsonl").stat().st_size
    assert len(report["recipe"]["sha256"]) == 64


def test_a_missing_library_is_one_message(tmp_path, monkeypatch):
    monkeypatch.setattr(command_module, "find_spec", lambda name: None)
    with pytest.raises(RecrmError, match=r"needs polars, yaml, jinja2: pip install 'recrm-tasks\[build\]'"):
        command(tmp_path / "r.yaml", tmp_path / "out")


def test_reasons_are_bounded():
    counted = LeftOut()
    for n in range(200):
        counted.add(f"label {n}")
    assert len(counted.counts()) == 51
    assert counted.counts()[OTHER] == 150


def test_filters():
    render = Templates().text(
        "{{ x | hash(4) }} {{ y | trim(12) }} {{ z | facts }} {{ t | date('%Y-%m-%d') }}", "x", "xyzt"
    )
    row = {"x": 7, "y": "0123456789abcdef", "z": {"a": 1, "b": None, "c": [1, 2]}, "t": 86_400}
    assert render(row) == f"{hash_name(7, 4)} {trim(row['y'], 12)} a: 1\nc: 1, 2 1970-01-02"
    assert len(trim("0123456789abcdef", 12)) == 12
    assert ITEMS
