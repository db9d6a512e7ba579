"""Questions about row forms whose answers have to lead to a run with the right records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hub_forms import PATHS, uncomment

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension

CANDIDATES = ("Sushi bar", "面馆", "Taco stand")


@pytest.fixture
def answered(tmp_path: Path):
    """Writes rows under the published path of a dimension; loads them with some answers uncommented."""

    def make(key: str, rows: list[dict[str, Any]], *answers: str, **options: Any) -> tuple[Any, list[Any]]:
        file = tmp_path / "hub" / PATHS[key]
        file.parent.mkdir(parents=True)
        file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
        mapping = tmp_path / "mapping.yaml"
        main(["data", "inspect", str(tmp_path / "hub"), "--dimension", key, "--to", str(mapping)])
        uncomment(mapping, answers)
        found = load(key, str(tmp_path / "hub"), split="all", mapping=str(mapping), **options)
        return found, list(found.records())

    return make


def by_item(**columns: Any) -> list[dict[str, Any]]:
    """Nine rows of three lists, the second candidate of each chosen; functions of a list and a candidate."""
    return [
        {name: made(n, place) for name, made in columns.items()} for n in range(3) for place in range(len(CANDIDATES))
    ]


def test_probabilities_are_not_cut_to_whole_numbers(answered):
    rows = [{"prompt": f"第{n}位用户会点击吗？", "response": json.dumps({"reason": "r", "probability": p})}
            for n, p in enumerate([0.9, 0.1, 0.9, 0.1])]  # fmt: skip
    answer = "label: {column: response, values: {'0.1': '0', '0.9': '1'}, read: answer}"
    _, records = answered("behavior", rows, answer)
    assert sorted((r.messages[0].content, r.label) for r in records) == [
        ("第0位用户会点击吗？", 1), ("第1位用户会点击吗？", 0), ("第2位用户会点击吗？", 1), ("第3位用户会点击吗？", 0),
    ]  # fmt: skip


def test_an_open_column_of_yes_and_no_has_both_meanings(answered):
    rows = [{"profile": "女，30岁", "history": ["拿铁"], "item": f"{n}号店", "not_interested": n % 2} for n in range(4)]
    _, records = answered("behavior", rows, "label: {column: not_interested, values: {'0': '1', '1': '0'}}")
    assert {r.item: r.label for r in records} == {"0号店": 1, "1号店": 0, "2号店": 1, "3号店": 0}


def test_several_words_may_mean_what_a_known_one_means(answered):
    words = ("点击", "加购", "曝光")
    rows = [{"profile": "女", "history": ["拿铁"], "item": f"{n}号店", "label": words[n % 3]} for n in range(6)]
    _, records = answered("behavior", rows, "label: {column: label, values: {点击: '1', 加购: '1', 曝光: '0'}}")
    assert sorted(r.label for r in records) == [0, 0, 1, 1, 1, 1]


def test_turns_of_a_completion_are_judged(answered):
    rows = [
        {
            "prompt": [{"role": "system", "content": "以您好开头"}, {"role": "user", "content": f"问题{n}"}],
            "completion": [{"role": "assistant", "content": f"您好，答复{n}" if n % 2 else f"嗯，答复{n}"}],
            "label": bool(n % 2),
        }
        for n in range(4)
    ]
    label = "label: {column: label, values: {'false': violates, 'true': follows}}"
    _, records = answered("instruction", rows, label, "messages: [prompt, completion]", "last_turn: keep")
    for record in records:
        assert [turn.role for turn in record.messages] == ["system", "user", "assistant"]
        assert record.label == ("follows" if record.messages[2].content.startswith("您好") else "violates")


def test_a_column_of_one_candidate_a_row_is_no_list(answered):
    rows = by_item(
        用户画像=lambda n, place: f"用户{n}，不吃辣", 历史行为=lambda n, place: ["拿铁"],
        候选商家=lambda n, place: f"{CANDIDATES[place]} {n}", 是否点击=lambda n, place: int(place == 1),
    )  # fmt: skip
    alone = ("no_lists: true", "fields: {candidates: 候选商家, context: null}")
    _, records = answered("ranking", rows, *alone, ask="item")
    assert [r.labels for r in records].count([1]) == 3
    assert len(records) == 9
    assert all(r.labels == [int(r.candidates[0].text.startswith("面馆"))] for r in records)


def test_a_list_is_named_by_its_own_column_before_the_users(answered):
    rows = by_item(
        session_id=lambda n, place: f"s{n}", user_id=lambda n, place: "u1", profile=lambda n, place: "man, 40",
        history=lambda n, place: ["ramen"], item_name=lambda n, place: f"{CANDIDATES[place]} {n}",
        clicked=lambda n, place: int(place == 1),
    )  # fmt: skip
    _, records = answered("ranking", rows, "list_id: session_id", "fields: {candidates: item_name, context: null}")
    assert [r.labels for r in records] == [[0, 1, 0]] * 3


def test_a_prompt_about_one_candidate_is_no_query_of_the_list(answered):
    rows = by_item(
        query=lambda n, place: f"用户{n}，不吃辣\n候选商家：{CANDIDATES[place]} {n}\n会点击吗？",
        response=lambda n, place: "会" if place == 1 else "不会",
    )
    found, records = answered("ranking", rows, "list_id: {column: query, without: '候选商家：[ \\t]*(.+)'}")
    assert [r.labels for r in records] == [[0, 1, 0]] * 3
    for record in records:
        assert record.query is None
        prompt = dimension("ranking").prompt(record, found.labels, "generate").messages[0].content
        assert all(prompt.count(candidate.text) == 1 for candidate in record.candidates)


@pytest.mark.parametrize(
    ("good", "bad"), [("SUPPORTS", "REFUTES"), ("支持", "不支持"), ("entailment", "contradiction")]
)
def test_words_of_fact_checking_are_known(tmp_path, good, bad):
    rows = [
        {"query": f"几点关门{n}？", "evidence": ["21点"], "response": "21点", "label": bad if n % 2 else good}
        for n in range(4)
    ]
    file = tmp_path / "factual.jsonl"
    file.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")
    records = list(load("factual", str(file), split="all").records())
    assert {r.query: r.label for r in records} == {
        f"几点关门{n}？": "inconsistent" if n % 2 else "consistent" for n in range(4)
    }
