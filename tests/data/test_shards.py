"""The division of records into shards: every record in one, groups whole, equal sizes as far as groups allow."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.data import load
from recrm_tasks.data.store.shards import Shard, divide
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError

GROUPS = st.lists(st.integers(1, 9), min_size=1, max_size=40)
"""The sizes of groups."""


def coded(sizes: list[int], seed: int) -> tuple[np.ndarray, list[str]]:
    """The records of these groups, shuffled."""
    codes = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(seed).permutation(codes), [f"user {i}" for i in range(len(sizes))]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(sizes=GROUPS, count=st.integers(1, 12), seed=st.integers(0, 3))
def test_every_record_is_in_one_shard_and_groups_are_whole(sizes: list[int], count: int, seed: int) -> None:
    codes, names = coded(sizes, seed)
    found = divide(codes, names, count, seed)
    assert len(found) == len(codes)
    assert set(found.tolist()) <= set(range(1, count + 1))
    shards = defaultdict(set)
    for code, shard in zip(codes.tolist(), found.tolist(), strict=True):
        shards[code].add(shard)
    assert all(len(one) == 1 for one in shards.values())
    loads = [Counter(found.tolist())[number] for number in range(1, count + 1)]
    assert max(loads) - min(loads) <= max(sizes)
    if count <= len(sizes):
        assert min(loads) > 0


@settings(max_examples=50, deadline=None, derandomize=True)
@given(sizes=GROUPS, count=st.integers(1, 5))
def test_the_order_of_records_and_groups_does_not_matter(sizes: list[int], count: int) -> None:
    codes, names = coded(sizes, 0)
    one = dict(zip((names[code] for code in codes), divide(codes, names, count, 7).tolist(), strict=True))
    back = len(names) - 1 - codes
    other = dict(zip((names[code] for code in codes), divide(back, names[::-1], count, 7).tolist(), strict=True))
    assert one == other


def test_another_seed_divides_otherwise() -> None:
    codes, names = coded([1] * 100, 0)
    assert divide(codes, names, 2, 0).tolist() != divide(codes, names, 2, 1).tolist()


def test_one_large_group_is_balanced_by_the_small_ones() -> None:
    codes, names = coded([50] + [1] * 50, 0)
    assert Counter(divide(codes, names, 2, 0).tolist()) == {1: 50, 2: 50}


@pytest.mark.parametrize("key", dimensions())
@pytest.mark.parametrize("count", [1, 4])
def test_shards_of_the_sample(key: str, count: int) -> None:
    whole = load(key, "sample", limit=50, seed=3)
    parts = [whole.shard(Shard(number, count)) for number in range(1, count + 1)]
    groups = [{record.group or record.id for record in part.records()} for part in parts]
    order = whole.ids()
    for part in parts:
        assert part.ids() == [name for name in order if name in set(part.ids())]
        assert {name: value for name, value in part.provenance.items() if name != "shard"} == whole.provenance
    assert sorted(name for part in parts for name in part.ids()) == sorted(order)
    assert not any(one & other for i, one in enumerate(groups) for other in groups[:i])
    entries = [part.provenance["shard"] for part in parts]
    assert [(entry["number"], entry["of"], entry["rows"]) for entry in entries] == [
        (number, count, len(part)) for number, part in enumerate(parts, 1)
    ]
    assert len({entry["sha256"] for entry in entries}) == count
    assert len({entry["division"] for entry in entries}) == 1
    assert (entries[0]["sha256"] == whole.provenance["sha256"]) == (count == 1)


def test_only_some_records_of_a_shard() -> None:
    part = load("factual", "sample").shard(Shard(2, 3))
    name = part.ids()[4]
    assert part.only([name]).ids() == [name]
    other = next(name for name in load("factual", "sample").ids() if name not in part.ids())
    with pytest.raises(DataError, match=f"no record of factual has the id '{other}'"):
        part.only([other])


def test_the_users_of_behavior_stay_together(tmp_path: Path) -> None:
    """Two users have most of the records; some records have no user, and are divided one by one."""
    file = tmp_path / "behavior.jsonl"
    users = ["a"] * 40 + ["b"] * 30 + [None] * 20
    with file.open("w", encoding="utf-8") as out:
        for i, user in enumerate(users):
            group = {} if user is None else {"group": user}
            row = {"id": f"r{i}", "lang": "en", "source": "s", "profile": f"p{user}", "history": ["x"], "context": "c"}
            out.write(json.dumps({**row, "item": f"item {i}", "label": i % 2, "dimension": "behavior", **group}) + "\n")
    whole = load("behavior", str(file))
    sizes = []
    for number in (1, 2):
        records = list(whole.shard(Shard(number, 2)).records())
        sizes.append(len(records))
        assert len({record.group for record in records} - {None}) == 1
    assert sizes == [45, 45]
    with pytest.raises(DataError, match=r"shard=1/30 cannot be made: the 90 records of behavior have only 22 users or"):
        whole.shard(Shard(1, 30))


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "1/0", "-1/3", "1/3/5", "1.0/3", " 1/3", "1/３", 1, True, None])
def test_a_shard_out_of_range(text: object) -> None:
    with pytest.raises(ValueError, match=r"shard must be i/n, the i-th of n parts from 1/n to n/n"):
        Shard.parse(text)


def test_a_shard_as_text() -> None:
    assert str(Shard.parse("3/10")) == "3/10"
    assert Shard.parse("3/10") == (3, 10)
