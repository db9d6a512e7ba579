"""Which texts share a pass."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recrm_tasks.models.batches import batches

LIMITS = st.none() | st.integers(1, 60)


@given(st.lists(st.integers(0, 50)), LIMITS, LIMITS)
def test_every_text_is_in_one_pass_that_keeps_the_limits(
    lengths: list[int], most: int | None, most_tokens: int | None
) -> None:
    passes = list(batches(lengths, most, most_tokens))
    assert sorted(place for part in passes for place in part) == list(range(len(lengths)))
    for part in passes:
        assert most is None or len(part) <= most
        longest = max(lengths[place] for place in part)
        assert most_tokens is None or len(part) == 1 or len(part) * longest <= most_tokens
    # Similar lengths together, the longest first: nobody in a later pass is longer than anybody in an earlier one.
    in_order = [lengths[place] for part in passes for place in part]
    assert in_order == sorted(lengths, reverse=True)


@given(st.lists(st.integers(1, 50), min_size=2), st.integers(1, 60))
def test_no_pass_has_room_for_the_next_text(lengths: list[int], most_tokens: int) -> None:
    passes = list(batches(lengths, None, most_tokens))
    for part in passes[:-1]:
        assert (len(part) + 1) * lengths[part[0]] > most_tokens


def test_by_number_alone() -> None:
    assert list(batches([3, 9, 4, 2], most=2, most_tokens=None)) == [[1, 2], [0, 3]]
    assert list(batches([3, 9, 4, 2], most=1, most_tokens=None)) == [[1], [2], [0], [3]]
    assert list(batches([5, 5, 5], most=None, most_tokens=None)) == [[0, 1, 2]]


def test_a_text_that_is_longer_than_a_pass_has_one_of_its_own() -> None:
    assert list(batches([100, 4, 4], most=None, most_tokens=8)) == [[0], [1, 2]]
    assert list(batches([0, 0], most=None, most_tokens=1)) == [[0], [1]]
    assert not list(batches([], most=1, most_tokens=1))
