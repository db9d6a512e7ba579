"""What is refused before the first question is asked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.answers.prompt import Mode, Prompt
from recrm_tasks.data.store.shards import Shard
from recrm_tasks.dimensions import dimension
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.prompting import Backend, Options, load_questions

LIST: dict[str, Any] = {
    "dimension": "ranking", "lang": "en", "source": "mine", "profile": "p", "history": ["h"], "context": "c",
    "candidates": [{"id": "1", "text": "one"}, {"id": "2", "text": "two"}], "labels": [1, 0],
}  # fmt: skip


@pytest.mark.parametrize(
    ("ids", "orders", "clash"),
    [
        (["a", "a#1"], 2, ("a", "a#1")),
        (["a#2", "b", "a"], 3, ("a", "a#2")),
        (["a#1#1", "a#1", "b"], 2, ("a#1", "a#1#1")),
        (["a", "a#2"], 2, None),
        (["a", "a#01", "a#0", "a#x", "#1", "b#1"], 5, None),
        (["a", "a#1"], 1, None),
    ],
)
def test_ids_that_are_those_of_further_orders(
    tmp_path: Path, ids: list[str], orders: int, clash: tuple[str, str] | None
) -> None:
    """Reported at load: after the run, the answers to two lists would count as those to one."""
    file = tmp_path / "ranking.jsonl"
    file.write_text("".join(json.dumps({"id": name, **LIST}) + "\n" for name in ids))
    options = Options(data=str(file), orders=orders)
    if clash is None:
        prompts, _ = load_questions("ranking", "generate", Backend(), options)
        asked = [prompt.id for prompt in prompts]
        assert len(set(asked)) == len(asked) == orders * len(ids)
        return
    with pytest.raises(DataError) as caught:
        load_questions("ranking", "generate", Backend(), options)
    for name in (*clash, "ranking.jsonl", "orders to 1"):
        assert name in str(caught.value)


def asked(tmp_path: Path, *records: dict[str, object], **options: Any) -> list[Prompt]:
    """The questions about some lists."""
    file = tmp_path / "ranking.jsonl"
    file.write_text("".join(json.dumps({**LIST, **record}) + "\n" for record in records))
    prompts, provenance = load_questions("ranking", "generate", Backend(), Options(data=str(file), **options))
    found = list(prompts)
    assert provenance["questions"] == len(found)
    if options.get("ask") == "item":
        sides = [{grade > 0 for grade in {**LIST, **record}["labels"]} for record in records]
        assert provenance["lists_without_order"] == sum(len(side) < 2 for side in sides)
    return sorted(found, key=lambda prompt: prompt.id)


ALONE = {"candidates": LIST["candidates"][:1], "labels": [1]}


def test_candidates_one_by_one(tmp_path: Path) -> None:
    prompts = asked(tmp_path, {"id": "a", "labels": [0, 3]}, {"id": "b", "group": "u", **ALONE}, ask="item")
    facts = [(p.id, p.gold, p.target, p.group, p.of_list, p.candidates, p.choices) for p in prompts]
    assert facts == [
        ("a@1", 0, "0", "a", "a", 2, ("A", "B")),
        ("a@2", 3, "1", "a", "a", 2, ("A", "B")),
        ("b", 1, "1", "u", "b", 1, ("A", "B")),
    ]
    for prompt, text in zip(prompts, ("one", "two", "one"), strict=True):
        assert f"[Candidate]\n{text}\n" in prompt.messages[0].content
        assert "Will this user choose the candidate?" in prompt.messages[0].content
        assert '{"probability": <number from 0 to 1>}' in prompt.messages[0].content
        assert Prompt.from_json(prompt.to_json()) == prompt._replace(record="", category=None)


def test_lists_without_an_order_need_ask_item(tmp_path: Path) -> None:
    for record in (ALONE, {"labels": [0, 0]}, {"labels": [1, 1]}):
        with pytest.raises(DataError, match=r"(?s)1 of 2 rows .* with ask=item \(lm-eval: recrm_ask\)"):
            asked(tmp_path, {"id": "a"}, {"id": "b", **record})
        assert len(asked(tmp_path, {"id": "a"}, {"id": "b", **record}, ask="item")) in (3, 4)


@pytest.mark.parametrize(
    ("ids", "clash"),
    [(["a", "a@2"], ("a", "a@2")), (["a", "a@x", "@1", "b@1", "a#1"], None)],
)
def test_ids_that_are_those_of_candidates(tmp_path: Path, ids: list[str], clash: tuple[str, str] | None) -> None:
    if clash is None:
        prompts = asked(tmp_path, *({"id": name} for name in ids), ask="item")
        assert len({prompt.id for prompt in prompts}) == 2 * len(ids)
        return
    with pytest.raises(DataError, match=r"candidates of 'a' are asked about as 'a@1' .* set ask to list"):
        asked(tmp_path, *({"id": name} for name in ids), ask="item")


def test_orders_and_single_candidates_exclude_each_other(tmp_path: Path) -> None:
    with pytest.raises(RecrmError, match="orders=2 and ask=item exclude each other"):
        asked(tmp_path, {"id": "a"}, ask="item", orders=2)


def test_a_ready_prompt_about_one_candidate(tmp_path: Path) -> None:
    turns = {"messages": [{"role": "user", "content": "Will she?"}]}
    (prompt,) = asked(tmp_path, {"id": "a", **turns, **ALONE}, ask="item")
    assert [m.content for m in prompt.messages] == ["Will she?"]
    with pytest.raises(DataError, match="a: its ready-made prompt is about 2 candidates together"):
        asked(tmp_path, {"id": "a", **turns}, ask="item")


def test_a_dimension_without_a_question_about_one_candidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(dimension("ranking")), "item_question", {})
    with pytest.raises(RecrmError, match=r"ranking: it declares no question about one candidate \(`item_question`\)"):
        asked(tmp_path, {"id": "a"}, ask="item")


def test_shortening_leaves_no_candidate_out(tmp_path: Path, byte_tokenizer: str) -> None:
    """The history is shortened for all candidates of a list alike."""
    record = {"id": "a", "history": [f"entry {i} {'x' * 100}" for i in range(30)], "labels": [1, 0]}
    options = {"tokenizer": byte_tokenizer, "context": 3000, "overflow": "shorten", "ask": "item"}
    first, second = asked(tmp_path, record, **options)
    assert "entry 29" in first.messages[0].content
    assert "entry 1 " not in first.messages[0].content
    assert first.messages[0].content.replace("\none\n", "\ntwo\n") == second.messages[0].content


def test_examples_are_of_both_answers() -> None:
    options = Options(data="sample", split="hash-test", fewshot=4, ask="item", lang="en", limit=1)
    prompt = next(load_questions("ranking", "generate", Backend(), options)[0])
    text = prompt.messages[0].content
    assert text.count("[Candidate]") == 5
    assert (text.count('Answer: {"probability": 1}'), text.count('Answer: {"probability": 0}')) == (2, 2)
    assert "[Candidates]" not in text


def test_other_kinds_are_asked_once_whatever_their_ids() -> None:
    prompts, _ = load_questions("factual", "generate", Backend(), Options(data="sample", orders=3))
    assert len(list(prompts)) == 72


@pytest.mark.parametrize(("mode", "said", "count"), [("logprob", "Click? 是或否", 2), ("logprob", "A yes, B no?", 0),
                                                     ("generate", "Click? 是或否", 0)])  # fmt: skip
def test_ready_prompts_without_the_letters_that_are_weighed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: Mode, said: str, count: int
) -> None:
    """They ask for something else: the probabilities of letters would mean nothing, and nobody would know."""
    file = tmp_path / "behavior.jsonl"
    row = {"dimension": "behavior", "lang": "zh", "source": "mine", "messages": [{"role": "user", "content": said}]}
    file.write_text("".join(json.dumps({**row, "id": f"r{n}", "label": n}) + "\n" for n in (0, 1)))
    prompts, provenance = load_questions("behavior", mode, Backend(), Options(data=str(file)))
    assert len(list(prompts)) == 2
    assert provenance.get("letters_not_shown", 0) == count
    assert ("do not show the letters" in caplog.text) == (count > 0)


def test_some_records_are_asked_as_in_the_whole_run() -> None:
    """With the examples of the run, also in a shard."""
    whole = Options(data="sample", split="hash-test", fewshot=2)
    for options in (whole, replace(whole, shard=Shard(1, 2))):
        run = {prompt.id: prompt for prompt in load_questions("factual", "generate", Backend(), options)[0]}
        for name in run:
            (prompt,) = load_questions("factual", "generate", Backend(), options, [name])[0]
            assert prompt == run[name]
    other = next(p.id for p in load_questions("factual", "generate", Backend(), whole)[0] if p.id not in run)
    with pytest.raises(DataError, match=f"no record of factual has the id '{other}'"):
        load_questions("factual", "generate", Backend(), options, [other])
