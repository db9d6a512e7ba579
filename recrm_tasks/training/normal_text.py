"""Texts in the form in which they are compared: compatible characters, case and spaces make no difference."""

from __future__ import annotations

import hashlib
import re
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


LONG = 48
"""Bytes from which on a text is hardly ever the same as another, or a part of it, by chance."""
_BETWEEN_WORDS = re.compile(r"(?<!\d)\W+|\W+(?!\d)")
"""All but letters and digits; a sign between two digits is a part of their number."""


def wording(text: str) -> str:
    """A normal text without spaces and punctuation, if it is a long one: spellings of one text differ in these."""
    said = _BETWEEN_WORDS.sub("", text) if size(text) >= LONG else ""
    return said or text


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
        lines = [line for text in texts for raw in _unescaped(text).splitlines() if (line := normal(raw))]
        starts, ends, place = [], [], 0
        for line in lines:
            starts.append(place)
            place += len(line)
            ends.append(place)
            place += 1
        return cls(" ".join(lines), frozenset(starts), frozenset(ends))


_ESCAPED = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")


def _unescaped(text: str) -> str:
    """The text without the escapes that `json.dumps` writes for Chinese, where a prompt has a part in JSON."""
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("\\u", "")).decode("utf-16-be", "replace"), text)


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
