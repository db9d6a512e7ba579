"""Names of columns in templates, ids of rows, columns of several values, catalogues from logs, constant columns."""

from __future__ import annotations

import json
import zipfile

import pytest
import yaml
from building import ITEMS, LISTS, build, command, left_out, recipe
from hypothesis import given, settings
from hypothesis import strategies as st
from workbooks import workbook

from recrm_tasks.build.list_columns import entries
from recrm_tasks.build.recipe import ListColumn
from recrm_tasks.build.template_names import written
from recrm_tasks.build.templates import Templates
from recrm_tasks.data import load
from recrm_tasks.errors import DataError

KNOWN = ["item_name:token_seq", "user name", "年龄", "row", "x", "none", "it's"]
VALUES = dict(zip(KNOWN, ("Lotus", "Bo", 3, {"k": 5}, "X", 0, "q"), strict=True))


@pytest.mark.parametrize(
    ("template", "shown", "names"),
    [
        ("{{ row['item_name:token_seq'] }}", "Lotus", {"item_name:token_seq"}),
        ('{{ row["user name"] | upper }}{{ 年龄 }}', "BO3", {"user name", "年龄"}),
        ("{{ row['none'] }} {{ row[\"it's\"] }}", "0 q", {"none", "it's"}),
        ("{{ row.k }}{{ row['k'] }}{{ row['x'] }}", "55X", {"row", "x"}),
        ("{% for row in [{'x': 1}] %}{{ row['x'] }}{% endfor %}{{ row['x'] }}", "1X", {"x"}),
        ("{% macro m(row) %}{{ row['x'] }}{% endmacro %}{{ m({'x': 4}) }}{{ row['x'] }}", "4X", {"x"}),
        ("{% set row = {'x': 7} %}{{ row['x'] }}", "7", set()),
        ("{% with row = {'x': 7} %}{{ row['x'] }}{% endwith %}{{ range(2) | list }}", "7[0, 1]", set()),
    ],
)
def test_columns_of_any_name(template, shown, names):
    made = Templates().text(template, "here", KNOWN)
    assert (made(VALUES), made.names) == (shown, names)


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(["__row", "row", "self", "true", "range"]))
def test_every_column_can_be_named_as_it_is_written_in_messages(name):
    made = Templates().text("{{ " + written(name) + " }}", "here", [name])
    assert (made({name: "value"}), made.names) == ("value", {name})
    assert Templates().expression(written(name), "here", [name])({name: 3}) == 3


def test_columns_of_any_name_in_expressions():
    made = Templates().expression("row['user name'] == 'Bo' and x", "here", KNOWN)
    assert (made(VALUES), made.names) == ("X", {"user name", "x"})


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ item_name }}", "there is no name 'item_name'; did you mean row['item_name:token_seq']? There are: "
         "row['item_name:token_seq'], row['user name'], 年龄"),
        ("{{ item_name:token_seq }}", "got ':'; write row['item_name:token_seq'] for a column of such a name"),
        ("{{ user name }}", "got 'name'; write row['user name'] for a column of such a name"),
        ("{{ row['user'] }}", "there is no column 'user'; did you mean row['user name']?"),
        ("{{ row.年龄 }}", "`row` needs the name of a column in quotes"),
        ("{{ __row['label'] }}", "there is no name '__row'"),
    ],
)  # fmt: skip
def test_what_is_proposed_can_be_parsed(template, said):
    with pytest.raises(DataError) as caught:
        Templates().text(template, "here", KNOWN[:3])
    assert said in str(caught.value)


def test_a_hidden_column_has_no_other_name(tmp_path):
    """Nor is it shown if it is called like a function of Jinja."""
    lists = [{**row, "range": row["chosen"]} for row in LISTS]
    part = {"chosen": "range", "context": "{{ range(2) | list }}"}
    assert build(tmp_path, recipe(part=part), lists=lists, to="range")["ranking"][0]["context"] == "[0, 1]"
    with pytest.raises(DataError, match=r"records.ranking.context: there is no column 'chosen'"):
        build(tmp_path, recipe(part={"context": "{{ row['chosen'] }}"}))


def rows(tmp_path, table, content, **part):
    """The records of behavior of labelled rows in one text table."""
    (tmp_path / table["file"]).write_text(content, encoding="utf-8")
    made = {
        "source": "log",
        "lang": "en",
        "tables": {"log": table},
        "records": {"behavior": {"from": "log", **part}},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(made), encoding="utf-8")
    command(tmp_path / "recipe.yaml", tmp_path / "out")
    return [json.loads(line) for line in (tmp_path / "out" / "behavior.jsonl").read_text("utf-8").splitlines()]


SOUP = "u1,soup,2024-05-01T12:00:00,1\n"
LOG = f"user,item,time,click\n{SOUP}{SOUP}u1,cake,2024-05-02T12:00:00,0\n"
FIELDS = {"profile": "guest {{ user }}", "history": [], "context": "{{ time }}", "item": "{{ item }}"}
CLICK = {"column": "click", "map": {1: 1, 0: 0}}


def test_equal_rows_get_numbers(tmp_path, capsys):
    table = {"file": "log.csv", "add": {"row": "{{ user }}-{{ item }}-{{ time }}"}}
    built = rows(tmp_path, table, LOG, id="row", fields=FIELDS, label=CLICK)
    assert [r["id"] for r in built] == [
        "log-u1-soup-2024-05-01T12:00:00", "log-u1-soup-2024-05-01T12:00:00-2", "log-u1-cake-2024-05-02T12:00:00",
    ]  # fmt: skip
    assert "  ids: 1 numbered, of rows equal to an earlier one" in capsys.readouterr().out
    assert load("behavior", str(tmp_path / "out")).provenance["rows"] == 3


def test_rows_without_ids_get_them(tmp_path):
    """They do not depend on the other rows or on the order of the columns."""
    (tmp_path / "1").mkdir()
    (tmp_path / "2").mkdir()
    first, again, other = (r["id"] for r in rows(tmp_path / "1", {"file": "log.csv"}, LOG, fields=FIELDS, label=CLICK))
    assert again == f"{first}-2"
    assert len(first) == len(other) == len("log-") + 16
    columns = [line.split(",") for line in LOG.splitlines()]
    turned = "".join(",".join(reversed(line)) + "\n" for line in (columns[0], columns[3], columns[1]))
    built = rows(tmp_path / "2", {"file": "log.csv"}, turned, fields=FIELDS, label=CLICK)
    assert [r["id"] for r in built] == [other, first]
    made = json.loads((tmp_path / "1" / "out" / "build.json").read_text(encoding="utf-8"))["parts"]["behavior"]["ids"]
    assert made == {"made of the row's content": 3, "numbered, of rows equal to an earlier one": 1}


def test_some_rows_without_ids_and_numbers_that_are_taken(tmp_path):
    content = "n,item,click\na,soup,1\na,soup,1\na-2,cake,0\n,tea,1\n"
    fields = {"profile": "", "history": [], "context": "", "item": "{{ item }}"}
    ids = [r["id"] for r in rows(tmp_path, {"file": "log.csv"}, content, id="n", fields=fields, label=CLICK)]
    assert ids[:3] == ["log-a", "log-a-3", "log-a-2"]
    assert len(ids[3]) == len("log-") + 16


def test_rows_that_differ_need_different_ids(tmp_path):
    with pytest.raises(DataError, match=r"rows that differ have the id 'u1' \(1 such ids\): name another col"):
        rows(tmp_path, {"file": "log.csv"}, LOG, id="user", fields=FIELDS, label=CLICK)


def test_lists_without_ids_and_equal_lists(tmp_path):
    built = build(tmp_path, recipe(part={"id": None}), lists=[*LISTS, LISTS[0]])["ranking"]
    assert built[2]["id"] == f"{built[0]['id']}-2"
    assert len({r["id"] for r in built}) == 3
    built = build(tmp_path, recipe(), lists=[*LISTS, LISTS[0]], to="named")["ranking"]
    assert [r["id"] for r in built] == ["toy-l1", "toy-l2", "toy-l1-2"]


def test_typed_headings(tmp_path):
    heading = "user_id:token\titem_id:token\titem_name:token_seq\tlabel:float\n"
    content = f"{heading}1\t7\tLotus Bowl\t1\n1\t8\tTyre Shop\t0\n"
    fields = {"profile": "", "history": [], "context": "", "item": "{{ row['item_name:token_seq'] }}"}
    label = {"column": "label:float", "map": {1: 1, 0: 0}}
    built = rows(tmp_path, {"file": "inter.tsv"}, content, id="item_id:token", fields=fields, label=label)
    assert [(r["id"], r["item"], r["label"]) for r in built] == [("log-7", "Lotus Bowl", 1), ("log-8", "Tyre Shop", 0)]


def test_text_tables_are_read_as_the_recipe_says(tmp_path):
    table = {"file": "log.dat", "separator": "::", "names": ["item", "click"], "encoding": "gb18030"}
    fields = {"profile": "", "history": [], "context": "", "item": "{{ item }}"}
    (tmp_path / "x").mkdir()
    content = "汤::1\n茶::0\n".encode("gb18030")
    (tmp_path / "x" / "log.dat").write_bytes(content)
    made = {"source": "s", "lang": "zh", "tables": {"log": table},
            "records": {"behavior": {"from": "log", "fields": fields, "label": CLICK}}}  # fmt: skip
    (tmp_path / "x" / "recipe.yaml").write_text(yaml.safe_dump(made), encoding="utf-8")
    command(tmp_path / "x" / "recipe.yaml", tmp_path / "out")
    lines = (tmp_path / "out" / "behavior.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["item"] for line in lines] == ["汤", "茶"]
    file = json.loads((tmp_path / "out" / "build.json").read_text(encoding="utf-8"))["files"]["log.dat"]
    assert (file["separator"], file["names"], file["encoding"]) == ("::", ["item", "click"], "gb18030")


def test_what_was_found_out_of_a_file_is_reported(tmp_path, capsys):
    fields = {"profile": "", "history": [], "context": "", "item": "{{ item }}"}
    built = rows(tmp_path, {"file": "log.csv"}, "item;click\nsoup, hot;1\ncake;0\n", fields=fields, label=CLICK)
    assert [r["item"] for r in built] == ["soup, hot", "cake"]
    assert "log.csv: written as" in capsys.readouterr().out
    file = json.loads((tmp_path / "out" / "build.json").read_text(encoding="utf-8"))["files"]["log.csv"]
    assert "semicolons" in file["written_as"]


_ID = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"], exclude_characters="|"), min_size=1)


@given(st.lists(_ID), st.sampled_from([" ", "|", "  "]), st.sampled_from(["", " "]))
def test_entries_of_a_text_are_those_of_the_list(ids, separator, around):
    spec = ListColumn(column="c", separator=separator)
    text = separator.join(around + name + around for name in ids)
    expected = ids or ([] if separator.isspace() else [""])
    assert entries(text, spec, "here") == expected
    assert entries(ids, spec, "here") == ids
    assert entries(None, spec, "here") is None


def test_several_clicks_in_one_text(tmp_path):
    lists = [{**LISTS[0], "chosen": "a | e"}, {**LISTS[1], "chosen": None}]
    part = {"chosen": {"column": "chosen", "separator": "|"}}
    (record,) = build(tmp_path, recipe(part=part), lists=lists)["ranking"]
    assert {c["id"]: n for c, n in zip(record["candidates"], record["labels"], strict=True)} == {"a": 1, "b": 0, "e": 1}
    assert left_out(tmp_path) == {"lists: no positive": 1}
    with pytest.raises(DataError, match=r"records.ranking.context: there is no name 'chosen'"):
        build(tmp_path, recipe(part={**part, "context": "{{ chosen }}"}), lists=lists, to="hidden")


def test_grades_in_the_candidates_and_in_a_text(tmp_path):
    """Impressions of MIND; entries that are objects; grades in a text of their own."""
    expected = build(tmp_path, recipe(), to="1")
    text = [{**x, "shown": "  ".join(f"{i}-{int(i == x['chosen'])}" for i in x["shown"])} for x in LISTS]
    spec = {"column": "shown", "separator": " ", "id": "{{ item[:-2] }}", "label": "{{ item[-1] }}"}
    assert build(tmp_path, recipe(part={"candidates": spec, "chosen": None}), lists=text, to="2") == expected
    acts = {True: "buy", False: "see"}
    objects = [{**x, "shown": [{"i": i, "act": acts[i == x["chosen"]]} for i in x["shown"]]} for x in LISTS]
    spec = {"column": "shown", "id": "{{ item.i }}", "label": "{{ {'buy': 1}.get(item.act, 0) }}"}
    assert build(tmp_path, recipe(part={"candidates": spec, "chosen": None}), lists=objects, to="3") == expected
    grades = [{**x, "chosen": ",".join(str(int(i == x["chosen"])) for i in x["shown"])} for x in LISTS]
    part = {"chosen": None, "labels": {"column": "chosen", "separator": ","}}
    assert build(tmp_path, recipe(part=part), lists=grades, to="4") == expected
    bad = [{**text[0], "shown": "a-1 b-x"}, text[1]]
    spec = {"column": "shown", "separator": " ", "id": "{{ item[:-2] }}", "label": "{{ item[-1] }}"}
    build(tmp_path, recipe(part={"candidates": spec, "chosen": None}), lists=bad, to="5")
    assert left_out(tmp_path, to="5") == {"lists: label 'x' is no grade from 0: give a map": 1}


def test_one_item_with_its_label_in_each_row(tmp_path):
    lists = [
        {"list": "1", "user": "u1", "time": 25, "it": "e", "stars": 5},
        {"list": "2", "user": "u1", "time": 25, "it": "f", "stars": 1},
        {"list": "3", "user": "u1", "time": 25, "it": "g", "stars": 3},
        {"list": "4", "user": "u1", "time": 25, "it": None, "stars": 5},
    ]
    part = {"candidates": None, "chosen": None, "context": "", "item": "it",
            "label": {"column": "stars", "map": {5: 1, 1: 0}}}  # fmt: skip
    built = build(tmp_path, recipe(dimension="behavior", part=part), lists=lists)["behavior"]
    assert [(r["id"], r["item"], r["label"]) for r in built] == [("toy-1-e", "Item e", 1), ("toy-2-f", "Item f", 0)]
    assert built[0]["history"] == ["Item a", "Item b", "Item c"]
    assert left_out(tmp_path, "behavior") == {"lists: label '3' is not in the map": 1, "lists: no item": 1}
    with pytest.raises(DataError, match=r"context: there is no name 'stars'"):
        build(tmp_path, recipe(dimension="behavior", part={**part, "context": "{{ stars }}"}), lists=lists, to="hidden")


def test_titles_in_a_history_of_item_ids(tmp_path):
    lists = [{**LISTS[0], "seen": "c zz a  d"}, {**LISTS[1], "seen": None}]
    part = {"history": {"items": {"column": "seen", "separator": " "}, "last": 2}}
    first, second = build(tmp_path, recipe(part=part), lists=lists)["ranking"]
    assert (first["history"], second["history"]) == (["Item a", "Item d"], [])
    assert left_out(tmp_path) == {"history: item not in the catalogue": 1}
    items = [{**item, "title": item["item"].upper()} for item in ITEMS]
    made = recipe(part={"history": {"items": {"column": "seen"}, "text": "{{ item.name }} at {{ where }}"}})
    made["items"]["text"] = {"name": "{{ title }}"}
    made["events"]["entry"] = "{{ item.name }}"
    lists = [{**row, "seen": ["a", "b"]} for row in LISTS]
    first, second = build(tmp_path, made, items=items, lists=lists, to="2")["ranking"]
    assert (first["history"], second["history"]) == (["A at home", "B at home"], ["A at work", "B at work"])


def test_a_history_of_item_ids_needs_a_catalogue(tmp_path):
    spec = {"column": "shown", "id": "{{ item }}", "text": "{{ item }}"}
    made = recipe(part={"candidates": spec, "history": {"items": {"column": "where", "separator": " "}}}, items=None)
    with pytest.raises(DataError, match=r"history.items: what are the items shown as\? Give an items section"):
        build(tmp_path, made)


def test_a_catalogue_from_the_log(tmp_path, capsys):
    log = [{"user": "u1", "item": i, "time": t, "price": p} for t, (i, p) in enumerate(
        [("a", 1), ("b", 2), ("a", 1), ("a", 3), ("c", 4), ("e", 5), (None, 6)]
    )]  # fmt: skip
    catalogue = {"from": "log", "id": "item", "text": "{{ item }} {{ price }}"}
    with pytest.raises(DataError, match=r"items: .*the id 'a' say different things \(1 such ids\): add keep: first"):
        build(tmp_path, recipe(items=catalogue), log=log)
    for keep, price in (("first", 1), ("last", 3)):
        built = build(tmp_path, recipe(items={**catalogue, "keep": keep}), log=log, to=keep)["ranking"]
        assert f"a {price}" in [c["text"] for c in built[0]["candidates"]]
        assert left_out(tmp_path, "items", keep) == {
            "rows of log without an id": 1,
            "further rows that say the same of an id": 1,
            f"further rows that say something else of an id (the {keep} is kept)": 1,
        }
    assert "items: 4 items" in capsys.readouterr().out
    build(tmp_path, recipe(items={**catalogue, "text": "{{ item }}"}), log=log, to="same")
    assert left_out(tmp_path, "items", "same") == {
        "rows of log without an id": 1,
        "further rows that say the same of an id": 2,
    }


def test_constant_columns(tmp_path):
    """A label, a user and a text that are the same in all rows."""
    table = {"file": "log.csv", "add": {"click": 1, "guest": "anybody", "new": True, "share": 0.5}}
    fields = {**FIELDS, "profile": "{{ guest }} {{ new }} {{ share }}", "context": "a canteen"}
    built = rows(tmp_path, table, "item\nsoup\ncake\n", group="guest", fields=fields, label={"column": "click"})
    assert [(r["profile"], r["group"], r["context"], r["label"]) for r in built] == [
        ("anybody True 0.5", "anybody", "a canteen", 1)
    ] * 2


@pytest.mark.parametrize(
    "table",
    [
        {"file": "one.zip"},
        {"file": "two.zip/inside/log.csv"},
        {"file": "two.zip/inside/notes.dat", "separator": "::", "names": ["item", "click"]},
        {"file": "log.xlsx", "sheet": "log"},
    ],
    ids=["one.zip", "csv in zip", "dat in zip", "xlsx"],
)
def test_archives_and_workbooks_are_read_as_data_is(tmp_path, table):
    """The only data file of an archive, a file within one, and a sheet."""
    if table["file"].endswith("xlsx"):
        pytest.importorskip("fastexcel")
    content = "item,click\nsoup,1\ncake,0\n"
    for name in ("one.zip", "two.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("inside/log.csv", content)
            if name == "two.zip":
                archive.writestr("inside/notes.dat", "soup::1\ncake::0\n")
    cells = [["item", "click"], ["soup", 1], ["cake", 0]]
    (tmp_path / "log.xlsx").write_bytes(workbook({"notes": [["x"], [1]], "log": cells}))
    fields = {"profile": "", "history": [], "context": "", "item": "{{ item }}"}
    made = {"source": "s", "lang": "en", "tables": {"log": table},
            "records": {"behavior": {"from": "log", "id": "item", "fields": fields, "label": CLICK}}}  # fmt: skip
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(made), encoding="utf-8")
    command(tmp_path / "recipe.yaml", tmp_path / "out")
    lines = (tmp_path / "out" / "behavior.jsonl").read_text(encoding="utf-8").splitlines()
    assert [(r["id"], r["label"]) for r in map(json.loads, lines)] == [("s-soup", 1), ("s-cake", 0)]
    assert set(json.loads((tmp_path / "out" / "build.json").read_text(encoding="utf-8"))["files"]) == {table["file"]}


def test_a_file_that_an_archive_lacks(tmp_path):
    with zipfile.ZipFile(tmp_path / "logs.zip", "w") as archive:
        archive.writestr("log.csv", "item,click\nsoup,1\n")
    with pytest.raises(DataError, match=r"other.csv"):
        build(tmp_path, recipe(tables={**recipe()["tables"], "log": {"file": "logs.zip/other.csv"}}))
