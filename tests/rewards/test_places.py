"""Verdicts about several items -> one number."""

from __future__ import annotations

import math
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.rewards.places import discounted, ordered


def test_items_count_by_place() -> None:
    assert discounted([1.0, 0.0]) == 1 / (1 + 1 / math.log2(3))
    assert discounted([0.5]) == 0.5
    assert discounted([math.nan, 0.25]) == 0.25
    assert discounted([math.nan]) is None
    assert discounted([]) is None


@settings(deadline=None, derandomize=True)
@given(st.integers(1, 200))
def test_only_good_items_are_worth_1_and_only_bad_ones_0(count: int) -> None:
    assert discounted([1.0] * count) == 1.0
    assert discounted([0.0] * count) == 0.0


@pytest.mark.parametrize("chosen", [1, 2, 3, 4, 5])
def test_an_order_of_five_reaches_0_and_1(chosen: int) -> None:
    """Whatever the judge's order is, and only where it begins or ends with the chosen ones."""
    ranks = [1.0, 0.75, 0.5, 0.25, 0.0]
    found = {order: ordered(order, chosen) for order in permutations(ranks)}
    assert all(value is not None and 0 <= value <= 1 for value in found.values())
    assert {order[:chosen] for order, value in found.items() if value == 1} == {tuple(ranks[:chosen])}
    assert {order[:chosen] for order, value in found.items() if value == 0} == {tuple(ranks[::-1][:chosen])}


def test_orders_with_ties_and_without_ranks() -> None:
    assert ordered([1.0, 0.0], 1) == 1.0
    assert ordered([0.5, 0.5], 2) == pytest.approx(0.5)
    assert ordered([0.5, 0.5, 0.5], 3) == pytest.approx(0.5)
    assert ordered([math.nan, math.nan], 1) is None
