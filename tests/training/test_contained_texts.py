"""Texts of records in the prompts of other tools, compared with a search for each by itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("ahocorasick_rs")

from recrm_tasks.training.contained_texts import ContainedTexts
from recrm_tasks.training.normal_text import Lines, normal

LONG = "the kitchen of the harbour inn closes at ten, on fridays at eleven"
_PART = st.text(alphabet="ab", min_size=1, max_size=4)


def found(texts: dict[str, tuple[str, ...]], *prompt: str) -> set[str]:
    return {kind for _, kind in ContainedTexts([texts]).found(Lines.of(prompt))}


@given(st.lists(st.lists(_PART, min_size=1, max_size=3), min_size=1, max_size=5), st.text(alphabet="ab ", max_size=60))
def test_all_texts_of_a_group_are_in_the_prompt(groups: list[list[str]], prompt: str) -> None:
    owners = [{"text": tuple(part * 48 for part in group)} for group in groups]  # long enough to count anywhere
    prompt = " ".join(part * 48 for part in prompt.split())
    expected = {n for n, group in enumerate(owners) if all(text in normal(prompt) for text in group["text"])}
    assert {owner for owner, _ in ContainedTexts(owners).found(Lines.of([prompt]))} == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("[Query]\nHotel\n\n[Item]\nInn", True),
        ("Query: hotel\nItem: Inn", True),
        ("查询：hotel", True),
        ('{"query": "hotel", "item": "inn"}', True),
        ("1. hotel", True),
        ("查询：hotel，商品：某店。", True),
        ("Query: hotel, item: inn", True),
        ("Query: hotel.", True),
        ("Query: hotel.com", False),
        ("a hotel, an inn", False),
        ("Query: hotel with a pool", False),
        ("Query: grand hotel", False),
        ("Query: hotels", False),
        ("the hotel is closed", False),
    ],
)
def test_a_short_text_has_to_stand_alone(prompt: str, expected: bool) -> None:
    assert found({"query": ("hotel",)}, prompt) == ({"query"} if expected else set())


def test_a_long_text_counts_wherever_it_is_and_however_it_is_broken() -> None:
    assert found({"evidence": (LONG,)}, f"Read: «{LONG.replace(' ', chr(10))}», then answer") == {"evidence"}
    assert found({"evidence": (LONG,)}, LONG[:-1]) == set()
    assert found({"evidence": (LONG, "inn")}, f"x{LONG}x") == {"evidence"}


def test_chinese_that_a_prompt_has_as_escaped_json() -> None:
    evidence = "示例塔于1889年为世界博览会建成😀，是当地最著名的建筑之一。"
    assert found({"evidence": (normal(evidence),)}, f"Judge: {json.dumps({'evidence': evidence})}") == {"evidence"}
    assert found({"evidence": (normal(evidence),)}, json.dumps(evidence[1:])) == set()
    assert found({"query": ("hotel",)}, "hotel\n\\ud83d") == {"query"}


def test_a_text_that_all_have_is_not_enough() -> None:
    owners = [{"situation": (LONG, f"user number {n}")} for n in range(50)]
    assert {n for n, _ in ContainedTexts(owners).found(Lines.of([LONG, "user number 7", "user number 9x"]))} == {7, 9}
    assert not list(ContainedTexts(owners).found(Lines.of([LONG])))
