"""mapping.yaml: what it can say, what it refuses, and that what is written reads back."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.answers.label_sets import Label, LabelSet
from recrm_tasks.data import load
from recrm_tasks.data.mapping.mapping_file import (
    OPEN,
    DimensionMapping,
    LabelColumn,
    Mapping,
    Source,
    Split,
    TextPart,
    Values,
    read_mapping,
    to_yaml,
    undecided,
)
from recrm_tasks.errors import DataError

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=8) | st.sampled_from(
    [
        "no",
        "yes",
        "on",
        "1",
        "01",
        "1.0",
        "1e3",
        "12:30",
        "null",
        "~",
        "true",
        "-",
        "是",
        "a.b",
        "*",
        "2024-05-01",
        "0x1f",
    ]
)
TABLES = st.dictionaries(NAMES, NAMES, max_size=3)
COLUMNS = st.none() | NAMES | st.lists(NAMES, min_size=1, max_size=3)
LABELS = st.none() | st.just(
    LabelSet(
        labels=(
            Label(name="no", value=1, zh="一", en="first", words=("01",)),
            Label(name="1.0", value=0.3333, zh="二", en="second"),
        )
    )
)


PATTERNS = st.sampled_from([None, r"<a>(.*?)</a>", r"\\boxed\{(.)\}", "用户ID[:：](\\d+)", "(?m)^# yes: no"])
PARTS = st.builds(
    TextPart, column=NAMES | st.lists(NAMES, min_size=1, max_size=2), pattern=PATTERNS.filter(bool), after=PATTERNS
)


@st.composite
def sources(draw):
    split = draw(st.none() | st.builds(Split, column=NAMES, values=TABLES, pattern=PATTERNS))
    label = st.builds(
        LabelColumn,
        column=NAMES,
        values=TABLES,
        pattern=PATTERNS,
        numbers=st.sampled_from(["labels", "from 0", "from 1"]),
    )
    return Source(
        files=draw(st.dictionaries(NAMES, st.lists(NAMES, min_size=1, max_size=2), min_size=1, max_size=2)),
        rows=draw(st.none() | st.builds(Values, column=NAMES, values=TABLES)),
        split=split,
        lang=draw(st.sampled_from(["zh", "en", "detect"]) | st.builds(Values, column=NAMES, values=TABLES)),
        messages=draw(COLUMNS),
        fields=draw(st.dictionaries(NAMES, COLUMNS | PARTS, max_size=3)),
        label=draw(st.none() | label),
        own=draw(st.booleans()),
        **{name: draw(st.none() | NAMES | PARTS) for name in ("id", "group", "list_id", "candidate_id")},
        **{name: draw(st.none() | NAMES) for name in ("source", "meta")},
    )


@pytest.mark.slow
@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    part=st.builds(
        DimensionMapping,
        sources=st.lists(sources(), min_size=1, max_size=2),
        labels=LABELS,
        unusable=st.sampled_from(["stop", "skip"]),
    )
)
def test_what_is_written_reads_back(tmp_path_factory, part):
    """Whatever YAML would take a name for: a number, a date, no for false."""
    file = tmp_path_factory.getbasetemp() / "mapping.yaml"
    mapping = Mapping(dimensions={"ranking": part})
    file.write_text(to_yaml(mapping), encoding="utf-8")
    assert read_mapping(file) == mapping
    assert yaml.safe_load(to_yaml(mapping))["version"] == 1


WHOLE = r"""
version: 1
dimensions:
  relevance:
    unusable: skip
    labels:
      labels:
        - {name: no, value: 0, zh: 不好, en: bad}
        - {name: 1, value: 1.0, zh: 好, en: good, words: [fine, 01]}
        - {name: 2024-05-01, value: .5, zh: 中, en: middling}
    sources:
      - files: {train: [a/*.jsonl], test: ["b/**", c.jsonl]}
        rows: {column: task, values: {qir: relevance, 7: factual}}
        id: key
        group: extra.user
        split: {column: part, values: {a: test}}
        lang: {column: l, values: {cn: zh, us: en}}
        source: origin
        meta: more
        fields: {query: q, item: [name, extra.price], category: null}
        label: {column: says, pattern: "<a>(.*?)</a>", values: {no: no, yes: 1, on: 2024-05-01, 1.0: 1}}
"""


def records(tmp_path, rows, text, key="relevance", **options):
    (tmp_path / "c.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "mapping.yaml").write_text(text, encoding="utf-8")
    return load(key, str(tmp_path), mapping=str(tmp_path / "mapping.yaml"), **options)


def row(**changes):
    return {"task": "QIR", "key": "k1", "part": "a", "l": "CN", "origin": "log", "more": {"x": 1, "y": None}} | {
        "q": "茶",
        "name": "杯",
        "extra": {"user": "u1", "price": 4.0},
        "says": "I think <a> YES </a>",
    } | changes  # fmt: skip


def test_every_key_of_a_source(tmp_path):
    rows = [
        row(),
        row(key="k2", task="7"),
        row(key="k3", says="<a>1.0</a>", l="us", part="dev", origin=None, name=None),
    ]
    rows[2]["extra"] = {"user": "u2", "price": 2.0}
    data = records(tmp_path, rows, WHOLE, split="all")
    one, two = sorted(data.records(), key=lambda r: r.id)
    assert (one.id, one.split, one.lang, one.source, one.group, one.meta) == ("k1", "test", "zh", "log", "u1", {"x": 1})
    assert (one.query, one.item, one.category, one.label) == ("茶", "name: 杯\nprice: 4", None, "1")
    assert (two.id, two.split, two.lang, two.source, two.group) == ("k3", "dev", "en", tmp_path.name, "u2")
    assert (two.item, two.label) == ("price: 2", "1")
    assert data.labels.names == ("no", "1", "2024-05-01")
    assert [x.value for x in data.labels.labels] == [0, 1, 0.5]
    assert data.labels.labels[1].words == ("fine", "01")
    assert data.provenance["mapping"] == "given"
    assert load("relevance", "sample").provenance["mapping"] == "recognised"


def test_files_give_the_split_where_no_column_does(tmp_path):
    for folder, name in (("a", "k1"), ("b/deep", "k2")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "x.jsonl").write_text(json.dumps(row(key=name, part=None)))
    data = records(tmp_path, [row(key="k3")], WHOLE, split="all")
    assert {r.id: r.split for r in data.records()} == {"k1": "train", "k2": "test", "k3": "test"}


def test_the_environment_names_a_mapping(tmp_path, monkeypatch):
    records(tmp_path, [row()], WHOLE)
    monkeypatch.setenv("RECRM_MAPPING", str(tmp_path / "mapping.yaml"))
    assert load("relevance", str(tmp_path), split="test").provenance["mapping"] == "given"
    assert load("factual", "sample").provenance["mapping"] == "recognised"  # it says nothing of this dimension


def test_ready_prompts_of_several_columns_and_a_label_in_the_last_turn(tmp_path):
    text = """
    dimensions:
      factual:
        sources:
          - files: {"-": [c.jsonl]}
            lang: en
            messages: [ask, given]
            label: {column: turns, values: {holds: consistent, fails: inconsistent}}
    """
    turns = [{"from": "human", "value": "?"}, {"from": "gpt", "value": "Holds "}]
    (record,) = records(tmp_path, [{"ask": "Is it so?", "given": "this", "turns": turns}], text, "factual").records()
    assert [(m.role, m.content) for m in record.messages] == [("user", "Is it so?\n\nthis")]
    assert record.label == "consistent"
    text = text.replace("[ask, given]", "turns")
    (record,) = records(tmp_path, [{"turns": turns}], text, "factual").records()
    assert [(m.role, m.content) for m in record.messages] == [("user", "?")]


def test_unusable_rows_are_left_out_and_counted(tmp_path):
    rows = [row(key=f"k{i}") for i in range(5)]
    rows[1]["says"] = rows[2]["says"] = "<a>perhaps</a>"
    rows[3]["key"] = "k0"
    rows[4]["task"] = "???"
    data = records(tmp_path, [*rows, row(key="k9")], WHOLE, split="all")
    assert {r.id for r in data.records()} == {"k0", "k9"}
    assert data.provenance["rows_skipped"] == {"unknown label": 2, "repeated id": 1, "unknown task": 1}
    assert data.provenance["rows_available"] == 2
    with pytest.raises(DataError, match="4 of 6 rows of dimension relevance cannot be used"):
        records(tmp_path, [*rows, row(key="k9")], WHOLE.replace("unusable: skip", "unusable: stop"), split="all")


def test_nothing_but_unusable_rows(tmp_path):
    with pytest.raises(DataError, match="none of its 1 rows can be used as relevance"):
        records(tmp_path, [row(says="<a>x</a>")], WHOLE)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("version: 1", "version: 2", "version: "),
        ("version: 1", "version: [", "not valid YAML"),
        ("version: 1", "version: 1\nversoin: 1", "versoin: Extra inputs"),
        ("version: 1", "version: 1\n  x: 1", "not valid YAML"),
        ("unusable: skip", "unusable: drop", "dimensions.relevance.unusable: "),
        ("  relevance:", "  relevence:", "unknown dimension relevence; there are instruction, factual,"),
        ("id: key", "id: key\n        idd: key", "sources.0.idd: Extra inputs"),
        ("id: key", "id: [key]", "sources.0.id: "),
        ("id: key", "id: '?'", "relevance: still to be decided (?): sources.0.id"),
        ("id: key", "id: ?", "not valid YAML"),
        ("{no: no,", "{no: '?',", "still to be decided (?): sources.0.label.values.no"),
        ("item: [name,", "item: ['?',", "still to be decided (?): sources.0.fields.item.0"),
        ("<a>(.*?)</a>", "<a>(", "label.pattern: not a regular expression: "),
        ("value: 0,", "value: 7,", "labels.labels.0.value: "),
        ("zh: 不好", "zh: 好", "labels must differ"),
        ('train: [a/*.jsonl], test: ["b/**", c.jsonl]', "test: [d*.jsonl]", "fits d*.jsonl"),
        ('train: [a/*.jsonl], test: ["b/**", c.jsonl]', "test: d.jsonl", "files.test: "),
        (WHOLE, "", "the file: "),
        (WHOLE, "[]", "the file: "),
        (WHOLE, "a", "the file: "),
        (WHOLE, "dimensions: {relevance: {}}", "sources: Field required"),
        (WHOLE, "dimensions: {relevance: {sources: []}}", "sources: "),
        (WHOLE, "dimensions: {relevance: {sources: [{files: {}}]}}", "no file of "),
        (WHOLE, "a: !!python/object:os.system {}", "not valid YAML"),
        (WHOLE, "[" * 3_000, "not valid YAML"),
    ],
)
def test_mistakes(tmp_path, old, new, told):
    assert old in WHOLE
    with pytest.raises(DataError) as caught:
        records(tmp_path, [row()], WHOLE.replace(old, new))
    assert str(caught.value).startswith(f"{tmp_path / 'mapping.yaml'}: ")
    assert told in str(caught.value)


def test_a_mapping_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.yaml: cannot be read: No such file"):
        load("factual", "sample", mapping=str(tmp_path / "nowhere.yaml"))
    (tmp_path / "m.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not valid YAML"):
        load("factual", "sample", mapping=str(tmp_path / "m.yaml"))
    with pytest.raises(DataError, match="cannot be read"):
        load("factual", "sample", mapping=str(tmp_path))


def test_a_column_that_no_row_has_is_told(tmp_path):
    with pytest.raises(DataError, match=r"line 1: q: Field required|line 1: query: Field required"):
        records(tmp_path, [row(q=None)], WHOLE.replace("skip", "stop"))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(source=sources(), where=st.sampled_from(["id", "label", "fields", "rows", "files"]))
def test_every_open_place_is_named(source, where):
    changes = {
        "id": {"id": OPEN},
        "label": {"label": LabelColumn(column="c", values={"x": OPEN})},
        "fields": {"fields": {**source.fields, "query": OPEN}},
        "rows": {"rows": Values(column=OPEN)},
        "files": {"files": {"-": [OPEN]}},
    }
    named = {
        "id": "sources.0.id",
        "label": "sources.0.label.values.x",
        "fields": "sources.0.fields.query",
        "rows": "sources.0.rows.column",
        "files": "sources.0.files.-.0",
    }
    before = undecided(DimensionMapping(sources=[source]))
    after = undecided(DimensionMapping(sources=[source.model_copy(update=changes[where])]))
    assert named[where] in after
    assert set(after) - {named[where]} <= set(before)


def test_an_unknown_label_is_told_with_the_line_that_maps_it(tmp_path):
    """A column that a person wrote down may hold words that nobody declared: the mapping is where they belong."""
    file = tmp_path / "factual.jsonl"
    rows = [
        {"q": "Is there parking?", "docs": ["Free parking"], "r": "Yes.", "verdict": word} for word in ("good", "bad")
    ]
    file.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    mapping = tmp_path / "mapping.yaml"
    fields = "fields: {query: q, evidence: docs, response: r}"
    source = f"{{files: {{-: [factual.jsonl]}}, {fields}, label: {{column: verdict%s}}}}"
    text = f"version: 1\ndimensions: {{factual: {{sources: [{source}]}}}}\n"

    mapping.write_text(text % "", encoding="utf-8")
    with pytest.raises(DataError, match="what do the values 'bad', 'good' of verdict mean") as caught:
        load("factual", str(file), mapping=str(mapping))
    assert "label: {column: verdict, values: {bad: inconsistent, good: consistent}}" in str(caught.value)

    mapping.write_text(text % ", values: {good: consistent, bad: inconsistent}", encoding="utf-8")
    labels = [record.label for record in load("factual", str(file), mapping=str(mapping)).records()]
    assert sorted(labels) == ["consistent", "inconsistent"]


FACTS = [
    {"q": "Is there parking?", "docs": ["Free parking"], "r": "Yes.", "verdict": "good"},
    {"q": "Is it open?", "docs": ["Mon-Sat"], "r": "On Sunday.", "verdict": "bad"},
]
FACT = """
dimensions:
  factual:
    sources:
      - files: {"-": [c.jsonl]}
        fields: {query: q, evidence: docs, response: r}
        label: {column: verdict, values: {good: consistent, bad: inconsistent}}
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("query: q", "qurey: q", "a factual record has no field 'qurey'; did you mean query?"),
        (
            "evidence: docs",
            "evidence: dcos",
            "sources.0.fields.evidence: no row has a column 'dcos'; did you mean docs?",
        ),
        ("column: verdict", "column: veridct", "sources.0.label.column: no row has a column 'veridct'; did you mean"),
        ("good: consistent", "good: consistant", "sources.0.label.values.good: 'consistant' is no label; did you mean"),
        ("label: {", "lable: {", "sources.0.lable: Extra inputs are not permitted; did you mean label?"),
        ("column: verdict", "colunm: verdict", "label.colunm: Extra inputs are not permitted; did you mean column?"),
        ("column: verdict, values", "value: consistent, column: verdict, values", "either `column` or `value`"),
        ("label: {", "group: docs.name\n        label: {", "sources.0.group: no row has a column 'docs.name'"),
    ],
)
def test_a_typo_is_told_as_one(tmp_path, old, new, told):
    """Not as a thousand rows without a query."""
    assert old in FACT
    with pytest.raises(DataError) as caught:
        records(tmp_path, FACTS, FACT.replace(old, new), "factual")
    assert str(caught.value).startswith(f"{tmp_path / 'mapping.yaml'}: ")
    assert told in str(caught.value)
    assert len(records(tmp_path, FACTS, FACT, "factual")) == 2


def test_a_column_that_begins_in_a_late_row_is_no_typo(tmp_path):
    rows = [{**FACTS[0], "q": f"Is it open on day {n}?"} for n in range(9_000)]
    rows[-1]["user"] = {"name": "u1"}
    text = FACT.replace("label: {", "group: user.name\n        label: {")
    found = records(tmp_path, rows, text, "factual")
    assert sorted(r.group for r in found.records() if r.group) == ["u1"]


def test_a_label_that_all_records_have(tmp_path):
    """The two sides of pairs, as `recrm data inspect` writes them."""
    rows = [{"q": "Is there parking?", "docs": "Free parking", "good": "Yes.", "bad": "No, none."}]
    text = """
    dimensions:
      factual:
        sources:
          - {files: {"-": [c.jsonl]}, fields: {query: q, evidence: docs, response: good}, label: {value: consistent}}
          - {files: {"-": [c.jsonl]}, fields: {query: q, evidence: docs, response: bad}, label: {value: inconsistent}}
    """
    found = {r.response: r.label for r in records(tmp_path, rows, text, "factual").records()}
    assert found == {"Yes.": "consistent", "No, none.": "inconsistent"}


def test_what_a_mapping_leaves_out_is_recognised(tmp_path):
    """A label column's scale, and fields by their names."""
    words = ("Exact", "Substitute", "Complement", "Irrelevant")
    rows = [{"query": "noodles", "item": f"Bowl {w}", "judgement": w} for w in words]
    text = """
    dimensions:
      relevance:
        sources:
          - {files: {"-": [c.jsonl]}, label: {column: judgement}}
    """
    found = records(tmp_path, rows, text)
    assert found.labels.names == words
    assert {r.item: r.label for r in found.records()} == {f"Bowl {w}": w for w in words}


def test_rows_that_are_left_out_raise_no_question(tmp_path):
    rows = [{"query": "noodles", "item": f"Bowl {w}", "label": w} for w in ("relevant", "irrelevant", "???")]
    text = """
    dimensions:
      relevance:
        unusable: skip
        sources:
          - {files: {"-": [c.jsonl]}, fields: {query: query, item: item}, label: {column: label}}
    """
    assert records(tmp_path, rows, text).provenance["rows_skipped"] == {"unknown label": 1}
    with pytest.raises(DataError, match=r"what do the values '\?\?\?', 'irrelevant', 'relevant' of label mean\?"):
        records(tmp_path, rows, text.replace("skip", "stop"))


def test_two_answers_to_one_question(tmp_path):
    lines = ("        label: {column: verdict, values: {good: consistent, bad: inconsistent}}\n",) * 2
    with pytest.raises(DataError, match="two different answers for 'label': keep one of them"):
        records(tmp_path, FACTS, FACT + lines[0].replace("good: consistent", "good: inconsistent"), "factual")
    assert len(records(tmp_path, FACTS, FACT + "".join(lines), "factual")) == 2


def test_an_answer_replaces_the_question_mark(tmp_path):
    text = FACT.replace("evidence: docs", "evidence: '?'").replace("good: consistent", "good: '?'")
    answer = "        label: {column: verdict, values: {good: consistent, bad: inconsistent}}\n"
    field = "        fields: {evidence: docs}\n"
    assert len(records(tmp_path, FACTS, text + field + answer, "factual")) == 2
    with pytest.raises(DataError, match=r"still to be decided \(\?\): sources\.0\.fields\.evidence"):
        records(tmp_path, FACTS, text + answer, "factual")


def test_an_answer_with_a_key(tmp_path):
    said = [{**r, "verdict": json.dumps({"why": "it is", "ok": r["verdict"] == "good"})} for r in FACTS]
    label = "{column: verdict, key: ok, read: answer, values: {'true': consistent, 'false': inconsistent}}"
    found = records(tmp_path, said, FACT.partition("label:")[0] + f"label: {label}", "factual")
    assert {r.query: r.label for r in found.records()} == {
        "Is there parking?": "consistent",
        "Is it open?": "inconsistent",
    }


def test_grades_of_ones_own(tmp_path):
    rows = [{"query": "noodles", "item": f"Bowl {n}", "label": n} for n in (3, 1, 2)]
    text = """
    dimensions:
      relevance:
        sources:
          - files: {"-": [c.jsonl]}
            fields: {query: query, item: item}
            label: {column: label, grades: [1, 2, 3]}
    """
    labels = records(tmp_path, rows, text).labels
    assert [(x.name, x.value) for x in labels.labels] == [("1", 1.0), ("2", 0.5), ("3", 0.0)]
