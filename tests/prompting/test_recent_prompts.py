"""What prompts have in common with those before them."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from recrm_tasks.prompting.recent_prompts import RecentPrompts

PROMPTS = st.lists(st.lists(st.sampled_from([0, 1, 255, 256, 70_000]), max_size=6), max_size=12)


def common(one: list[int], other: list[int]) -> int:
    """By the definition, a token at a time."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def test_by_hand() -> None:
    prompts = [[1, 2, 3], [1, 2, 4], [1, 2, 3, 5], [9], [], [1, 2, 3]]
    for size, expected in ((1, [0, 2, 2, 0, 0, 0]), (2, [0, 2, 3, 0, 0, 0]), (4, [0, 2, 3, 0, 0, 3])):
        cache = RecentPrompts(size)
        assert [cache.shared(prompt) for prompt in prompts] == expected


@given(prompts=PROMPTS, size=st.integers(1, 5))
def test_the_longest_common_beginning_with_the_last_prompts(prompts: list[list[int]], size: int) -> None:
    cache = RecentPrompts(size)
    for place, prompt in enumerate(prompts):
        before = prompts[max(0, place - size) : place]
        assert cache.shared(prompt) == max((common(prompt, other) for other in before), default=0)


@given(prompts=PROMPTS)
def test_a_larger_cache_never_spares_less(prompts: list[list[int]]) -> None:
    found = []
    for size in (1, 2, 3, 100):
        cache = RecentPrompts(size)
        found.append([cache.shared(prompt) for prompt in prompts])
    for smaller, larger in itertools.pairwise(found):
        assert all(a <= b for a, b in zip(smaller, larger, strict=True))
