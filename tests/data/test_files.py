"""Records on disk: what is read, and that nothing is dropped or mistaken in silence."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from recrm_tasks.data import load
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.scoring.outcomes import Answer, Outcome

SAMPLE = Path(__file__).resolve().parents[2] / "recrm_tasks" / "data" / "sources" / "sample"


def rows(key="factual", count=3):
    """Good records."""
    lines = (SAMPLE / f"{key}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[:count]]


@pytest.fixture
def write(tmp_path):
    """Writes rows (objects, or lines as they are) to a file and gives its path."""

    def call(content, name="factual.jsonl", labels=None):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            lines = (line if isinstance(line, str) else json.dumps(line) for line in content)
            file.write_text("\n".join(lines), encoding="utf-8")
        if labels is not None:
            text = labels if isinstance(labels, str) else json.dumps(labels, ensure_ascii=False)
            (file.parent / "labels.json").write_text(text, encoding="utf-8")
        return str(file)

    return call


def refusal(data, key="factual", **options):
    """The message."""
    with pytest.raises(DataError) as caught:
        load(key, data, **options)
    return str(caught.value)


def test_file_and_folder_and_home(write, tmp_path, monkeypatch):
    file = write(rows())
    by_file, by_folder = load("factual", file), load("factual", str(tmp_path))
    assert list(by_file.records()) == list(by_folder.records())
    assert by_file.provenance["sha256"] == by_folder.provenance["sha256"]
    assert (by_file.provenance["data"], by_file.provenance["source"]) == ("path", "factual.jsonl")
    assert by_folder.provenance["source"] == tmp_path.name
    monkeypatch.setenv("HOME", str(tmp_path))
    assert list(load("factual", "~/factual.jsonl").records()) == list(by_file.records())


def test_the_folder_one_stands_in_has_a_name(write, tmp_path, monkeypatch):
    """Provenance without a source names no data."""
    write(rows())
    monkeypatch.chdir(tmp_path)
    assert load("factual", ".").provenance["source"] == tmp_path.name


def test_environment_names_the_data(write, monkeypatch):
    monkeypatch.setenv("RECRM_DATA", write(rows()))
    assert len(load("factual")) == 3
    assert load("factual", "sample").provenance["data"] == "sample"
    monkeypatch.setenv("RECRM_DATA", "sample")
    assert load("factual").provenance["data"] == "sample"


def test_several_dimensions_in_one_file(write):
    file = write([*rows("factual"), *rows("behavior", 2), *rows("ranking", 4)], "all.jsonl")
    assert [len(load(k, file)) for k in ("factual", "behavior", "ranking")] == [3, 2, 4]
    message = refusal(file, "relevance")
    assert "no records of dimension 'relevance'" in message
    assert "behavior, factual, ranking" in message


@pytest.mark.parametrize("dimension", [None, "factul", "", 7, ["factul"], "factual or ranking"])
def test_row_of_no_dimension_is_not_dropped_in_silence(write, dimension):
    stray = {**rows()[0], "id": "stray", "dimension": dimension}
    if dimension is None:
        del stray["dimension"]
    message = refusal(write([*rows(), stray]))
    assert "line 4: dimension: expected one of instruction, factual, relevance, behavior, ranking, found" in message


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no records of dimension 'factual'"),
        (b"\n \n\n", "no records of dimension 'factual'"),
        (json.dumps(rows()[0]).encode("utf-16"), "not UTF-8"),
        ('{"id": "é"}'.encode("latin-1"), "not UTF-8"),
        (b"[1, 2]", "line 1: expected a JSON object, found list"),
        (b'"x"', "line 1: expected a JSON object, found str"),
        (b'{"id": ', "line 1: not valid JSON"),
        (b"{'id': 'x'}", "line 1: not valid JSON"),
        (b"\n\n{,}", "line 3: not valid JSON"),
        (b"[" * 100_000, "line 1: not valid JSON"),
        (b'{"id": ' + b"1" * 5000 + b"}", "line 1: not valid JSON"),
    ],
    ids=["empty", "blank", "utf-16", "latin-1", "list", "text", "cut", "quotes", "third line", "nested", "long number"],
)
def test_unreadable_files(write, content, told):
    message = refusal(write(content))
    assert told in message
    assert "factual.jsonl" in message


@pytest.mark.parametrize("field", ["query", "response", "meta", "id"])
def test_half_a_character_is_told_with_its_line(write, field):
    r"""Texts cut in the middle of an emoji end in a lone surrogate, "\ud83d": no tokenizer takes them."""
    good, bad = rows(count=2)
    bad[field] = {"why": "cut \ud83d"} if field == "meta" else "cut \ud83d"
    assert "line 2: " in refusal(write([good, bad]))


@pytest.mark.parametrize("depth", [101, 500])
@pytest.mark.parametrize("field", ["meta", "query", "evidence"])
@pytest.mark.parametrize("form", ["lines", "array"])
def test_nesting_too_deep_to_be_followed_is_told(write, depth, field, form):
    good, bad = rows(count=2)
    for _ in range(depth):
        bad[field] = {"m": bad[field]}
    message = refusal(write([good, bad] if form == "lines" else json.dumps([good, bad]).encode(), "factual.json"))
    assert f"{'line' if form == 'lines' else 'row'} 2: lists and objects lie more than 100 deep" in message


def test_deep_json_text_in_a_column_is_no_object(write):
    good, bad = rows(count=2)
    bad["meta"] = '{"m":' * 500 + "1" + "}" * 500
    assert "line 2: meta: expected an object" in refusal(write([good, bad]))
    bad["meta"] = '{"m":' * 50 + "1" + "}" * 50
    assert len(list(load("factual", write([good, bad])).records())) == 2


def test_byte_order_mark_and_blank_lines_and_windows(write):
    text = "\r\n\r\n".join(json.dumps(r) for r in rows())
    data = load("factual", write(b"\xef\xbb\xbf" + text.encode()))
    assert {r.id for r in data.records()} == {r["id"] for r in rows()}


def test_line_separators_within_a_text_end_no_line(write):
    row = {**rows()[0], "query": "one\u2028two\x85three"}
    data = load("factual", write([json.dumps(row, ensure_ascii=False)]))
    assert [r.query for r in data.records()] == [row["query"]]


def test_field_that_stands_twice(write):
    """Python's JSON takes the last and says nothing: half of the labels would be a matter of luck."""
    line = json.dumps(rows()[0])[:-1] + ', "label": "inconsistent"}'
    assert "line 1: " in refusal(write([line]))


def test_same_id_twice(write):
    first, second, _ = rows()
    message = refusal(write([first, second, {**second, "query": "another"}]))
    assert message.startswith("1 of 3 rows of dimension factual cannot be used (1 repeated id)")
    assert "line 3: id: duplicate of " in message
    assert "factual.jsonl, line 2; ids must be unique" in message


def test_only_three_of_many_problems_are_shown(write):
    bad = [{**rows()[0], "id": f"x{i}", "label": "?"} for i in range(10)]
    message = refusal(write([*rows(), *bad]))
    assert message.startswith("10 of 13 rows of dimension factual cannot be used")
    assert message.count("label:") == 3
    assert "and 7 more" in message


def test_no_such_path(tmp_path):
    message = refusal(str(tmp_path / "nowhere"))
    assert "no such file or folder" in message
    assert "'sample'" in message


def test_path_that_no_file_system_takes():
    assert "x" * 300 in refusal("x" * 300)


def test_folder_without_the_file(write, tmp_path):
    write(rows())
    message = refusal(str(tmp_path), "ranking")
    assert f"{tmp_path.name}: no records of dimension 'ranking'. Its data files:\n  factual.jsonl: factual" in message
    assert "RECRM_MAPPING=FILE" in message
    (tmp_path / "empty").mkdir()
    assert "empty: no data files (.jsonl, " in refusal(str(tmp_path / "empty"))
    (tmp_path / "empty" / "notes.txt").write_text("hello")
    assert "it has notes.txt" in refusal(str(tmp_path / "empty"))


# --- labels.json -----------------------------------------------------------------------------------------------------

GRADES = [
    {"name": "E", "value": 1, "zh": "完全匹配", "en": "exact match", "words": ["exact"]},
    {"name": "S", "value": 0.6667, "zh": "替代品", "en": "substitute"},
    {"name": "K", "value": 0.3333, "zh": "配套品", "en": "complement"},
    {"name": "X", "value": 0, "zh": "不相关", "en": "irrelevant"},
]


def graded(count=20):
    """Relevance records with four grades of their own."""
    return [
        {"id": f"q{i}", "dimension": "relevance", "lang": "en", "source": "own", "query": f"q {i}", "item": f"i {i}"}
        | {"label": "ESKX"[i % 4]}
        for i in range(count)
    ]


def test_four_grades_end_to_end(write):
    data = load("relevance", write(graded(), "relevance.jsonl", {"relevance": {"labels": GRADES}}))
    assert data.labels.names == ("E", "S", "K", "X")
    found = []
    for record, prompt in zip(data.records(), data.prompts("generate"), strict=True):
        assert "A. exact match\nB. substitute\nC. complement\nD. irrelevant" in prompt.messages[0].content
        right = "ABCD"["ESKX".index(record.label)]
        for text in (json.dumps({"answer": right}), f"Answer: {GRADES['ABCD'.index(right)]['en']}", record.label):
            answer = data.dimension.kind.read(text, prompt)
            assert answer == Answer("ABCD".index(right)), text
        found.append(Outcome.of(prompt.id, prompt.gold, answer))
    metrics = data.dimension.metrics(found)
    assert metrics["acc"].value == metrics["f1_macro"].value == 1
    assert metrics["acc_baseline"].value == 0.25


def test_labels_of_a_source_are_not_those_of_the_next(write, tmp_path):
    write(graded(), "relevance.jsonl", {"relevance": {"labels": GRADES}})
    message = refusal(write(graded(), "elsewhere/relevance.jsonl"), "relevance")
    assert "relevant, partial, irrelevant" in message


def test_other_dimensions_keep_their_defaults(write):
    data = load("factual", write(rows(), labels={"relevance": {"labels": GRADES}}))
    assert data.labels.names == ("consistent", "inconsistent")


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ("{", "not valid JSON"),
        ("", "not valid JSON"),
        ('{"relevance": ' + "1" * 5000 + "}", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "expected an object"),
        ({"relevance": []}, "relevance: "),
        ({"relevance": {"labels": []}}, "labels"),
        ({"relevance": {"labels": GRADES[:1]}}, "labels"),
        ({"relevance": {"labels": [*GRADES, GRADES[0]]}}, "relevance: "),
        ({"relevance": {"labels": [{"name": "a"}, *GRADES]}}, "labels.0.value: Field required"),
        ({"relevance": {"labels": [{**GRADES[0], "value": 3}, *GRADES[1:]]}}, "labels.0.value: "),
        ({"relevence": {"labels": GRADES}}, "relevence"),
    ],
    ids=[
        "cut",
        "empty",
        "long number",
        "nested",
        "list",
        "no set",
        "none",
        "one",
        "twice",
        "field",
        "value",
        "misspelt dimension",
    ],
)
def test_broken_labels(write, labels, told):
    """Last: a misspelt dimension would leave the defaults in force, in silence."""
    message = refusal(write(rows("relevance"), "relevance.jsonl", labels), "relevance")
    assert "labels.json" in message
    assert told in message


def test_labels_with_a_byte_order_mark(write):
    text = "\ufeff" + json.dumps({"relevance": {"labels": GRADES}})
    assert load("relevance", write(graded(), "relevance.jsonl", text)).labels.names[0] == "E"


# --- choices, provenance, hash ---------------------------------------------------------------------------------------


def test_splits(write):
    one, two, three = rows()
    file = write([{**one, "split": "train"}, {**two, "split": "test"}, {**three, "split": "dev"}])
    assert [r.id for r in list(load("factual", file).records())] == [two["id"]]
    assert [r.id for r in list(load("factual", file, split="dev").records())] == [three["id"]]
    message = refusal(file, split="validation")
    assert "'validation'" in message
    assert "dev, test, train" in message
    only_train = write([{**r, "split": "train"} for r in rows()])
    assert "train" in refusal(only_train)
    assert "no splits" in refusal(write(rows()), split="train")


def test_result_says_which_split_it_is_of(write):
    """Also where `test` was chosen because nobody chose."""
    file = write([{**r, "split": s} for r, s in zip(rows(), ("train", "test", "test"), strict=True)])
    assert load("factual", file).provenance["split"] == "test"
    assert load("factual", file, split="train").provenance["split"] == "train"
    assert load("factual", write(rows())).provenance["split"] is None


def test_rows_without_a_split_are_not_dropped_in_silence(write):
    one, two, three = rows()
    assert "split" in refusal(write([{**one, "split": "test"}, two, three]))


@pytest.mark.parametrize("options", [{"lang": "de"}, {"limit": 0}, {"limit": -1}])
def test_impossible_choices(write, options):
    with pytest.raises(RecrmError, match=str(next(iter(options.values())))):
        load("factual", write(rows()), **options)


def test_language(write):
    file = write([{**r, "lang": lang} for r, lang in zip(rows(), ("zh", "en", "en"), strict=True)])
    data = load("factual", file, lang="en")
    assert {r.lang for r in data.records()} == {"en"}
    assert (data.provenance["rows"], data.provenance["rows_available"], data.provenance["lang"]) == (2, 2, "en")
    assert "'en'" in refusal(write(rows()), lang="en")


def test_provenance(write):
    data = load("factual", write(rows()), limit=2, seed=3)
    kept = {k: v for k, v in data.provenance.items() if k not in ("sha256", "recrm_tasks")}
    assert kept == {
        "data": "path",
        "source": "factual.jsonl",
        "revision": None,
        "mapping": "recognised",
        "rows": 2,
        "rows_available": 3,
        "rows_skipped": {},
        "split": None,
        "lang": None,
        "limit": 2,
        "seed": 3,
        "balance": {"consistent": 1, "inconsistent": 1},
        "prompt_version": data.dimension.version,
    }


def content(key, file, **options):
    """The hash."""
    return load(key, file, **options).provenance["sha256"]


@pytest.mark.parametrize("key", ["instruction", "factual", "relevance", "behavior", "ranking"])
def test_hash_does_not_depend_on_order_file_or_seed(write, key):
    some = rows(key, 8)
    one = content(key, write(some, "a.jsonl"))
    shuffled = random.Random(1).sample(some, len(some))
    turned = [dict(reversed(r.items())) for r in shuffled]
    assert content(key, write(turned, "b.jsonl"), seed=5) == one
    assert content(key, write(some[:7], "c.jsonl")) != one


SAYING_NOTHING = {"source": "new", "split": "test", "meta": {"why": "new"}, "group": "new"}
"""Fields that no question is made of, and that no answer is scored by."""
SAYING = {
    **{"id": "new", "lang": "en", "messages": [{"role": "user", "content": "new"}]},
    **{"instruction": "new", "query": "new", "response": "new", "evidence": ["new"], "item": {"new": 1}},
    **{"category": "new", "profile": "new", "history": ["new"], "context": "new"},
}


def gold_changes(key, row):
    """Records with another gold answer."""
    if key == "behavior":
        return [{"label": 1 - row["label"]}]
    if key != "ranking":
        return [{"label": next(r["label"] for r in rows(key, 72) if r["label"] != row["label"])}]
    graded = [[2 if g else 0 for g in row["labels"]], row["labels"][1:] + row["labels"][:1]]
    return [*({"labels": g} for g in graded), {"candidates": row["candidates"][::-1]}]


@pytest.mark.parametrize("key", ["instruction", "factual", "relevance", "behavior", "ranking"])
def test_hash_changes_with_every_field_that_says_something(write, key):
    some = rows(key, 4)

    def with_second(**changes):
        return content(key, write([some[0], {**some[1], **changes}, *some[2:]], f"{key}.jsonl"), split="all")

    known = with_second()
    for field in SAYING_NOTHING:
        assert with_second(**{field: SAYING_NOTHING[field]}) == known, field
    fields = [f for f in SAYING if f in some[1] or f == "messages" or (key, f) == ("ranking", "query")]
    assert set(some[1]) - {"dimension", "label", "labels", "candidates", "source", "meta"} <= set(fields)
    changes = [{f: SAYING[f]} for f in fields] + gold_changes(key, some[1])
    assert len({known, *(with_second(**change) for change in changes)}) == 1 + len(changes)


def test_hash_tells_apart_what_a_prompt_tells_apart(write):
    """And nothing else: null is not shown, 4.0 is shown as 4, and an object as its lines."""
    shown = [{"a": 1}, {"a": True}, {"a": "one"}, {"a": [1, 2]}, {"a": "1", "b": 1}, "a", ["a: 1", ""], ["a", ": 1"]]
    seen = [content("factual", write([{**rows()[0], "evidence": e if isinstance(e, list) else [e]}])) for e in shown]
    assert len(set(seen)) == len(shown)
    for same in ({"a": 1.0}, {"a": "1"}, {"a": [1]}, {"a": 1, "b": None}, "a: 1"):
        assert content("factual", write([{**rows()[0], "evidence": [same]}])) == seen[0], same


def test_hash_changes_with_the_labels(write):
    seen = {content("relevance", write(graded(), "relevance.jsonl", {"relevance": {"labels": GRADES}}))}
    for field, new in (("value", 0.9), ("zh", "新"), ("en", "new"), ("words", ["new"])):
        labels = [{**GRADES[0], field: new}, *GRADES[1:]]
        seen.add(content("relevance", write(graded(), "relevance.jsonl", {"relevance": {"labels": labels}})))
    turned = GRADES[::-1]
    seen.add(content("relevance", write(graded(), "relevance.jsonl", {"relevance": {"labels": turned}})))
    assert len(seen) == 6
