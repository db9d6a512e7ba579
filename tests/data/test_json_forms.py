"""A record's texts are the same whatever the form and the size of the JSON file, and whatever the other rows hold."""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pyarrow.json
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recrm_tasks.data import load
from recrm_tasks.data.formats import json_text, read, texts

KEYS = st.sampled_from(["name", "area", "价格", "a b", 'q"', "tags"])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([1.0, 2.5, -0.0, 1e15, 1e16, 10**15, 2**53 + 1, 2**63, 2**70])
    | st.sampled_from(["x", "", "{", ':"a":', '"area":1', "null", "\u2028", "中文", '{"b": 1.0, "a": null}', "[1.0]"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=5
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["u", "v", "name"]), VALUES, min_size=1), min_size=1, max_size=5)
FORMS = {
    "jsonl": lambda rows: "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode(),
    "json": lambda rows: json.dumps(rows, indent=1).encode(),
    "jsonl.gz": lambda rows: gzip.compress("\n".join(map(json.dumps, rows)).encode()),
}


def meta(column):
    """Objects; anything else is refused where it is called for."""
    found = texts.json_objects(column)
    return pa.array([text if text and text.startswith("{") else None for text in found.to_pylist()])


def shown(file, rows):
    """Every text that may be made of each row's fields, and the number of rows that each chunk was read in."""
    found, sizes = [], []
    for chunk in read(file):
        sizes.append(len(chunk.numbers))
        assert not chunk.problems
        names = chunk.batch.schema.names
        columns = {
            name: [
                make(chunk.batch.column(name) if name in names else pa.nulls(chunk.batch.num_rows)).to_pylist()
                for make in (texts.plain, texts.objects, texts.entries, meta)
            ]
            for name in dict.fromkeys(name for row in rows for name in row)
        }
        found += [
            {name: [texts[i] for texts in made] for name, made in columns.items()} for i in range(chunk.batch.num_rows)
        ]
    return found, sizes


@settings(max_examples=150, deadline=None, derandomize=True)
@given(ROWS)
@example([{"u": {"area": 1, "name": 2}}, {"u": {"name": 1, "area": 2}}])
@example([{"u": [{"area": 1, "name": 2}, {"name": 1, "area": 2}]}])
@example([{"u": {"tags": {"area": 1, "name": 2}}}, {"u": {"tags": {"name": 1, "area": 2}}}])
@example([{"u": {"tags": {"area": 1}}}, {"u": {"tags": {"area": 1, "name": 2}}}])
@example([{"u": {"tags": {"area": 1}}}, {"u": {"tags": {"area": 2.5}}}])
@example([{"u": 1}, {"u": 2.5}, {"u": 10**15}])
@example([{"u": 2.5}, {"u": True}])
@example([{"u": [2.5]}, {"u": [True]}])
def test_texts_do_not_depend_on_the_form_of_the_file(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("forms")
    alone = []
    for i, row in enumerate(rows):
        (folder / f"{i}.json").write_text(json.dumps([row]))
        alone += shown(folder / f"{i}.json", rows)[0]
    for ending, form in FORMS.items():
        (folder / f"all.{ending}").write_bytes(form(rows))
        assert shown(folder / f"all.{ending}", rows)[0] == alone, ending
    (folder / "long.jsonl").write_bytes(FORMS["jsonl"](rows * 20))
    with pytest.MonkeyPatch.context() as patch:
        for block in (40, 1_000, 1 << 24):
            patch.setattr(json_text, "_BLOCK", block)
            patch.setattr(json_text, "_ROWS", 7)
            patch.setattr(json_text, "_SNIFFED", 2)
            assert shown(folder / "long.jsonl", rows)[0] == alone * 20, block
        patch.setattr(json_text._Blocks, "columns", lambda *_: None)
        assert shown(folder / "long.jsonl", rows)[0] == alone * 20


def relevance(count, item):
    """Relevance records with items of some form."""
    return [
        {"id": f"r{i}", "lang": "en", "query": f"q {i}", "item": item(i), "category": None, "label": "relevant"}
        for i in range(count)
    ]


def prompts(file):
    """The text of each prompt by its id."""
    return {p.id: p.messages[0].content for p in load("relevance", str(file)).prompts("generate")}


TURNED = [{"area": "Shibuya", "name": "Green Bowl"}, {"name": "Green Bowl", "area": "Shibuya"}]


@pytest.mark.parametrize("late", [0, 40, 199])
@pytest.mark.parametrize(
    "wrap", [lambda item: item, lambda item: {"at": item}, lambda item: {"all": [{"no": 1}, item]}]
)
def test_an_object_keeps_its_own_order_of_keys(tmp_path, monkeypatch, wrap, late):
    """The rows whose objects are turned round may come after all that the types of the file are taken from."""
    rows = relevance(200, lambda i: wrap(TURNED[i == late]))
    (tmp_path / "relevance.jsonl").write_bytes(FORMS["jsonl"](rows))
    (tmp_path / "few.jsonl").write_bytes(FORMS["jsonl"](rows[late : late + 1]))
    monkeypatch.setattr(json_text, "_SNIFFED", 4)
    found = prompts(tmp_path / "relevance.jsonl")
    assert found[f"r{late}"] == prompts(tmp_path / "few.jsonl")[f"r{late}"]
    other = "r1" if late != 1 else "r0"
    assert found[f"r{late}"].index("name") < found[f"r{late}"].index("area")
    assert found[other].index("area") < found[other].index("name")


def test_objects_in_one_order_are_decoded_by_pyarrow(tmp_path, monkeypatch):
    """The fast way is taken where it can be: the test of every file's size and form would otherwise test one way."""
    rows = relevance(100, lambda i: {"name": f"n{i}", "at": {"area": i, "near": [{"a": 1, "b": 2}, {"a": 1}]}})
    (tmp_path / "relevance.jsonl").write_bytes(FORMS["jsonl"](rows))
    expected = prompts(tmp_path / "relevance.jsonl")
    monkeypatch.setattr(json_text, "_decoded", None)
    assert prompts(tmp_path / "relevance.jsonl") == expected
    assert '{"area":7,"near":[{"a":1,"b":2},{"a":1}]}' in expected["r7"]


texts_of_turns = st.sampled_from(["role", "content", '{"role"', "x", '"content"', "\\", ""])
objects_of_two = st.lists(
    st.lists(
        st.one_of(
            st.tuples(st.just("role"), texts_of_turns),
            st.tuples(st.just("content"), st.one_of(st.none(), texts_of_turns)),
        ),
        max_size=3,
    ),
    max_size=4,
)


@given(rows=st.lists(objects_of_two, min_size=1, max_size=4), tight=st.booleans(), more=st.sampled_from(["n", "role"]))
def test_what_counts_show_of_the_order_of_keys_is_true(rows, tight, more):
    """Where the counts say that all objects have their keys in order, a decoder of every line says so too."""
    comma, colon = (",", ":") if tight else (" , ", " : ")

    def text(pairs):
        return "{" + comma.join(f"{json.dumps(k)}{colon}{json.dumps(v)}" for k, v in pairs) + "}"

    lines = [f'{{"messages": [{comma.join(map(text, row))}], "{more}": 1}}' for row in rows]
    block = "".join(line + "\n" for line in lines).encode()
    try:
        table = pa.json.read_json(pa.BufferReader(block))
    except pa.ArrowException:
        return
    if json_text._evidently_in_order(block, table):
        assert json_text._in_order(lines, table.schema)


def test_counts_are_enough_for_turns():
    lines = [
        '{"id": 1, "messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "{\\"role\\""}]}'
    ] * 3
    block = "\n".join(lines).encode()
    assert json_text._evidently_in_order(block, pa.json.read_json(pa.BufferReader(block)))
    turned = block.replace(b'{"role": "user", "content": "a"}', b'{"content": "a", "role": "user"}', 1)
    assert not json_text._evidently_in_order(turned, pa.json.read_json(pa.BufferReader(turned)))
