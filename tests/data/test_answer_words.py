"""Ready prompts ask in their own words: answers are read by the words of the label column."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension
from recrm_tasks.errors import DataError

FILE = "data/factual_consistency/hallucination_rewrite.jsonl"


def asks(n: int) -> str:
    return (
        f"问题：第{n}家店几点关门？证据：21点。回复：{21 + n % 2}点。"
        if n < 4
        else f"Evidence: 9 pm. Response {n}: 9 pm."
    )


@pytest.fixture
def data(tmp_path: Path):
    """Writes ready prompts with a label each, and a mapping of what the labels mean."""

    def make(said: list[Any], values: dict[str, str] | None = None, file: str = FILE, **label: str) -> dict[str, str]:
        target = tmp_path / "source" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        rows = [{"prompt": asks(n), "label": word} for n, word in enumerate(said)]
        target.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
        options = {"data": str(tmp_path / "source"), "split": "all"}
        if values is None:
            return options
        part = {"files": {"-": ["**"]}, "messages": "prompt", "label": {"column": "label", "values": values, **label}}
        mapping = tmp_path / "mapping.yaml"
        mapping.write_text(json.dumps({"dimensions": {"factual": {"sources": [part]}}}), encoding="utf-8")
        return {**options, "mapping": str(mapping)}

    return make


def read(options: dict[str, str], answer: str) -> set[str | None]:
    """The labels that an answer is read as, over all records."""
    found = load("factual", **options)
    kind = dimension("factual").kind
    prompts = [p for r in found.records() for p in dimension("factual").prompts(r, found.labels, "generate")]
    answers = [kind.read(answer, prompt) for prompt in prompts]
    return {None if a.value is None else found.labels.names[a.value] for a in answers}


HALLUCINATED = {"是": "inconsistent", "否": "consistent"}


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("是", "inconsistent"),
        ("否", "consistent"),
        ('{"answer": "是"}', "inconsistent"),
        ("<think>一致？</think>答案：否", "consistent"),
        ("Yes", "inconsistent"),
        ("no", "consistent"),
        ("不一致", "inconsistent"),
        ("一致", "consistent"),
    ],
)
def test_a_yes_means_what_the_label_column_says(data, answer, label):
    assert read(data(["是", "否"] * 4, HALLUCINATED), answer) == {label}


def test_a_yes_keeps_its_meaning_where_the_column_agrees(data):
    assert read(data(["是", "否"] * 4, {"是": "consistent", "否": "inconsistent"}), "是") == {"consistent"}


@pytest.mark.parametrize("words", [("可信", "存疑"), ("0", "1"), ("有", "无")])
def test_words_of_the_source_are_read(data, words):
    values = dict(zip(words, ("consistent", "inconsistent"), strict=True))
    options = data([*words] * 4, values)
    assert [read(options, word) for word in words] == [{"consistent"}, {"inconsistent"}]


def test_known_words_are_read_without_a_mapping(data):
    options = data(["有幻觉", "无幻觉"] * 4)
    assert read(options, "结论：有幻觉") == {"inconsistent"}
    assert read(options, "无幻觉") == {"consistent"}


def test_letters_are_those_of_the_prompt(data):
    options = data(["A", "B"] * 4, {"A": "inconsistent", "B": "consistent"})
    assert read(options, "A") == {"inconsistent"}
    assert read(options, '{"answer": "B"}') == {"consistent"}
    found = load("factual", **options)
    prompts = [dimension("factual").prompt(r, found.labels, "generate") for r in found.records()]
    assert sorted(p.target for p in prompts) == ["A (inconsistent)"] * 4 + ["B (consistent)"] * 4


def test_letters_that_are_not_one_for_each_label(data):
    with pytest.raises(DataError, match=r"the labels of ready prompts are the letters A, B, but each of the labels"):
        load("factual", **data(["A", "B", "C"] * 2, {"A": "consistent", "B": "consistent", "C": "inconsistent"}))


def test_a_word_with_two_meanings(data, tmp_path):
    options = data(["是", "否"] * 4, HALLUCINATED)
    (tmp_path / "source" / "other.jsonl").write_text('{"prompt": "一致吗？", "label": "是"}\n', encoding="utf-8")
    mapping = json.loads(Path(options["mapping"]).read_text(encoding="utf-8"))
    [source] = mapping["dimensions"]["factual"]["sources"]
    other = {**source, "files": {"-": ["other.jsonl"]}, "label": {"column": "label", "values": {"是": "consistent"}}}
    mapping["dimensions"]["factual"]["sources"] = [{**source, "files": {"-": [FILE]}}, other]
    Path(options["mapping"]).write_text(json.dumps(mapping), encoding="utf-8")
    with pytest.raises(DataError, match="'是' means inconsistent in some ready prompts and consistent in others"):
        load("factual", **options)


def test_inspect_says_what_answers_are_read_as(data, tmp_path, capsys):
    options = data(["是", "否"] * 4, HALLUCINATED)
    to = ["--to", str(tmp_path / "again.yaml")]
    assert (
        main(["data", "inspect", options["data"], "--dimension", "factual", "--mapping", options["mapping"], *to]) == 0
    )
    said = capsys.readouterr().out
    [worst] = [line for line in said.splitlines() if line.strip().startswith("read as     inconsistent")]
    assert "是" in worst.split(": ")[1].split(", ")


def test_an_export_is_read_in_the_same_way(data, tmp_path):
    options = data(["是", "否"] * 4, HALLUCINATED)
    to = str(tmp_path / "export")
    assert (
        main(["data", "export", options["data"], "--dimension", "factual", "--mapping", options["mapping"], "--to", to])
        == 0
    )
    assert read({"data": to, "split": "all"}, "是") == {"inconsistent"}


KEYED = [
    ('{"analysis": "证据写了21点，一致", "hallucination": "yes"}', "inconsistent"),
    ('{"analysis": "x", "hallucination": "no"}', "consistent"),
    ('```json\n{"hallucination": "yes", "type": "时间"}\n```', "inconsistent"),
    ("<think>no?</think>{'hallucination': 'yes'}", "inconsistent"),
    ('{"hallucination": "yes", "follows": "no"}', None),
    ('An example: {"hallucination": "yes"}', None),
    ('{"analysis": "yes, there is one"}', None),
    ('{"hallucination": "yes"', None),
]


@pytest.mark.parametrize(("answer", "label"), KEYED)
def test_keys_of_a_prompts_own_json(data, answer, label):
    said = [json.dumps({"analysis": f"n{n}", "hallucination": "yes" if n % 2 else "no"}) for n in range(8)]
    assert read(data(said), answer) == {label}


def test_numbers_and_booleans_at_keys_of_their_own(data):
    options = data([0, 1] * 4, {"0": "consistent", "1": "inconsistent"})
    assert read(options, '{"why": "as it stands", "hallucinated": 1}') == {"inconsistent"}
    assert read(options, '{"why": "as it stands", "hallucinated": 0}') == {"consistent"}


def test_keys_of_their_own_are_not_read_where_we_ask():
    found = load("factual", "sample")
    prompt = dimension("factual").prompt(next(iter(found.records())), found.labels, "generate")
    assert dimension("factual").kind.read('{"hallucination": "no"}', prompt).value is None


YES_OR_NO = [
    ("是", 1.0), ("否", 0.0), ("会", 1.0), ("不会", 0.0), ("yes", 1.0), ("No.", 0.0), ("答案：不会", 0.0), ("0.7", 0.7),
    ('{"answer": "yes"}', 1.0), ("<think>会？不会？</think>会", 1.0), ("<answer>不会</answer>", 0.0),
    ("会或不会", None), ("A", None), ("也许会", None), ("点的人很多。", None),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "probability"), YES_OR_NO)
@pytest.mark.parametrize("key", ["behavior", "ranking"])
def test_ready_prompts_may_ask_for_yes_or_no(tmp_path, key, answer, probability):
    file = tmp_path / f"{key}.jsonl"
    rows = [{"prompt": f"第{n}号店，用户会点击吗？", "label": n % 2} for n in range(4)]
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    part = {"files": {"-": [file.name]}, "messages": "prompt", "label": {"column": "label"}}
    part |= {"no_lists": True, "fields": {"candidates": None}} if key == "ranking" else {}
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(json.dumps({"dimensions": {key: {"sources": [part]}}}), encoding="utf-8")
    found = load(key, str(file), split="all", mapping=str(mapping), ask=None)
    for record in found.records():
        for prompt in dimension(key).prompts(record, found.labels, "generate", ask="item"):
            assert dimension(key).kind.read(answer, prompt).value == probability


def test_our_own_prompts_ask_for_a_probability():
    found = load("behavior", "sample")
    prompt = dimension("behavior").prompt(next(iter(found.records())), found.labels, "generate")
    assert dimension("behavior").kind.read("yes", prompt).value is None
