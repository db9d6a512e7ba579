"""The order of records: every prefix is a balanced sample, whatever the order in the file."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.data import load
from recrm_tasks.data.store.sampling import LITE, digests, fraction, id_digests, stratified_order
from recrm_tasks.errors import RecrmError

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("instruction", "factual", "relevance", "behavior", "ranking")

ITEMS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 4)), unique_by=lambda x: x[0], min_size=1, max_size=80
)


def order(items, seed=0):
    """Items are (id, stratum)."""
    keys = sorted({stratum for _, stratum in items})
    codes = np.array([keys.index(stratum) for _, stratum in items], dtype=np.int64)
    names = id_digests((str(name) for name, _ in items), seed)
    return [items[i] for i in stratified_order(names, codes, [(str(key),) for key in keys], seed).tolist()]


def naive_order(items, seed=0):
    """The documented rule, an item at a time: shuffled within strata, item i of m at (i + u) / m of the way."""

    def digest(text):
        return hashlib.sha256(text.encode()).digest()

    placed = []
    for key in {stratum for _, stratum in items}:
        members = sorted((digest(f"{seed}\n{name}")[:16], name) for name, stratum in items if stratum == key)
        offset = int.from_bytes(digest(f"{seed}\nstratum\n{(str(key),)!r}")[:7], "big") / 2**56
        placed += [((i + offset) / len(members), found, (name, key)) for i, (found, name) in enumerate(members)]
    return [item for _, _, item in sorted(placed)]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(items=ITEMS, seed=st.integers(0, 5))
def test_the_order_is_the_documented_one(items, seed):
    assert order(items, seed) == naive_order(items, seed)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(texts=st.lists(st.binary(max_size=20), max_size=5))
def test_digests_are_the_first_sixteen_bytes(texts):
    found = digests(texts)
    assert found.shape == (len(texts), 2)
    assert found.astype(">u8").tobytes() == b"".join(hashlib.sha256(t).digest()[:16] for t in texts)
    assert all(0 <= fraction(t.hex()) < 1 for t in texts)


def test_items_with_one_id_keep_their_own_places():
    """Ids made of the content may be equal in the store: the order is one of places, and stays total."""
    names = id_digests(["same"] * 5 + ["other"], 0)
    found = stratified_order(names, np.array([0, 0, 1, 1, 1, 0]), [("a",), ("b",)], 0)
    assert sorted(found.tolist()) == list(range(6))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(items=ITEMS, seed=st.integers(0, 5), data=st.data())
def test_a_permutation_that_does_not_depend_on_the_input_order(items, seed, data):
    found = order(items, seed)
    assert sorted(found) == sorted(items)
    assert order(data.draw(st.permutations(items)), seed) == found


@settings(max_examples=100, deadline=None, derandomize=True)
@given(items=ITEMS, seed=st.integers(0, 5))
def test_every_prefix_is_balanced(items, seed):
    """Item i of m stands at (i + u) / m: at any point of the way a stratum is less than one item off its share."""
    found = order(items, seed)
    sizes = Counter(stratum for _, stratum in items)
    for length in range(1, len(found) + 1):
        have = Counter(stratum for _, stratum in found[:length])
        # One point t of the way, common to all strata, must explain all counts: |have - t * size| <= 1.
        low = max((have[s] - 1) / size for s, size in sizes.items())
        high = min((have[s] + 1) / size for s, size in sizes.items())
        assert low <= high + 1e-9, length


@settings(max_examples=50, deadline=None, derandomize=True)
@given(size=st.integers(1, 12), strata=st.integers(1, 6), seed=st.integers(0, 5))
def test_equal_strata_take_turns(size, strata, seed):
    found = order([(i, i % strata) for i in range(size * strata)], seed)
    for start in range(0, len(found), strata):
        assert len({stratum for _, stratum in found[start : start + strata]}) == strata


def test_seeds_give_different_orders_and_different_samples():
    items = [(i, i % 3) for i in range(60)]
    orders = [order(items, seed) for seed in range(10)]
    assert len({tuple(o) for o in orders}) == 10
    assert len({frozenset(o[:10]) for o in orders}) == 10
    assert order(items, 3) == orders[3]


def test_every_item_is_sampled_equally_often():
    """600 seeds, the first 6 of 30: each of 30 items is expected 120 times (standard deviation about 10)."""
    items = [(i, i % 2) for i in range(30)]
    taken = Counter(item for seed in range(600) for item in order(items, seed)[:6])
    assert len(taken) == 30
    assert min(taken.values()) > 70
    assert max(taken.values()) < 170


@pytest.mark.parametrize("key", KEYS)
def test_limit_takes_a_prefix(key):
    whole = load(key, "sample")
    for limit in (1, 7, 36, 72, 1000):
        part = load(key, "sample", limit=limit)
        assert list(part.records()) == list(whole.records())[:limit]
        assert part.provenance["rows"] == min(limit, 72)
        assert part.provenance["rows_available"] == 72
    assert load(key, "sample", limit=7).provenance["sha256"] != whole.provenance["sha256"]
    assert load(key, "sample", limit=72).provenance["sha256"] == whole.provenance["sha256"]
    assert list(load(key, "sample", seed=1).records()) != list(whole.records())


@pytest.mark.parametrize("key", ["instruction", "factual", "behavior"])
@pytest.mark.parametrize("seed", range(3))
def test_prefixes_of_the_sample_are_balanced_by_language_and_label(key, seed):
    records = list(load(key, "sample", seed=seed).records())
    for length in range(4, 73, 4):
        counts = Counter((r.lang, r.label) for r in records[:length])
        assert set(counts.values()) == {length // 4}


def test_relevance_takes_every_grade_of_every_service_before_any_again():
    records = list(load("relevance", "sample").records())
    assert len({(r.lang, r.label, r.category) for r in records[:36]}) == 36


@pytest.mark.slow
def test_order_does_not_depend_on_the_hash_seed():
    script = "from recrm_tasks.data import load\nprint([r.id for r in list(load('relevance', 'sample').records())])"
    seen = set()
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        seen.add(done.stdout)
    assert len(seen) == 1


def many(tmp_path, count):
    """A file with that many behavior records: four in five English, one in four positive."""
    rows = [
        {"id": f"b{i}", "dimension": "behavior", "lang": "zh" if i % 5 == 0 else "en", "source": "s", "profile": "p"}
        | {"history": [], "context": "c", "item": f"i{i}", "label": int(i % 4 == 0)}
        for i in range(count)
    ]
    file = tmp_path / "behavior.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(file)


def test_the_order_of_records_is_the_documented_one_of_language_and_label(tmp_path):
    """Also where codes of languages and labels begin in another order, with a split chosen, and with any seed."""
    file = many(tmp_path, 230)
    for seed in (0, 7):
        records = list(load("behavior", file, seed=seed).records())
        placed = []
        for key in {(r.lang, str(r.label)) for r in records}:
            members = [r.id for r in records if (r.lang, str(r.label)) == key]
            members.sort(key=lambda name: hashlib.sha256(f"{seed}\n{name}".encode()).digest())
            offset = fraction(f"{seed}\nstratum\n{key!r}")
            placed += [((i + offset) / len(members), name) for i, name in enumerate(members)]
        assert [r.id for r in records] == [name for _, name in sorted(placed)]


def test_ranking_is_balanced_by_the_length_of_lists():
    records = list(load("ranking", "sample").records())
    sizes = Counter((r.lang, len(r.candidates)) for r in records)
    assert len({length for _, length in sizes}) > 1
    for length in (24, 36, 48):
        have = Counter((r.lang, len(r.candidates)) for r in records[:length])
        assert all(abs(have[key] - size * length / 72) <= 1 for key, size in sizes.items())


def test_lite_is_the_first_thousand_of_seed_0(tmp_path):
    file = many(tmp_path, 1_230)
    lite, whole = load("behavior", file, limit="lite"), load("behavior", file)
    assert len(lite) == LITE == 1_000
    assert [r.id for r in lite.records()] == [r.id for r in whole.records()][:1_000]
    assert (lite.provenance["limit"], lite.provenance["rows_available"]) == ("lite", 1_230)
    assert lite.provenance["sha256"] == load("behavior", file, limit=1_000).provenance["sha256"]
    counts = Counter((r.lang, r.label) for r in lite.records())
    assert all(abs(n - size / 1.23) <= 1 for n, size in zip(
        (counts["zh", 1], counts["zh", 0], counts["en", 1], counts["en", 0]), (62, 184, 246, 738), strict=True
    ))  # fmt: skip
    assert len(load("behavior", many(tmp_path, 30), limit="lite")) == 30


@pytest.mark.parametrize("limit", ["light", "0", "-1", "1.5", "", 0, -3, True, "lite "])
def test_impossible_limits(limit):
    with pytest.raises(RecrmError, match=r"limit must be 'lite' or a whole number of at least 1, not "):
        load("factual", "sample", limit=limit)


def test_lite_has_no_seed():
    with pytest.raises(RecrmError, match="of seed 0"):
        load("factual", "sample", limit="lite", seed=1)


def test_a_limit_may_be_text():
    """lm-eval and Inspect hand over what stands on the command line."""
    assert len(load("factual", "sample", limit="7")) == 7
