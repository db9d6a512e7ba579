"""The order of records: every prefix is a balanced sample, whatever the order in the file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.data import load
from recrm_tasks.data.sampling import stratified_order

ROOT = Path(__file__).resolve().parents[2]
KEYS = ("instruction", "factual", "relevance", "behavior", "ranking")

ITEMS = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 4)), unique_by=lambda x: x[0], min_size=1, max_size=80
)


def order(items, seed=0):
    """Items are (id, stratum)."""
    return stratified_order(items, lambda x: str(x[0]), lambda x: x[1], seed)


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
        assert part.records == whole.records[:limit]
        assert part.provenance["rows"] == min(limit, 72)
        assert part.provenance["rows_available"] == 72
    assert load(key, "sample", limit=7).provenance["sha256"] != whole.provenance["sha256"]
    assert load(key, "sample", limit=72).provenance["sha256"] == whole.provenance["sha256"]
    assert load(key, "sample", seed=1).records != whole.records


@pytest.mark.parametrize("key", ["instruction", "factual", "behavior"])
@pytest.mark.parametrize("seed", range(3))
def test_prefixes_of_the_sample_are_balanced_by_language_and_label(key, seed):
    records = load(key, "sample", seed=seed).records
    for length in range(4, 73, 4):
        counts = Counter((r.lang, r.label) for r in records[:length])
        assert set(counts.values()) == {length // 4}


def test_relevance_takes_every_grade_of_every_service_before_any_again():
    records = load("relevance", "sample").records
    assert len({(r.lang, r.label, r.category) for r in records[:36]}) == 36


def test_order_does_not_depend_on_the_hash_seed():
    script = "from recrm_tasks.data import load\nprint([r.id for r in load('relevance', 'sample').records])"
    seen = set()
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        seen.add(done.stdout)
    assert len(seen) == 1
