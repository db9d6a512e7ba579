"""What a run will ask an engine for, counted by hand with a tokenizer whose tokens are bytes."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.answers.prompt import MODES, Prompt
from recrm_tasks.data import load
from recrm_tasks.prompting import Backend, load_questions
from recrm_tasks.prompting.asked_order import grouped_order
from recrm_tasks.prompting.expected_cost import Counting, Expected, expected_costs, whole_groups
from recrm_tasks.prompting.options import Options
from recrm_tasks.prompting.tokens import tokens_of

WAYS = ["generate", "logprob", "logprob per answer"]


def rendered(prompt: Prompt) -> bytes:
    """What the template of `byte_tokenizer` makes of a prompt."""
    return ("".join(f"<{turn.role}>{turn.content}</>" for turn in prompt.messages) + "<go>").encode()


def common(one: bytes, other: bytes) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def shared(texts: list[bytes], size: int) -> int:
    return sum(
        max((common(text, other) for other in texts[max(0, place - size) : place]), default=0)
        for place, text in enumerate(texts)
    )


def costs(tokenizer: str, dimension: str, options: Options, size: int = 1, records: int = 1_000) -> list[Expected]:
    counting = Counting(tokens_of(tokenizer), records, size, answer_tokens=9)
    return list(expected_costs(dimension, options, counting, (options.ask,)))


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize(("key", "ask"), [("relevance", "list"), ("behavior", "list"), ("ranking", "item")])
def test_by_hand(key: str, ask: Any, size: int, byte_tokenizer: str) -> None:
    options = Options(data="sample", limit=6, ask=ask)
    found = costs(byte_tokenizer, key, options, size)
    assert [one.way for one in found] == WAYS
    for mode in MODES:
        prompts = list(load_questions(key, mode, Backend(), options)[0])
        texts = [rendered(prompt) for prompt in prompts]
        order = grouped_order([(p.group or p.of_list, [turn.content for turn in p.messages]) for p in prompts])
        expected = {"balanced": shared(texts, size), "grouped": shared([texts[i] for i in order], size)}
        one = next(cost for cost in found if cost.way == mode)
        assert (one.records, one.counted, one.ask, one.dimension) == (6, 6, ask, key)
        assert one.requests == len(prompts) >= 6
        assert one.tokens_in == sum(map(len, texts))
        assert dict(one.shared) == expected
        assert 0 < expected["balanced"] <= expected["grouped"] < one.tokens_in
        assert one.tokens_out == len(prompts) * (9 if mode == "generate" else 1)
        assert one.uses_cache
    # Each allowed answer in a request of its own: after the first one, the whole prompt is the beginning.
    several = found[-1]
    answers = [len(prompt.choices) for prompt in prompts]
    assert several.requests == several.tokens_out == sum(answers)
    requests = [
        text + choice.encode() for prompt, text in zip(prompts, texts, strict=True) for choice in prompt.choices
    ]
    assert several.tokens_in == sum(map(len, requests))
    again = sum((count - 1) * len(text) for count, text in zip(answers, texts, strict=True))
    assert several.shared["balanced"] == expected["balanced"] + again
    if size == 1:
        assert several.shared["balanced"] == shared(requests, 1)
    assert not several.uses_cache


def test_a_base_models_answer_begins_with_a_space(plain_byte_tokenizer: str) -> None:
    options = Options(data="sample", limit=2, style="completion")
    prompts = list(load_questions("factual", "logprob", Backend(), options)[0])
    texts = ["\n\n".join(turn.content for turn in p.messages).encode() for p in prompts]
    _, one, several = costs(plain_byte_tokenizer, "factual", options)
    assert one.tokens_in == sum(map(len, texts))
    assert several.tokens_in == sum(
        len(text) + len(f" {c}") for text, p in zip(texts, prompts, strict=True) for c in p.choices
    )


def test_each_order_of_a_list_is_a_request(byte_tokenizer: str) -> None:
    once, *_ = costs(byte_tokenizer, "ranking", Options(data="sample", limit=4))
    twice, *_ = costs(byte_tokenizer, "ranking", Options(data="sample", limit=4, orders=2))
    assert (once.requests, twice.requests, twice.records) == (4, 8, 4)
    assert twice.tokens_in == 2 * once.tokens_in


def behavior(tmp_path: Path, users: int, each: int, group: bool = True) -> str:
    rows: list[dict[str, Any]] = [
        {
            "id": f"{user}-{item}", "dimension": "behavior", "lang": "en", "source": "mine",
            **({"group": f"u{user}"} if group else {}), "profile": f"user {user:03}" * 9, "history": [],
            "context": "noon", "item": f"shop {item}", "label": (user + item) % 2,
        }
        for user, item in itertools.product(range(users), range(each))
    ]  # fmt: skip
    file = tmp_path / "behavior.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(file)


def test_a_sample_is_scaled_up(tmp_path: Path, byte_tokenizer: str) -> None:
    """In the grouped order whole users are counted: a balanced sample has hardly two records of one."""
    data = behavior(tmp_path, users=60, each=8)
    whole, *_ = costs(byte_tokenizer, "behavior", Options(data=data))
    some, _, several = costs(byte_tokenizer, "behavior", Options(data=data), records=40)
    assert (whole.counted, some.counted, some.records, some.requests) == (480, 40, 480, 480)
    assert several.requests == 2 * 480
    assert some.tokens_in == pytest.approx(whole.tokens_in, rel=0.01)
    assert some.tokens_out == whole.tokens_out == 480 * 9
    for order in ("balanced", "grouped"):
        assert some.shared[order] == pytest.approx(whole.shared[order], rel=0.05)
    assert whole.shared["grouped"] > 1.1 * whole.shared["balanced"]


def test_whole_groups(tmp_path: Path) -> None:
    data = load("behavior", behavior(tmp_path, users=60, each=8))
    ids = whole_groups(data, 40)
    groups = [name.split("-")[0] for name in ids]
    assert (len(ids), len(set(ids)), len(set(groups))) == (40, 40, 5)
    assert all(groups.count(name) == 8 for name in groups)
    assert ids == [name for name in data.ids() if name in set(ids)]
    assert len(whole_groups(data, 2)) == 4  # at most twice as many, also of a large group
    assert whole_groups(load("behavior", behavior(tmp_path, users=3, each=8, group=False)), 40) == []


def test_records_without_a_group_among_others(tmp_path: Path) -> None:
    file = Path(behavior(tmp_path, users=20, each=2))
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    for row in rows[:20]:
        del row["group"]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    ids = whole_groups(load("behavior", str(file)), 20)
    assert 20 <= len(ids) <= 40
    assert 0 < sum(int(name.split("-")[0]) < 10 for name in ids) < len(ids)
