"""Rankings from one row per candidate, and from lists whose chosen candidate is a number, a letter or an id."""

from __future__ import annotations

import json
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.data import load
from recrm_tasks.data.convert import grouped_rows
from recrm_tasks.errors import DataError

MAPPING = """
dimensions:
  ranking:
    sources:
      - files: {"-": ["*.jsonl", "*.csv"]}
        lang: en
        list_id: request
        fields: {profile: user, history: seen, context: null, candidates: %s}
        label: {column: clicked%s}
        %s
"""


@pytest.fixture
def read(tmp_path):
    """Loads rows with one candidate each; gives the lists by id."""

    def call(rows, item="shop", more="candidate_id: item", label=""):
        (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        (tmp_path / "mapping.yaml").write_text(MAPPING % (item, label, more), encoding="utf-8")
        return load("ranking", str(tmp_path / "rows.jsonl"), mapping=str(tmp_path / "mapping.yaml"))

    return call


def rows_of(sizes, positives=(0,)):
    """Rows of lists of these sizes; the ones at `positives` were clicked."""
    return [
        {"request": f"r{n}", "user": f"u{n}", "seen": ["a", "b"], "item": f"i{i}", "shop": f"shop {i} of {n}"}
        | {"clicked": int(i in positives)}
        for n, size in enumerate(sizes)
        for i in range(size)
    ]


def plainly(record):
    """What a list says."""
    return record.profile, record.history, [(c.id, c.text) for c in record.candidates], record.labels


@pytest.mark.slow
@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    sizes=st.lists(st.integers(2, 6), min_size=1, max_size=8),
    seed=st.integers(0, 99),
    rows=st.sampled_from([1, 2, 7, 16_384]),
    data=st.data(),
)
def test_scattered_rows_are_the_same_lists(tmp_path_factory, sizes, seed, rows, data):
    """Whatever the order of the rows, their parts in memory, and the part of the file that they stand in."""
    folder = tmp_path_factory.mktemp("lists")
    content = rows_of(sizes)
    random.Random(seed).shuffle(content)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=2)))
    lines = [json.dumps(r) for r in content]
    for cut in reversed(cuts):
        lines.insert(cut, "")
    (folder / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "mapping.yaml").write_text(MAPPING % ("shop", "", "candidate_id: item"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouped_rows, "_ROWS", rows)
        found = load("ranking", str(folder / "rows.jsonl"), mapping=str(folder / "mapping.yaml"))
        records = {r.id: plainly(r) for r in found.records()}
    expected = {}
    for row in content:
        _, _, candidates, labels = expected.setdefault(row["request"], (row["user"], ["a", "b"], [], []))
        candidates.append((row["item"], row["shop"]))
        labels.append(row["clicked"])
    assert records == expected


def test_shared_columns_are_those_of_the_first_row(read):
    rows = rows_of([3])
    rows[1]["user"], rows[2]["user"] = "later", None
    (record,) = read(rows).records()
    assert record.profile == "u0"


def test_several_columns_make_the_candidate(read):
    rows = [{**r, "price": 4.0 if i else None, "tags": ["x", "y"]} for i, r in enumerate(rows_of([2]))]
    (record,) = read(rows, "[shop, price, tags]").records()
    assert record.candidates[1].text.splitlines()[:2] == ["shop: shop 1 of 0", "price: 4"]
    assert record.candidates[0].text.splitlines()[0] == "shop: shop 0 of 0"
    assert "price" not in record.candidates[0].text


def test_paths_into_objects(read):
    rows = [{"user": r["user"], "clicked": r["clicked"], "request": r["request"], "seen": r["seen"],
             "of": {"shop": r["shop"], "id": r["item"]}} for r in rows_of([2])]  # fmt: skip
    (record,) = read(rows, "of.shop", "candidate_id: of.id").records()
    assert [(c.id, c.text) for c in record.candidates] == [("i0", "shop 0 of 0"), ("i1", "shop 1 of 0")]


def test_an_object_is_the_candidate(read):
    rows = [{**r, "shop": {"name": r["shop"], "price": None}} for r in rows_of([2])]
    (record,) = read(rows).records()
    assert [c.text for c in record.candidates] == ["name: shop 0 of 0", "name: shop 1 of 0"]


def test_candidates_without_an_id_are_numbered(read):
    (record,) = read(rows_of([3]), more="").records()
    assert [c.id for c in record.candidates] == ["1", "2", "3"]


def test_grades_and_words_for_them(read):
    rows = [{**r, "clicked": word} for r, word in zip(rows_of([3]), ("no", "Bought", "clicked"), strict=True)]
    (record,) = read(rows, label=", values: {no: 0, clicked: 1, bought: 2}").records()
    assert record.labels == [0, 2, 1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"clicked": 0}, "line 4: labels: a list needs at least one positive (above 0) and one negative (0)"),
        ({"clicked": 1}, "line 4: labels: a list needs at least one positive (above 0) and one negative (0)"),
        ({"clicked": "maybe"}, "line 4: labels: 'maybe' is not a grade"),
        ({"clicked": None}, "line 4: labels: "),
        ({"item": "same"}, "line 4: candidates: ids must differ"),
        ({"item": None}, "line 4: candidates: number 1 has no id"),
        ({"shop": None}, "line 4: candidates: number 1 has no text"),
    ],
)
def test_a_list_that_cannot_be_used_is_told_where_it_begins(read, change, told):
    rows = rows_of([3, 3])
    with pytest.raises(DataError) as caught:
        read(rows[:3] + [{**r, **change} for r in rows[3:]])
    message = str(caught.value)
    assert message.startswith("1 of 2 rows of dimension ranking cannot be used")
    assert told in message


def test_a_list_without_a_profile_has_none(read):
    """A source may lack profiles, and so may a list."""
    rows = rows_of([3, 3])
    found = read(rows[:3] + [{**r, "user": None} for r in rows[3:]])
    assert sorted(record.profile for record in found.records()) == ["", "u0"]


def test_a_list_of_one_candidate(read):
    with pytest.raises(DataError, match="line 4: candidates: a list needs at least 2, found 1"):
        read(rows_of([3, 1]))


def test_rows_without_a_list_are_not_one_list_together(read):
    rows = rows_of([3, 3])
    for row in rows[3:]:
        row["request"] = None
    with pytest.raises(DataError, match="line 4: "):
        read(rows)


def test_broken_lines_are_told_as_ever(tmp_path, read):
    read(rows_of([2]))
    (tmp_path / "rows.jsonl").write_text("\n".join([*map(json.dumps, rows_of([2])), "{"]))
    with pytest.raises(DataError, match="line 3: not valid JSON"):
        load("ranking", str(tmp_path / "rows.jsonl"), mapping=str(tmp_path / "mapping.yaml"))


# --- one row per list ------------------------------------------------------------------------------------------------

CANDIDATES = [{"item_id": f"p{i}", "name": f"place {i}"} for i in range(4)]


@pytest.mark.parametrize(
    ("label", "more", "expected"),
    [
        (2, ", numbers: from 0", [0, 0, 1, 0]),
        ("2", ", numbers: from 0", [0, 0, 1, 0]),
        (2, ", numbers: from 1", [0, 1, 0, 0]),
        (4, ", numbers: from 1", [0, 0, 0, 1]),
        ("C", "", [0, 0, 1, 0]),
        ("p3", "", [0, 0, 0, 1]),
        ("name: place 1", "", [0, 1, 0, 0]),
        ([0, 3, 0, 1], "", [0, 3, 0, 1]),
        ([False, True, False, False], "", [0, 1, 0, 0]),
        ("[0, 0, 1, 0]", "", [0, 0, 1, 0]),
        (["no", "yes", "no", "no"], ", values: {no: 0, yes: 1}", [0, 1, 0, 0]),
    ],
)
@pytest.mark.parametrize("as_text", [False, True])
def test_every_way_to_name_the_chosen_one(tmp_path, label, more, expected, as_text):
    row = {"user": "u", "seen": [], "shops": json.dumps(CANDIDATES) if as_text else CANDIDATES, "chosen": label}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    text = (
        'dimensions: {ranking: {sources: [{files: {"-": [rows.jsonl]}, lang: en, label: {column: chosen%s}, '
        "fields: {profile: user, history: seen, context: null, candidates: shops}}]}}"
    )
    (tmp_path / "mapping.yaml").write_text(text % more)
    (record,) = load("ranking", str(tmp_path), mapping=str(tmp_path / "mapping.yaml")).records()
    assert record.labels == expected
    assert [(c.id, c.text) for c in record.candidates] == [(f"p{i}", f"name: place {i}") for i in range(4)]


@pytest.mark.parametrize(
    ("label", "more", "told"),
    [
        (4, ", numbers: from 0", "'4' is none of the 4 candidates"),
        (0, ", numbers: from 1", "'0' is none of the 4 candidates"),
        ("E", "", "'E' is none of the 4 candidates"),
        ("p9", "", "'p9' names none of the 4 candidates"),
        (None, "", "no label"),
        ([0, 1], "", "2 labels for 4 candidates"),
        (["no"] * 3 + ["perhaps"], ", values: {no: 0}", "'perhaps' is not a grade"),
    ],
)
def test_a_choice_that_is_none(tmp_path, label, more, told):
    rows = [
        {"user": "u", "seen": [], "shops": CANDIDATES, "chosen": value}
        for value in (label if not isinstance(label, list) else [0, 1, 0, 0], label)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    text = (
        'dimensions: {ranking: {sources: [{files: {"-": [rows.jsonl]}, lang: en, label: {column: chosen%s}, '
        "fields: {profile: user, history: seen, context: null, candidates: shops}}]}}"
    )
    (tmp_path / "mapping.yaml").write_text(text % more)
    with pytest.raises(DataError, match=r"rows\.jsonl, line 2: (labels|chosen): ") as caught:
        load("ranking", str(tmp_path), mapping=str(tmp_path / "mapping.yaml"))
    assert told in str(caught.value)


def test_where_numbers_begin_is_recognised_or_asked(tmp_path):
    """A 0 says from 0, the number of candidates says from 1, and neither leaves it open: no guess."""

    def load_with(*places):
        rows = [{"profile": "u", "history": [], "context": "c", "candidates": list("wxyz"), "label": p} for p in places]
        (tmp_path / "ranking.jsonl").write_text("\n".join(map(json.dumps, rows)))
        return sorted((r.labels for r in load("ranking", str(tmp_path)).records()), reverse=True)

    assert load_with(0, 2) == [[1, 0, 0, 0], [0, 0, 1, 0]]
    assert load_with(1, 4) == [[1, 0, 0, 0], [0, 0, 0, 1]]
    with pytest.raises(DataError, match="may count them from 0 or count them from 1"):
        load_with(1, 2)


@pytest.mark.parametrize("by", ["column", "pattern"])
def test_rows_without_a_list_are_no_list_of_their_own(by, tmp_path):
    """Each is refused, and the message says how many rows a pattern fits, and shows one that it does not fit."""
    rows = [
        {
            "prompt": f"{'会话' if n % 2 else 'Session'}：s{n}\n候选：{name}",
            **({"session": f"s{n}" if n % 2 else None} if by == "column" else {}),
            "label": int(name == "面馆"),
        }
        for n in range(4)
        for name in ("寿司店", "面馆", "茶楼")
    ]
    (tmp_path / "ranking.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    list_id = "session" if by == "column" else {"column": "prompt", "pattern": r"会话：(\w+)"}
    source = {
        "files": {"-": ["ranking.jsonl"]},
        "list_id": list_id,
        "fields": {"candidates": {"column": "prompt", "pattern": "候选：(.+)"}},
        "label": {"column": "label"},
    }
    mapping = tmp_path / "m.yaml"
    content = {"sources": [source]}
    mapping.write_text(json.dumps({"dimensions": {"ranking": content}}), encoding="utf-8")
    with pytest.raises(DataError, match="it is not known which list the row is in") as caught:
        load("ranking", str(tmp_path), mapping=str(mapping))
    assert re.search(r"\(6 no (session|list_id in prompt)\)", str(caught.value))
    if by == "pattern":
        assert "the pattern of list_id fits 6 of 12 rows ('会话：(\\\\w+)')" in str(caught.value)
        assert "such as 'Session：s0\\n候选：寿司店'" in str(caught.value)
    mapping.write_text(json.dumps({"dimensions": {"ranking": {**content, "unusable": "skip"}}}), encoding="utf-8")
    found = load("ranking", str(tmp_path), mapping=str(mapping))
    assert sorted(r.id for r in found.records()) == ["s1", "s3"]
    assert all(r.labels == [0, 1, 0] for r in found.records())
