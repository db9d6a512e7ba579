"""Texts that are nearly the same, compared with the exact index of their shingles."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("datasketch")

from recrm_tasks.training.near_equal import CommonShingles, NearEqual, shingles

WORDS = [f"{a}{b}{c}" for a in "bdgklmnprst" for b in "aeiou" for c in ("n", "ro", "lik", "st", "m")]
HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 400)]


def text_of(seed: int, words: int = 60, chinese: bool = False) -> list[str]:
    return random.Random(seed).choices(HAN if chinese else WORDS, k=words)


def said(words: list[str]) -> str:
    return ("" if words[0] in HAN else " ").join(words)


def jaccard(one: str, other: str) -> float:
    """The index itself, of the shingles as texts."""
    a, b = ({text[i : i + 5] for i in range(len(text) - 4)} for text in (one, other))
    return len(a & b) / len(a | b)


@given(st.text(min_size=5, max_size=60))
def test_there_is_a_hash_for_each_place(text: str) -> None:
    pieces = [text[i : i + 5] for i in range(len(text) - 4)]
    hashes = shingles(text).tolist()
    assert len(hashes) == len(pieces)
    assert len(dict(zip(pieces, hashes, strict=True))) == len(set(pieces)) == len(set(hashes))


def test_short_texts_have_none() -> None:
    assert shingles("abcd").size == 0
    assert NearEqual(0.8, []).alike("abc") == []


@pytest.mark.parametrize("chinese", [False, True])
def test_changed_texts_are_found_and_others_are_not(chinese: bool) -> None:
    near = NearEqual(0.8, [])
    texts = [text_of(seed, 120, chinese) for seed in range(200)]
    for number, words in enumerate(texts):
        near.add(number, said(words))
    found = 0
    for number, words in enumerate(texts):
        changed = said([*words[:-3], *text_of(number + 1_000, 3, chinese)])
        assert jaccard(said(words), changed) > 0.88
        alike = near.alike(changed)
        assert set(alike) <= {number}
        found += bool(alike)
        assert near.alike(said(text_of(number + 5_000, 120, chinese))) == []
    assert found >= 195  # an estimate: the chance to miss one is below 1 %


# The same texts each time: it is an estimate, which may miss with a small chance.
@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), kept=st.floats(0.1, 0.85))
def test_the_estimate_is_near_the_index(seed: int, kept: float) -> None:
    words = text_of(seed, 200)
    changed = [*words[: int(200 * kept)], *text_of(seed + 1, 200 - int(200 * kept))]
    exact = jaccard(said(words), said(changed))
    for threshold, expected in ((exact + 0.2, False), (max(0.05, exact - 0.25), True)):
        near = NearEqual(threshold, [])
        near.add(0, said(words))
        assert bool(near.alike(said(changed))) is expected


def test_a_template_does_not_make_texts_alike() -> None:
    head = text_of(9_999, 120)
    texts = [said([*head, *text_of(seed, 20)]) for seed in range(100)]
    assert jaccard(texts[0], texts[1]) > 0.6
    plain, common = NearEqual(0.6, []), CommonShingles()
    for text in texts:
        common.add(text)
    without = NearEqual(0.6, [common])
    for near in (plain, without):
        near.add(0, texts[0])
    assert plain.alike(texts[1]) == [0]
    assert without.alike(texts[1]) == []
    assert without.alike(texts[0]) == [0]


def test_what_was_removed_is_not_found() -> None:
    near = NearEqual(0.8, [])
    text = said(text_of(1))
    near.add(3, text)
    assert near.alike(text) == [3]
    near.remove(3)
    near.remove(3)
    assert near.alike(text) == []
