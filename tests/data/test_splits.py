"""Which records are evaluated: splits of the source, and those made by hash."""

from __future__ import annotations

import hashlib
import json
import random

import pytest

from recrm_tasks.data import load
from recrm_tasks.data.mapping.plan import plan
from recrm_tasks.data.prepare import prepare
from recrm_tasks.data.sources.origin import origin_of
from recrm_tasks.data.store.splits import choose_split
from recrm_tasks.dimensions import dimension
from recrm_tasks.errors import DataError


def rows_of(count, groups=None, split=None, start=0):
    """Behavior records; with groups, each of several records."""
    return [
        {"id": f"b{i}", "dimension": "behavior", "lang": "en", "source": "s", "profile": "p", "history": []}
        | {"context": "c", "item": f"i{i}", "label": i % 2}
        | ({"group": f"u{i % groups}"} if groups else {})
        | ({"split": split} if split else {})
        for i in range(start, start + count)
    ]


@pytest.fixture
def write(tmp_path):
    """Writes rows to a file and gives its path."""

    def call(rows, name="behavior.jsonl"):
        file = tmp_path / name
        file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
        return str(file)

    return call


def ids(data, split=None):
    return {r.id for r in load("behavior", data, split=split).records()}


def groups(data, split):
    return {r.group for r in load("behavior", data, split=split).records()}


def refusal(data, split=None):
    with pytest.raises(DataError) as caught:
        load("behavior", data, split=split)
    return str(caught.value)


def test_about_a_tenth_of_the_groups_and_none_on_both_sides(write):
    """2,000 groups: a tenth is 200, with a standard deviation of 13."""
    data = write(rows_of(6_000, groups=2_000))
    test, train = groups(data, "hash-test"), groups(data, "hash-train")
    assert not test & train
    assert len(test | train) == 2_000
    assert 150 < len(test) < 250
    assert len(ids(data, "hash-test")) == 3 * len(test)
    assert ids(data, "hash-test") | ids(data, "hash-train") == ids(data, "all") == ids(data)


def test_records_without_a_group_stand_for_themselves(write):
    data = write(rows_of(3_000))
    test, train = ids(data, "hash-test"), ids(data, "hash-train")
    assert not test & train
    assert len(test | train) == 3_000
    assert 240 < len(test) < 360


def test_the_rule_is_the_documented_one_for_ever(write):
    """The first 7 bytes of a digest, as a part of one, below a tenth: another rule would move users across."""

    def tested(key):
        return int.from_bytes(hashlib.sha256(f"split\n{key}".encode()).digest()[:7], "big") / 2**56 < 0.1

    rows = rows_of(400)
    grouped = [{**r, "group": f"u{i % 90}"} if i % 3 else r for i, r in enumerate(rows)]
    expected = {r["id"] for r in grouped if tested(r.get("group", r["id"]))}
    assert 5 < len(expected) < 395
    assert ids(write(grouped), "hash-test") == expected


def test_rows_of_other_order_other_files_and_more_rows(write, tmp_path):
    rows = rows_of(900, groups=300)
    test = ids(write(rows), "hash-test")
    random.Random(1).shuffle(rows)
    assert ids(write(rows), "hash-test") == test
    more = ids(write(rows + rows_of(300, groups=300, start=900)), "hash-test")
    assert {name for name in more if int(name[1:]) < 900} == test
    folder = tmp_path / "parts"
    folder.mkdir()
    for part in range(3):
        lines = map(json.dumps, rows[part::3])
        (folder / f"behavior-{part}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert ids(str(folder), "hash-test") == test


def test_hash_splits_of_a_source_with_splits_are_of_all_its_records(write):
    data = write(rows_of(500, split="train") + rows_of(500, split="test", start=500))
    assert ids(data) == {f"b{i}" for i in range(500, 1_000)}
    assert ids(data, "hash-test") | ids(data, "hash-train") == ids(data, "all") == {f"b{i}" for i in range(1_000)}
    assert ids(data, "hash-test") & ids(data, "train")
    assert ids(data, "hash-test") & ids(data, "test")


def test_a_split_of_that_name_in_the_source_is_its_own(write):
    data = write(rows_of(10, split="hash-test") + rows_of(10, split="test", start=10))
    assert ids(data, "hash-test") == {f"b{i}" for i in range(10)}


def test_hash_test_stands_in_for_the_test_split_of_the_hub_only(write):
    """On the hub nobody chose the rows of a whole: a number must not be of records that others train on."""

    def chosen(rows, hashed):
        origin, kind = origin_of(write(rows)), dimension("behavior")
        stored, _ = prepare(origin, kind, plan(origin, kind))
        found, name = choose_split(stored, None, hashed=hashed)
        return len(found), name

    count, name = chosen(rows_of(300), True)
    assert name == "hash-test"
    assert 0 < count < 100
    assert chosen(rows_of(300), False) == (300, None)
    assert chosen(rows_of(300, split="train"), True) == (count, "hash-test")
    assert chosen(rows_of(200) and rows_of(300, split="test"), True) == (300, "test")


def test_what_there_is_stands_in_the_message(write):
    message = refusal(write(rows_of(3, split="train") + rows_of(3, split="dev", start=3)), "validation")
    assert "no records of split 'validation'; the source has dev, train (hash-test, hash-train and all " in message
    assert "the source has no splits" in refusal(write(rows_of(3)), "train")
    assert "no records of split 'test'" in refusal(write(rows_of(3, split="train")))
    some = write(rows_of(3, split="test") + rows_of(2, start=3))
    assert "2 records have no split, 3 are of test" in refusal(some)
    assert "2 records have no split, 3 are of test" in refusal(some, "test")
    assert len(ids(some, "all")) == 5


def test_the_name_of_the_file_says_the_split(tmp_path):
    """Its rows, where they say something else."""
    for name in ("train", "test", "dev"):
        start = 10 * len(list(tmp_path.iterdir()))
        rows = rows_of(10, start=start)
        rows[0]["split"] = "odd"
        lines = map(json.dumps, rows)
        (tmp_path / f"behavior_{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert ids(str(tmp_path)) == {f"b{i}" for i in range(11, 20)}
    assert ids(str(tmp_path), "validation") == {f"b{i}" for i in range(21, 30)}
    assert ids(str(tmp_path), "odd") == {"b0", "b10", "b20"}


def test_an_empty_hash_split_is_told(write):
    """One user: one side has everything, the other nothing."""
    data = write(rows_of(30, groups=1))
    sides = {}
    for split in ("hash-test", "hash-train"):
        try:
            sides[split] = len(ids(data, split))
        except DataError as error:
            sides[split] = str(error)
    assert 30 in sides.values()
    (told,) = (s for s in sides.values() if s != 30)
    assert "no records of split 'hash-t" in str(told)


def test_two_values_of_one_meaning_are_two_splits(write):
    """`evaluation` and `test` are both names of a test split: of one source they are not the same."""
    rows = rows_of(2, split="evaluation") + rows_of(3, split="test", start=2) + rows_of(4, split="dev", start=5)
    data = write([{k: v for k, v in r.items() if k not in ("dimension", "source", "lang")} for r in rows])
    assert {name: len(ids(data, name)) for name in ("evaluation", "test", "validation")} == {
        "evaluation": 2,
        "test": 3,
        "validation": 4,
    }


def test_two_file_names_of_one_meaning_are_two_splits(write, tmp_path):
    write(rows_of(2), "behavior_eval.jsonl")
    write(rows_of(3, start=2), "behavior_test-00000-of-00002.jsonl")
    write(rows_of(4, start=5), "behavior_test-00001-of-00002.jsonl")
    write(rows_of(1, start=9), "behavior_dev.jsonl")
    counts = {name: len(ids(str(tmp_path), name)) for name in ("eval", "test", "validation")}
    assert counts == {"eval": 2, "test": 7, "validation": 1}


def plain(rows):
    """Rows in columns of their own, without those of our form."""
    return [{k: v for k, v in r.items() if k not in ("dimension", "source", "lang")} for r in rows]


def test_a_value_far_down_is_not_merged(write, tmp_path):
    """What a column's values mean is found out from its first rows; `test` may come later than `evaluation`."""
    rows = rows_of(1_200, split="evaluation") + rows_of(2, split="test", start=1_200)
    data = write(plain(rows))
    with pytest.raises(DataError) as caught:
        load("behavior", data, split="all")
    assert "2 of 1202 rows of dimension behavior cannot be used (2 unclear split)" in str(caught.value)
    assert "split: 'test' is not 'evaluation', which is read as the split 'test'" in str(caught.value)
    # Both ways out that the message names.
    for values, counts in (
        ("{evaluation: test, test: test}", {"test": 1_202}),
        ("{}", {"evaluation": 1_200, "test": 2}),
    ):
        mapping = tmp_path / "mapping.yaml"
        source = f"{{files: {{'-': ['*']}}, split: {{column: split, values: {values}}}}}"
        mapping.write_text(f"dimensions: {{behavior: {{sources: [{source}]}}}}", encoding="utf-8")
        assert {name: len(load("behavior", data, split=name, mapping=str(mapping))) for name in counts} == counts


def test_a_file_and_a_column_that_mean_one_split_are_asked_about(write, tmp_path):
    write(plain(rows_of(2)), "behavior_eval.jsonl")
    write(plain(rows_of(3, split="test", start=2)), "behavior_more.jsonl")
    with pytest.raises(
        DataError, match=r"'eval' in behavior_eval\.jsonl and 'test' in behavior_more\.jsonl would both"
    ):
        load("behavior", str(tmp_path), split="all")
    mapping = tmp_path / "mapping.yaml"
    more = "{files: {'-': [behavior_more.jsonl]}, split: {column: split}}"
    text = f"dimensions: {{behavior: {{sources: [{{files: {{eval: [behavior_eval.jsonl]}}}}, {more}]}}}}"
    mapping.write_text(text, encoding="utf-8")
    counts = {n: len(load("behavior", str(tmp_path), split=n, mapping=str(mapping))) for n in ("eval", "test")}
    assert counts == {"eval": 2, "test": 3}


def test_two_splits_of_a_card_are_two(write, tmp_path):
    write(plain(rows_of(2)), "a.jsonl")
    write(plain(rows_of(3, start=2)), "b.jsonl")
    files = "".join(f"  - split: {split}\n    path: {name}\n" for split, name in (("dev", "a.*"), ("valid", "b.*")))
    card = f"---\nconfigs:\n- config_name: behavior\n  data_files:\n{files}---\n"
    (tmp_path / "README.md").write_text(card, encoding="utf-8")
    assert {n: len(load("behavior", str(tmp_path), split=n)) for n in ("dev", "valid")} == {"dev": 2, "valid": 3}


@pytest.mark.parametrize("indent", [None, 1])
def test_an_object_with_an_array_per_split(tmp_path, indent):
    rows = [{"query": f"noodles {n}", "item": "Lotus Bowl", "label": "relevant"} for n in range(5)]
    content = {"train": rows[:3], "test": rows[3:], "validation": []}
    (tmp_path / "relevance.json").write_text(json.dumps(content, indent=indent), encoding="utf-8")
    found = load("relevance", str(tmp_path), split="all")
    assert {r.query: r.split for r in found.records()} == {
        f"noodles {n}": "train" if n < 3 else "test" for n in range(5)
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"train": [{"query": "a", "item": "b", "label": "relevant"}], "note": }', "behind one of them there is"),
        ('{"train": [{"query": "a", "item": "b", "label": "relevant"}]', "behind one of them there is"),
        ('{"train": [{"query": "a", "item": "b", "label": "relevant"}, 7]}', "row 2: expected a JSON object"),
        ('{"train": [{"query": "a", "item": "b"', "row 1: not valid JSON, or the file ends"),
    ],
)
def test_a_broken_object_with_an_array_per_split(tmp_path, text, told):
    (tmp_path / "relevance.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load("relevance", str(tmp_path), split="all")
    assert told in str(caught.value)
