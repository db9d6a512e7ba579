"""Which offered items a text recommends."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.rewards import Case, named_items
from recrm_tasks.rewards.agent_turn import MOST_ITEMS, items_in, listed_in
from recrm_tasks.rewards.named_items import name_of, resolved
from recrm_tasks.rewards.rollout import Turn, entries_of, fields_of_turns

PARK = "Park Hotel: quiet, by the station | $90"
HILL = {"id": 7, "name": "Hill Inn", "price": "$40"}
COAST, GREEN = "Coast: tuna", "Green Coast: poke"
BOWL = "青野碗｜轻食｜30分钟送达"
OFFERED = [PARK, HILL, COAST, GREEN, BOWL]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("Hill Inn is cheap, but Park Hotel is quiet.", [HILL, PARK]),
        ("HILL INN, then park hotel.", [HILL, PARK]),
        ("Take Green Coast.", [GREEN]),  # not Coast as well
        ("The Parkside, coastal", []),  # parts of words
        ("推荐青野碗，30分钟送达。", [BOWL]),
        ("I know none of these.", []),
        ('["Hill Inn", "Park Hotel"]', [HILL, PARK]),
        ("Both are fine.\n```json\n[\"Park Hotel\"]\n```\nEnjoy!", [PARK]),
        ('Park Hotel is loud, so:\n["Hill Inn"]', [HILL]),  # the list counts, not what the text names
        ('{"recommended": [{"name": "Hill Inn", "why": "cheap"}]}', [HILL]),
        (json.dumps([PARK, 7]), [PARK, HILL]),  # whole texts and ids
        ('["Ghost Hotel", "Hill Inn"]', ["Ghost Hotel", HILL]),  # not offered: as it was written
        ("[]", []),
    ],
)  # fmt: skip
def test_items_of_texts(text: str, items: list[Any]) -> None:
    assert named_items(text, {"candidates": OFFERED}) == {"response": text, "items": tuple(items)}


def test_what_is_offered() -> None:
    """Candidates, and without them the evidence; nothing is not an error."""
    text = "Hill Inn or Park Hotel"
    assert named_items(text, {"evidence": OFFERED})["items"] == (HILL, PARK)
    assert named_items(text, {"evidence": OFFERED, "candidates": [PARK]})["items"] == (PARK,)
    assert named_items(text, {"evidence": OFFERED, "candidates": []})["items"] == ()
    assert named_items(text, {})["items"] == ()


def test_names_that_are_not_clear() -> None:
    rooms = ["Park Hotel: single room", "Park Hotel: double room"]
    assert named_items("Park Hotel!", {"evidence": rooms})["items"] == ()
    assert named_items('["Park Hotel"]', {"evidence": rooms})["items"] == ("Park Hotel",)
    assert named_items(json.dumps(rooms[1:]), {"evidence": rooms})["items"] == (rooms[1],)
    assert named_items("Park Hotel!", {"evidence": [PARK, PARK]})["items"] == (PARK,)
    assert named_items("X", {"evidence": ["X: one letter is no name"]})["items"] == ()


@pytest.mark.parametrize(
    ("item", "name"),
    [
        (PARK, "Park Hotel"),
        (HILL, "Hill Inn"),
        (BOWL, "青野碗"),
        ({"店名": "巷口面馆", "价格": "20元"}, "巷口面馆"),
        ({"rank": 1, "place": "Kai's"}, "Kai's"),
        ({"price": 4.0}, "price: 4"),
        ("Direct train 18:50-23:10 | bicycles", "Direct train 18:50-23:10"),
        ("'The Glass Aunt', play", "The Glass Aunt"),
        ("La Mer (fish)", "La Mer"),
        (": odd", ": odd"),
        ("", ""),
    ],
)
def test_names(item: Any, name: str) -> None:
    assert name_of(item) == name


TEXTS = st.text(max_size=30) | st.sampled_from(["Park Hotel", '["Hill Inn"]', "```\n[1]\n```", "Coast\n[]"])
ITEMS = TEXTS | st.dictionaries(TEXTS, TEXTS | st.integers() | st.none(), max_size=3)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.lists(ITEMS, max_size=5))
def test_any_text_and_any_items(text: str, offered: list[Any]) -> None:
    """It never raises, gives fields of a case, and takes an item for itself."""
    found = named_items(text, {"evidence": offered})
    case = Case(**found)
    assert len(case.items) <= MOST_ITEMS
    if listed_in(text) is None:
        assert all(item in offered for item in case.items)
    for item in offered:
        meant = resolved(item, offered)
        assert meant == item or str(name_of(meant)).casefold() == str(name_of(item)).casefold() or meant in offered


def test_a_list_in_the_last_line() -> None:
    assert listed_in('Here:\n["a", {"name": "b"}]\n') == ["a", {"name": "b"}]
    assert listed_in("See note\n[1]") is None
    assert listed_in("Here:\n[]") == []
    assert items_in('1. one\n2. two\n["three"]') == ("three",)


def test_turns() -> None:
    given = [Turn("system", "Name one."), Turn("user", "a hotel"), Turn("assistant", "?"), Turn("user", "cheap")]
    run = [
        Turn("tool", '{"found": ["a", "b"], "total": 2}'),
        Turn("tool", "No luck."),
        Turn("tool", " "),
        Turn("tool", "[]"),
    ]
    assert fields_of_turns(given, run) == {
        "instruction": "Name one.", "query": "cheap", "evidence": ("a", "b", "No luck."),
    }  # fmt: skip
    assert fields_of_turns([Turn("developer", "Be kind.")], []) == {"instruction": "Be kind."}
    assert entries_of('["a", "", null, 3]') == ["a", "3"]
