"""Texts in the form in which they are compared: compatible characters, case and spaces make no difference."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from recrm_tasks.dimensions.record import Candidate
from recrm_tasks.dimensions.rendering import render

ENTRY = "\x1e"
"""Between the entries of one field; a normal text has no such character, which counts as a space."""


def normal(text: str) -> str:
    """The text in NFKC and folded case, with every run of whitespace as one space."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())


class Lines(NamedTuple):
    """A normal text that was made of lines, and where they are."""

    text: str
    starts: frozenset[int]
    """The places, in characters, at which a line begins."""
    ends: frozenset[int]
    """The places behind each line."""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Lines:
        """The lines of some texts, one after the other."""
        lines = [line for text in texts for raw in text.splitlines() if (line := normal(raw))]
        starts, ends, place = [], [], 0
        for line in lines:
            starts.append(place)
            place += len(line)
            ends.append(place)
            place += 1
        return cls(" ".join(lines), frozenset(starts), frozenset(ends))


def field_texts(value: object) -> list[str]:
    """The texts of a record's field as they are compared, each entry of a list by itself, without empty ones."""
    entries = value if isinstance(value, list | tuple) else [] if value is None else [value]
    texts = (normal(render(entry.text if isinstance(entry, Candidate) else entry)) for entry in entries)
    return [text for text in texts if text]


def size(text: str) -> int:
    """Bytes in UTF-8: how much a text says, in any script."""
    return len(text.encode("utf-8", "surrogatepass"))


def digest(texts: Iterable[str]) -> str:
    """A name for some texts: 24 hexadecimal digits, the same wherever they are compared."""
    return hashlib.sha256("\n".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
