"""Texts that are nearly the same: by the share of their character 5-grams that both have (Jaccard index).

The index is estimated from 128 minimum hashes, and pairs are found by locality-sensitive hashing (datasketch), so the
time grows with the number of texts, not of pairs. Character 5-grams need no words and so work for Chinese too. Those of
more than a tenth of the texts of one set, such as a template's, do not count.

Source: Broder, On the resemblance and containment of documents, 1997; Leskovec, Rajaraman, Ullman, Mining of Massive
Datasets, chapter 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from recrm_tasks.errors import RecrmError

LENGTH = 5
"""Characters of a shingle."""
_HASHES = 128
_FEWEST = 20
"""Shingles from which on a text can be nearly the same as another."""
_SOME = 20
"""Texts of a set that may have a shingle in common, however few the set has."""
_SHARE = 0.1
_BUCKETS = 1 << 22
_EASIER = 0.1
"""The search finds a pair at its own threshold in half of all cases; so it looks for pairs that are less alike."""

Shingles = npt.NDArray[np.uint32]


def shingles(text: str) -> Shingles:
    """The shingles of a text from left to right, each as a hash of 32 bits."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    if len(codes) < LENGTH:
        return np.array([], dtype=np.uint32)
    mixed = np.zeros(len(codes) - LENGTH + 1, dtype=np.uint64)
    for place in range(LENGTH):  # a number of five digits to the base of an odd constant, modulo 2 to the power of 64
        mixed = mixed * _BASE + codes[place : place + len(mixed)]
    mixed ^= mixed >> _HALF
    mixed *= _MIX
    hashes: Shingles = (mixed >> _HALF).astype(np.uint32)
    return hashes


_BASE, _MIX, _HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93), np.uint64(32)


class CommonShingles:
    """In how many texts of a set each shingle is, about: two that fall into one bucket are counted together."""

    def __init__(self) -> None:
        self._counts = np.zeros(_BUCKETS, dtype=np.int32)
        self._texts = 0

    def add(self, text: str) -> None:
        """Counts the shingles of a text."""
        self._counts[np.unique(shingles(text) % _BUCKETS)] += 1
        self._texts += 1

    def rare(self, found: Shingles) -> Shingles:
        """Those that few texts of the set have."""
        most = max(_SOME, _SHARE * self._texts)
        return found[self._counts[found % _BUCKETS] <= most]


class NearEqual:
    """Some texts, and which of them another text is nearly the same as."""

    def __init__(self, threshold: float, common: Iterable[CommonShingles]) -> None:
        """Takes the lowest Jaccard index that counts, and which shingles do not count.

        Raises:
            RecrmError: the library is not installed.
        """
        need_datasketch()
        from datasketch import MinHash, MinHashLSH

        self._threshold, self._common = threshold, tuple(common)
        # The shingles are hashes already. The scheme of 32 bits is three times as fast as that of versions before 2.0.
        self._empty = MinHash(num_perm=_HASHES, hashfunc=int, scheme="affine32")
        self._index = MinHashLSH(threshold=max(0.05, threshold - _EASIER), num_perm=_HASHES)
        self._hashes: dict[int, npt.NDArray[np.uint32]] = {}

    def add(self, number: int, text: str) -> None:
        """Adds a text under a number."""
        hashed = self._hashed(text)
        if hashed is not None:
            self._index.insert(number, hashed)
            self._hashes[number] = hashed.hashvalues

    def remove(self, number: int) -> None:
        """Forgets a text."""
        if number in self._hashes:
            self._index.remove(number)
            del self._hashes[number]

    def alike(self, text: str) -> list[int]:
        """The numbers of the texts that this one is nearly the same as."""
        hashed = self._hashed(text) if self._hashes else None
        if hashed is None:
            return []
        candidates = self._index.query(hashed)
        return [n for n in candidates if np.mean(self._hashes[n] == hashed.hashvalues) >= self._threshold]

    def _hashed(self, text: str) -> Any:
        found = shingles(text)
        for common in self._common:
            found = common.rare(found)
        if len(found) < _FEWEST:
            return None
        hashed = self._empty.copy()
        hashed.update_batch(found.tolist())
        return hashed


def need_datasketch() -> None:
    """Checks that the library is there.

    Raises:
        RecrmError: it is not; says how to do without.
    """
    if find_spec("datasketch") is None:
        raise RecrmError(
            "counting near-equal texts needs datasketch: pip install 'recrm-tasks[leaks]', or leave it out: --near off"
        )
