"""Parts of texts by regular expressions: ids, groups, splits, fields, labels out of prompts."""

from __future__ import annotations

import json
import re
import time

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.data.formats.patterns import LONGEST, all_matches, checked, divided, first_match, without_matches
from recrm_tasks.data.mapping.mapping_file import read_mapping, to_yaml
from recrm_tasks.data.store.sampling import fraction
from recrm_tasks.errors import DataError

LETTERS = st.text("ab：1\n好 ", max_size=30)
ATOMS = st.sampled_from(
    ["a", "b", "好", "：", "1", ".", r"\d", r"\w", "[ab]", "[^a]", r"\n", "(a)", "(b|1)", "(?:好|a)"]
)
SIMPLE = st.lists(st.tuples(ATOMS, st.sampled_from(["", "?", "*", "+", "{1,2}"])), min_size=1, max_size=5).map(
    lambda parts: "".join(atom + times for atom, times in parts)
)


def by_re(pattern, text):
    """What Python's `re` finds: the first group, where there are some."""
    compiled = re.compile(pattern, re.ASCII)  # RE2's classes are those of ASCII
    found = compiled.search(text)
    said = found and (found.group(1) if compiled.groups else found.group())
    return said if said and said.strip() else None


@settings(max_examples=300, deadline=None, derandomize=True)
@given(pattern=SIMPLE, said=st.lists(st.none() | LETTERS, min_size=1, max_size=5))
def test_the_first_match_is_that_of_python(pattern, said):
    expected = [None if text is None else by_re(pattern, text) for text in said]
    assert first_match(pa.array(said, pa.string()), pattern).to_pylist() == expected


@settings(max_examples=200, deadline=None, derandomize=True)
@given(pattern=st.sampled_from([r"\d+", "[ab]+", r"(?m)^(\d) ?(.*)$", "好(a+)", "a."]), said=LETTERS)
def test_all_matches_are_those_of_python(pattern, said):
    compiled = re.compile(pattern, re.ASCII)
    expected = []
    for match in compiled.finditer(said):
        name, text = match.groups() if compiled.groups > 1 else ("", match.group(min(compiled.groups, 1)))
        expected.append((name.strip(), text.strip()))
    assert all_matches(pa.array([said]), pattern) == [[(n, t) for n, t in expected if t]]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    text=st.text("ab\n[1(", max_size=20),
    after=st.sampled_from(["a", "(b)+", r"\["]),
    before=st.sampled_from(["b", "1"]),
)
def test_a_text_in_three_parts(text, after, before):
    head, body, tail = (part[0].as_py() for part in divided(pa.array([text]), after, before))
    start = re.search(after, text)
    if start is None:
        assert body is None
        return
    assert head + body + tail == text
    assert head == text[: start.end()]
    end = re.search(before, text[start.end() :])
    assert len(body) == (end.start() if end else len(text) - start.end())


def test_what_is_left_without_the_matches():
    said = pa.array(["who: u1\n\n候选：店a\n\nyes or no?", "nothing", None])
    assert without_matches(said, r"候选：(.+)").to_pylist() == ["who: u1\n\nyes or no?", None, None]


@pytest.mark.parametrize(
    ("pattern", "count"),
    [
        (r"\((a)\)", "a"),
        (r"[(](a)", "a"),
        (r"[](](a)", "a"),
        (r"[^](\\](?P<x>a)", None),
        (r"\Q(\E(a)", "a"),
        ("(?i)(A)", "a"),
    ],
)
def test_groups_are_told_from_parentheses(pattern, count):
    assert first_match(pa.array(["(a)"]), pattern).to_pylist() == [count]


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|a)*b", r"(a*)*c", r"(?:a?){30}a{30}$"])
def test_patterns_of_exponential_time_end_at_once(pattern):
    text = pa.array(["a" * 1_000_000 + "!"])
    start = time.process_time()
    assert first_match(text, pattern).to_pylist() == [None]
    assert all_matches(pa.array(["a" * LONGEST + "!"]), pattern) == [[]]
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a(", "missing )"),
        ("[a", "missing ]"),
        ("*", "no argument for repetition operator"),
        ("(?=a)b", "invalid perl operator: (?="),
        ("(?<!a)b", "invalid"),
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("a{2000}", "invalid repetition size"),
        ("(((a{100}){100}){100})", "invalid repetition size"),
    ],
)
def test_patterns_that_cannot_be_used(pattern, why):
    with pytest.raises(ValueError, match="not a regular expression: ") as caught:
        checked(pattern)
    assert why in str(caught.value)
    assert "no lookahead, lookbehind or backreferences" in str(caught.value)


# --- in a mapping ----------------------------------------------------------------------------------------------------

MAPPING = """
dimensions:
  behavior:
    sources:
      - files: {"-": ["*.jsonl"]}
        messages: prompt
        label: {column: label}
        %s
"""


def prompts(users=40, each=5):
    """Rows of users with several prompts each; the user's id is in the prompt only."""
    return [
        {
            "prompt": f"用户ID：{1000 + u}；画像：女\n候选：面{i}（编号 p{u}-{i}，{'dev' if u % 2 else 'eval'}）",
            "label": i % 2,
        }
        for u in range(users)
        for i in range(each)
    ]


@pytest.fixture
def read(tmp_path):
    """Loads rows of behavior with more keys of a source."""

    def call(rows, more, text=MAPPING, key="behavior", **options):
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
        (tmp_path / "mapping.yaml").write_text(text % more, encoding="utf-8")
        return load(key, str(tmp_path), mapping=str(tmp_path / "mapping.yaml"), **options)

    return call


def test_a_user_in_the_prompt_is_on_one_side_of_a_hash_split(read):
    group = r"group: {column: prompt, pattern: '用户ID[:：](\d+)'}"
    sides = {side: list(read(prompts(), group, split=side).records()) for side in ("hash-test", "hash-train")}
    users = {side: {record.group for record in records} for side, records in sides.items()}
    assert users["hash-test"] == {str(u) for u in range(1000, 1040) if fraction(f"split\n{u}") < 0.1}
    assert users["hash-test"]
    assert not users["hash-test"] & users["hash-train"]
    assert sum(map(len, sides.values())) == 200
    assert all(len(sides[s]) == 5 * len(users[s]) for s in sides)


def test_id_and_split_out_of_a_prompt(read):
    more = r"""id: {column: prompt, pattern: '编号 ([\w-]+)'}
        split: {column: prompt, pattern: '，(dev|eval)）', values: {dev: validation, eval: test}}"""
    found = list(read(prompts(4, 2), more, split="all").records())
    assert {r.id: r.split for r in found} == {
        f"p{u}-{i}": "validation" if u % 2 else "test" for u in range(4) for i in range(2)
    }


def test_fields_out_of_a_prompt(read):
    more = """fields:
          profile: {column: prompt, pattern: '画像：(.)'}
          context: {column: prompt, without: '候选：(.+)'}
          item: {column: prompt, pattern: '候选：([^（]+)'}"""
    found = read(prompts(2, 2), more, text=MAPPING.replace("messages: prompt", "lang: zh"), split="all")
    records = sorted(found.records(), key=lambda r: (r.context, r.item))
    assert [(r.profile, r.history, r.context, r.item, r.label) for r in records] == [
        ("女", [], f"用户ID：{u}；画像：女", f"面{i}", i) for u in (1000, 1001) for i in (0, 1)
    ]


@pytest.mark.parametrize("pattern", [r"(?m)^\d+\. (.+)$", r"(?s)^\n(.+)$"])
def test_each_match_is_an_entry_of_a_list(read, pattern):
    rows = [{"prompt": f"历史：\n1. 面{n}\n2. 汤\n候选：茶\n1. 回答", "label": n} for n in (0, 1)]
    more = f"""fields:
          history: {{column: prompt, pattern: '{pattern}', after: 历史：, before: 候选}}
          item: {{column: prompt, pattern: '候选：(.+)'}}"""
    found = read(rows, more, text=MAPPING.replace("messages: prompt", "lang: zh"))
    number = "" if "d+" in pattern else "1. "
    second = "" if "d+" in pattern else "2. "
    assert sorted(r.history for r in found.records()) == [[f"{number}面{n}", f"{second}汤"] for n in (0, 1)]


def test_turns_are_looked_through_up_to_the_answer(read):
    rows = [
        {"prompt": [{"role": "system", "content": f"user u{n}"}, {"role": "user", "content": "click?"},
                    {"role": "assistant", "content": "user x"}], "label": n % 2}
        for n in range(4)
    ]  # fmt: skip
    text = MAPPING.replace("label: {", "last_turn: answer\n        label: {")
    found = read(rows, r"group: {column: prompt, pattern: 'user (\w+)'}", text=text, split="all")
    assert {r.group for r in found.records()} == {"u0", "u1", "u2", "u3"}
    with pytest.raises(DataError, match=r"sources\.0: group: the pattern 'user x' fits none of 4 rows"):
        read(rows, "group: {column: prompt, pattern: 'user x'}", text=text, split="all")


def test_an_answer_that_a_pattern_finds_is_read(read):
    rows = [
        {"prompt": f"Will user {n} click?", "says": f'why {1 - n % 2}; final: {{"answer": {n % 2}}}.'} for n in range(4)
    ]
    text = MAPPING.replace("{column: label}", "{column: says, pattern: 'final: (.+)[.]', read: answer}")
    assert sorted(r.label for r in read(rows, "lang: en", text=text).records()) == [0, 0, 1, 1]


def test_rows_without_a_match_have_no_value_and_are_counted(read, tmp_path, capsys):
    rows = [*prompts(2, 2), {"prompt": "谁？", "label": 0}]
    found = read(rows, r"group: {column: prompt, pattern: '用户ID[:：](\d+)'}", split="all")
    assert sorted(str(r.group) for r in found.records()) == ["1000", "1000", "1001", "1001", "None"]
    assert found.provenance["pattern_misses"] == {"group": 1}
    mapping = str(tmp_path / "mapping.yaml")
    inspect = ["data", "inspect", str(tmp_path), "--dimension", "behavior", "--mapping", mapping]
    assert main([*inspect, "--to", str(tmp_path / "again.yaml")]) == 0
    shown = capsys.readouterr().out
    assert r"group        <- prompt, '用户ID[:：](\\d+)'" in shown
    said = " ".join(shown.partition("no match")[2].split())
    assert said.startswith(r"the pattern of group fits 4 of 5 rows ('用户ID[:：](\\d+)')")
    assert "such as '谁？'" in said


def test_a_required_value_without_a_match_refuses_the_row(read):
    rows = [*prompts(2, 2), {"prompt": "谁？", "label": 0}]
    with pytest.raises(DataError, match=r"1 of 5 rows of dimension behavior cannot be used \(1 no id\)") as caught:
        read(rows, r"id: {column: prompt, pattern: '编号 ([\w-]+)'}")
    assert "line 5" in str(caught.value)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("group: {column: prompt, pattern: 'nobody'}",
         "mapping of behavior: sources.0: group: the pattern 'nobody' fits none of 4 rows; the first one begins with "
         "'用户ID：1000；画像：女"),
        ("split: {column: prompt, pattern: 'none'}", "sources.0: split: the pattern 'none' fits none of 4 rows"),
        ("group: {column: prompt, pattern: '(?=a)'}", "yaml: dimensions.behavior.sources.0.group.pattern: not a"),
        ("group: {column: prompt, pattern: '('}", "group.pattern: not a regular expression: missing )"),
        ("group: {column: prompt}", "sources.0.group: either `pattern` or `without` says"),
        ("group: {column: prompt, pattern: a, without: b}", "sources.0.group: either `pattern` or `without` says"),
        ("group: {column: prompt, patern: a}", "0.group.patern: Extra inputs are not permitted; did you mean pattern"),
        ("split: {column: prompt, patern: a}", "0.split.patern: Extra inputs are not permitted; did you mean pattern"),
        ("group: {pattern: a}", "sources.0.group.column: Field required"),
        ("group: {column: promt, pattern: a}", "sources.0.group: no row has a column 'promt'; did you mean prompt?"),
        ("fields: {item: {column: prompt, pattern: '['}}", "sources.0.fields.item.pattern: not a regular expression"),
        ("lang: {column: prompt, pattern: a}", "sources.0.lang.pattern: Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_one_message_for_each_mistake(read, more, told):
    with pytest.raises(DataError) as caught:
        read(prompts(2, 2), more)
    assert told in str(caught.value)


def test_a_label_that_the_pattern_never_finds(read):
    text = MAPPING.replace("{column: label}", "{column: prompt, pattern: 'label=(.)'}").replace(
        "messages: prompt", "messages: null"
    )
    more = "fields: {profile: null, history: null, context: null, item: prompt}"
    with pytest.raises(
        DataError, match=r"label: the pattern 'label=.*' fits none of 4 rows; the first one begins with"
    ):
        read(prompts(2, 2), more, text=text)


def test_a_pattern_that_would_take_for_ever(read):
    rows = [{"prompt": "a" * 100_000 + "b", "label": n} for n in (0, 1)]
    start = time.process_time()
    with pytest.raises(
        DataError, match=r"the pattern '\(a\+\)\+\$' fits none of 2 rows; the first one begins with 'aaa"
    ):
        read(rows, "group: {column: prompt, pattern: '(a+)+$'}")
    # Of this process alone, and with much room: `re` would not end at all.
    assert time.process_time() - start < 30


def test_what_is_written_reads_back(tmp_path):
    file = tmp_path / "mapping.yaml"
    more = r"""group: {column: [a, b], pattern: '用户 (\d+)', after: "x: 'y'", before: '(?m)^#'}
        split: {column: c, pattern: '(dev|test)', values: {dev: validation}}
        fields: {item: {column: prompt, without: 'a: {b}'}}"""
    file.write_text(MAPPING % more, encoding="utf-8")
    first = read_mapping(file)
    file.write_text(to_yaml(first), encoding="utf-8")
    assert read_mapping(file) == first
