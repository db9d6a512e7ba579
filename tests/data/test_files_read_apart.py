"""Files of one dimension whose labels may not mean the same."""

from __future__ import annotations

import json

import pytest
from hub_forms import questions, whole

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.errors import DataError

FILES = ("factual/one.jsonl", "factual/two.jsonl")


def put(folder, rows_of):
    """Two files with a row for each question, made by a function of the file's number and the question."""
    for number, name in enumerate(FILES):
        file = folder / "hub" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = [rows_of(number, q) for q in questions("factual")]
        file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    return str(folder / "hub")


def record(number, q, label):
    response = f"{q['response']} ({number})"
    return {"query": q["query"], "evidence": q["evidence"], "response": response, "label": label}


def truth(records):
    """Whether each record has the label of its question."""
    right = {f"{q['response']} ({number})": q["yes"] for q in questions("factual") for number in (0, 1)}
    return [right[r.response] == (r.label == "consistent") for r in records]


def test_keys_that_ask_the_opposite(tmp_path):
    """One file's answers say whether there is a hallucination, the other's whether the response is consistent."""

    def made(number, q):
        said = {"is_hallucination": not q["yes"]} if number else {"is_consistent": q["yes"]}
        return record(number, q, json.dumps({"reason": "r", **said}))

    found = load("factual", put(tmp_path, made), split="all")
    records = list(found.records())
    assert len(records) == 24
    assert all(truth(records))


def test_words_are_asked_apart_from_numbers(tmp_path, capsys):
    """A question about 0 and 1 is about the file that has them."""
    words = (("不一致", "一致"), (1, 0))
    data = put(tmp_path, lambda number, q: record(number, q, words[number][q["yes"]]))
    with pytest.raises(DataError) as caught:
        load("factual", data, split="all")
    said = str(caught.value)
    assert "factual/two.jsonl: label: what do the values '0', '1' of label mean?" in said
    assert "factual/one.jsonl" not in said
    mapping = tmp_path / "mapping.yaml"
    main(["data", "inspect", data, "--dimension", "factual", "--to", str(mapping)])
    answer = "label: {column: label, values: {'0': consistent, '1': inconsistent}}"
    text = mapping.read_text(encoding="utf-8")
    assert text.count(f"#{answer}") == 1
    mapping.write_text(text.replace(f"#{answer}", answer), encoding="utf-8")
    records = list(load("factual", data, split="all", mapping=str(mapping)).records())
    assert len(records) == 24
    assert all(truth(records))


def test_one_answer_for_several_files_says_so(tmp_path):
    """The same numbers may mean the opposite in another file: the question names the files that its answer is for."""
    data = put(tmp_path, lambda number, q: record(number, q, int(q["yes"] == (number == 0))))
    with pytest.raises(DataError) as caught:
        load("factual", data, split="all")
    first = str(caught.value).splitlines()[1]
    assert first.startswith("  factual/one.jsonl, factual/two.jsonl: label: what do the values '0', '1'")
    assert first.endswith(
        "(One answer for all 2 files; a file for which another one is right needs an entry of its own in `sources`.)"
    )
    mapping = tmp_path / "mapping.yaml"
    sources = [
        {"files": {"-": [name]}, "label": {"column": "label", "values": values}}
        for name, values in zip(
            FILES, ({"1": "consistent", "0": "inconsistent"}, {"0": "consistent", "1": "inconsistent"}), strict=True
        )
    ]
    mapping.write_text(json.dumps({"dimensions": {"factual": {"sources": sources}}}), encoding="utf-8")
    records = list(load("factual", data, split="all", mapping=str(mapping)).records())
    assert len(records) == 24
    assert all(truth(records))


def test_parts_with_one_label_each_stay_together(tmp_path):
    """Files that are sorted by label have no words in common, but one question is enough."""
    rows = {"factual-0.jsonl": [0, 0], "factual-1.jsonl": [1, 1], "factual-test.jsonl": [0, 0]}
    for name, labels in rows.items():
        text = "".join(json.dumps({**record(0, questions("factual")[0], n), "query": name}) + "\n" for n in labels)
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load("factual", str(tmp_path))
    assert str(caught.value).count("what do the values") == 1


def test_ready_prompts_that_ask_the_opposite_are_refused(tmp_path):
    """Answers to them could not be told apart."""

    def made(number, q):
        said = {"is_hallucination": not q["yes"]} if number else {"is_consistent": q["yes"]}
        return {"messages": [{"role": "user", "content": whole(q)}, {"role": "assistant", "content": json.dumps(said)}]}

    with pytest.raises(DataError, match="evaluate these files one at a time"):
        load("factual", put(tmp_path, made), split="all")
