"""Texts of records within the prompts of a training set that any tool may have made.

All texts are looked for at once (Aho-Corasick), so the time grows with the characters of both sets, not with their
product.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from typing import NamedTuple

from recrm_tasks.errors import RecrmError
from recrm_tasks.training.normal_text import LONG, Lines, size

_OPENS = frozenset(":=\"'`“‘「『[(<>.|*")
_CLOSES = frozenset("\"'`”’」』])<|*")
_TITLE, _STOPS = ":", frozenset(",;。.?!")
"""A text between them, such as `query: hotel, item: inn`, also stands alone."""


class Found(NamedTuple):
    """A group of texts that a prompt has."""

    owner: int
    """Whose texts they are."""
    kind: str


class ContainedTexts:
    """Texts of several owners, to be found in prompts."""

    def __init__(self, owners: Iterable[Mapping[str, tuple[str, ...]]]) -> None:
        """Takes the texts of each owner by kind; a kind is found in a prompt that has all its texts.

        Raises:
            RecrmError: the library that looks for them is not installed.
        """
        if find_spec("ahocorasick_rs") is None:
            raise RecrmError(
                "looking for the texts of records in prompts needs ahocorasick-rs: pip install 'recrm-tasks[leaks]'"
            )
        from ahocorasick_rs import AhoCorasick

        numbers: dict[str, int] = {}
        units: dict[tuple[str, frozenset[int]], list[int]] = {}
        for owner, texts in enumerate(owners):
            for kind, said in texts.items():
                needed = frozenset(numbers.setdefault(text, len(numbers)) for text in said)
                if needed:
                    units.setdefault((kind, needed), []).append(owner)
        texts_of = list(numbers)
        sizes = [size(text) for text in texts_of]
        # A group is looked at where its rarest text is found: a text that all have would bring up all of them.
        times = Counter(number for _, needed in units for number in needed)
        self._of: dict[int, list[_Unit]] = {}
        self._short: set[int] = set()
        for (kind, needed), named in units.items():
            rarest = min(needed, key=lambda number: (times[number], -sizes[number], number))
            short = sum(sizes[number] for number in needed) < LONG
            self._of.setdefault(rarest, []).append(_Unit(kind, needed, short, named))
            self._short |= needed if short else set()
        self._search = AhoCorasick(texts_of, store_patterns=False)

    def found(self, prompt: Lines) -> Iterator[Found]:
        """The groups of texts that a prompt has, each for all its owners."""
        here: set[int] = set()
        alone: set[int] = set()
        for number, start, end in self._search.find_matches_as_indexes(prompt.text, overlapping=True):
            here.add(number)
            if number in self._short and number not in alone and _stands_alone(prompt, start, end):
                alone.add(number)
        for number in here:
            for unit in self._of.get(number, ()):
                if unit.needed <= (alone if unit.short else here):
                    yield from (Found(owner, unit.kind) for owner in unit.owners)


class _Unit(NamedTuple):
    """Texts that count together."""

    kind: str
    needed: frozenset[int]
    short: bool
    """Whether each of them has to stand alone."""
    owners: list[int]


def _stands_alone(prompt: Lines, start: int, end: int) -> bool:
    before, after = prompt.text[max(0, start - 2) : start].rstrip()[-1:], prompt.text[end : end + 1]
    if before == _TITLE and after in _STOPS and (after != "." or end + 1 in prompt.ends):  # a point may be of a number
        return True
    return (start in prompt.starts or before in _OPENS) and (end in prompt.ends or after in _CLOSES)
