"""What records have in common: ids by their source, and the texts that each record type names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.training.group_keys import GroupKey, group_keys, shared_groups
from recrm_tasks.training.normal_text import normal

COMMON = {"lang": "en", "source": "s"}


def record(key: str, **fields: Any) -> Any:
    """A record; what is not given is empty."""
    kind = dimension(key).record_type
    empty: dict[str, Any] = {"id": "r", "dimension": key, **COMMON, **kind.shown}
    return kind.model_validate(empty | {"label": 0 if key == "behavior" else "x"} | fields)


def kinds(*keys: GroupKey) -> set[str]:
    return {key.kind for key in keys}


LONG = "The museum is open from nine to five, and the last visitors are let in at half past four."
ZH = "博物馆每天九点开门，五点关门，最后一批参观者四点半入场。"


@pytest.mark.parametrize(
    ("key", "fields", "others", "expected"),
    [
        ("factual", {"evidence": ["Open  9-17"]}, {"evidence": ["ｏｐｅｎ 9-17"]}, {"evidence"}),
        ("factual", {"evidence": ["a", "b"]}, {"evidence": ["a"]}, set()),
        ("factual", {"evidence": ["a", "b"]}, {"evidence": ["a b"]}, set()),
        ("factual", {"evidence": ["a", "b"]}, {"evidence": ["b", "a"]}, {"evidence"}),
        ("factual", {"evidence": [LONG]}, {"evidence": [LONG.replace(",", " ,").rstrip(".")]}, {"evidence"}),
        ("factual", {"evidence": [LONG + " 1.5"]}, {"evidence": [LONG + " 15"]}, set()),
        ("factual", {"evidence": [ZH]}, {"evidence": [ZH.replace("，", " ").replace("。", ".")]}, {"evidence"}),
        ("factual", {"evidence": ["C++, C"]}, {"evidence": ["C, C"]}, set()),
        ("factual", {"evidence": ["!" * 50]}, {"evidence": ["?" * 50]}, set()),
        ("factual", {"evidence": [{"open": 9.0}]}, {"evidence": ["Open: 9"]}, {"evidence"}),
        ("factual", {"response": LONG}, {"response": LONG.upper()}, {"response"}),
        ("factual", {"response": "Yes, it is."}, {"response": "Yes, it is."}, set()),
        ("factual", {"query": LONG}, {"query": LONG}, set()),
        ("instruction", {"instruction": "Be brief", "query": "a"}, {"instruction": "Be brief", "query": "b"}, set()),
        ("instruction", {"instruction": "Be brief"}, {"instruction": "Be brief"}, set()),
        ("instruction", {"instruction": "Brief", "query": "a"}, {"instruction": "brief", "query": "A"}, {"request"}),
        ("relevance", {"query": "ramen", "item": "x"}, {"query": "Ramen ", "item": "y"}, {"query"}),
        ("relevance", {"item": "x"}, {"item": "x"}, set()),
        ("behavior", {"profile": "30", "context": "c"}, {"profile": "30", "context": "c", "item": "x"}, {"situation"}),
        ("behavior", {"context": "noon"}, {"context": "noon"}, set()),
        ("behavior", {"profile": "a", "context": "c"}, {"history": ["a"], "context": "c"}, set()),
    ],
)  # fmt: skip
def test_texts_that_records_share(key: str, fields: Any, others: Any, expected: set[str]) -> None:
    one, other = record(key, **fields), record(key, **others)
    assert kinds(*group_keys(one) & group_keys(other)) == expected
    assert kinds(*shared_groups([one], [other])) == expected


def test_a_list_and_the_questions_about_its_items_share_the_situation_and_the_user() -> None:
    about = {"profile": "30, vegetarian", "history": ["Green Bowl"], "context": "noon", "group": "u1"}
    candidates = [{"id": "a", "text": "x"}, {"id": "b", "text": "y"}]
    as_list = dimension("ranking").record_type.model_validate(
        {"id": "l", "dimension": "ranking", **COMMON, **about, "candidates": candidates, "labels": [1, 0]}
    )
    assert kinds(*shared_groups([record("behavior", item="x", **about)], [as_list])) == {"situation", "user"}


def test_ids_are_of_their_source_and_of_what_they_name() -> None:
    mine, other = record("behavior", group="7"), record("behavior", group="7").model_copy(update={"source": "t"})
    assert shared_groups([mine], [mine])
    assert not shared_groups([other], [mine])
    assert not shared_groups([record("relevance", group="7", query="q")], [mine])
    assert not shared_groups([record("factual", group="7")], [record("instruction", group="7")])
    assert group_keys(mine, source_known=False) == group_keys(other, source_known=False) != group_keys(mine)


@given(st.text(max_size=40))
def test_a_normal_text_stays_as_it_is(text: str) -> None:
    once = normal(text)
    assert normal(once) == once
    assert normal(f"  {text}\n") == once
    assert "\n" not in once


def test_records_of_all_dimensions_have_something_to_be_found_by() -> None:
    for key in dimensions():
        for one in load(key, "sample").records():
            assert group_keys(one), one.id
