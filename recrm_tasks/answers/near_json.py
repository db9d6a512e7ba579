"""Finds the JSON objects in a text, also those that are nearly JSON: single or typographic quotes, bare keys and words,
trailing commas, comments.

The text is never repaired by guessing. Where two readings are possible, the object is broken and counts as prose.
"""

from __future__ import annotations

import json
import math
import re
from itertools import islice
from typing import Any, NamedTuple

from recrm_tasks.scoring.outcomes import Reason

_START = re.compile(
    r"""\{ \s* (?: ["'“”„‘’}] | [^\W\d][\w -]{0,40} [:=] ) | \[ \s* \{""",
    re.VERBOSE,
)
_SKIPPED = re.compile(r"(?:\s+|//[^\n]*|/\*[^*]*\*/)*")
_BARE_KEY = re.compile(r"[^\W\d][\w -]{0,40}?(?=\s*[:=])")
_BARE_VALUE = re.compile(r"[^\"'“”„‘’{}\[\],;\n]+")
_QUOTES = {'"': '"', "'": "'", "“": "“”„", "”": "“”", "„": "“”", "‘": "‘’", "’": "‘’"}
_CLOSING = {opening: re.compile(rf"\\.|[{closing}]", re.DOTALL) for opening, closing in _QUOTES.items()}
_AFTER = {True: re.compile(r"\s*(?:[:=]|$)"), False: re.compile(r"\s*(?:[,;}\]]|//|/\*|$)|\s+\"[^\"\n]{1,40}\"\s*:")}
"""What may follow the closing quote of a key, and of a value."""
_ESCAPE = re.compile(r"\\([\"'\\/nt])")
_ESCAPED = {"n": "\n", "t": "\t"}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "none": None}
_MAX_DEPTH = 32
_MAX_BROKEN = 16
_MAX_NEAR = 1000
_MAX_QUOTES = 500
_MAX_DIGITS = 20


class Found(NamedTuple):
    """One object in a text, or a list of objects."""

    start: int
    end: int
    value: Any


class _Repeated(Exception):
    """An object has a duplicate key, and so two answers."""


class _Broken(Exception):
    """Not an object: either the text ends within it, or something else follows at `position`."""

    def __init__(self, position: int, cut: bool) -> None:
        super().__init__(position)
        self.position = position
        self.cut = cut


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise _Repeated
    return dict(pairs)


def _integer(digits: str) -> int | float:
    """Python refuses to convert integers of thousands of digits; no answer has that many."""
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_integer, strict=False)


def objects(text: str) -> tuple[list[Found], str] | Reason:
    """The objects of a text and the text around them, or the reason why there is no answer in them.

    The numbers of broken objects and of those that are nearly JSON are limited, since each may cost a scan of the
    whole text: time must stay linear.
    """
    found: list[Found] = []
    around: list[str] = []
    position = broken = near = 0
    cut = False
    while match := _START.search(text, position):
        start = match.start()
        around.append(text[position:start])
        try:
            try:
                value, position = _DECODER.raw_decode(text, start)
            except json.JSONDecodeError:
                near += 1
                if near > _MAX_NEAR:
                    return Reason.NO_ANSWER
                value, position = _value(text, start, 0)
            found.append(Found(start, position, value))
            cut = False
        except _Repeated:
            return Reason.AMBIGUOUS
        except RecursionError:
            return Reason.NO_ANSWER
        except _Broken as error:
            broken += 1
            if broken > _MAX_BROKEN:
                return Reason.NO_ANSWER
            if text[start] == "[":
                position = start + 1
            else:
                cut = error.cut
                position = max(start + 1, error.position)
            around.append(text[start:position])
    if cut:
        return Reason.TRUNCATED
    around.append(text[position:])
    return found, "".join(around).strip()


def _skip(text: str, position: int) -> int:
    """The position of the next token."""
    match = _SKIPPED.match(text, position)
    assert match is not None
    position = match.end()
    if position >= len(text):
        raise _Broken(position, cut=True)
    return position


def _value(text: str, position: int, depth: int) -> tuple[Any, int]:
    """The value at a position, and the position behind it."""
    if depth > _MAX_DEPTH:
        raise _Broken(position, cut=False)
    position = _skip(text, position)
    mark = text[position]
    if mark == "{":
        return _object(text, position + 1, depth)
    if mark == "[":
        return _list(text, position + 1, depth)
    if mark in _QUOTES:
        return _string(text, position, is_key=False)
    match = _BARE_VALUE.match(text, position)
    if match is None:
        raise _Broken(position, cut=False)
    if match.end() == len(text):
        raise _Broken(match.end(), cut=True)
    word = match.group().partition("//")[0].partition("/*")[0].strip()
    if not word:
        raise _Broken(position, cut=False)
    if word.casefold() in _WORDS:
        return _WORDS[word.casefold()], match.start() + len(match.group().partition("/")[0])
    return word, match.start() + len(word)


def _object(text: str, position: int, depth: int) -> tuple[dict[str, Any], int]:
    pairs: list[tuple[str, Any]] = []
    while True:
        position = _skip(text, position)
        if text[position] == "}":
            return _unique(pairs), position + 1
        if text[position] in _QUOTES:
            key, position = _string(text, position, is_key=True)
        elif match := _BARE_KEY.match(text, position):
            key, position = match.group(), match.end()
        else:
            raise _Broken(position, cut=False)
        position = _skip(text, position)
        if text[position] not in ":=":
            raise _Broken(position, cut=False)
        value, position = _value(text, position + 1, depth + 1)
        pairs.append((key, value))
        position = _next(text, position, "}")


def _list(text: str, position: int, depth: int) -> tuple[list[Any], int]:
    values: list[Any] = []
    while True:
        position = _skip(text, position)
        if text[position] == "]":
            return values, position + 1
        value, position = _value(text, position, depth + 1)
        values.append(value)
        position = _next(text, position, "]")


def _next(text: str, position: int, end: str) -> int:
    """Behind a comma, or at the end of the object or list."""
    position = _skip(text, position)
    if text[position] in ",;":
        return position + 1
    if text[position] == end or (end == "}" and text[position] == '"'):  # or at the next key, if the comma is missing
        return position
    raise _Broken(position, cut=False)


def _string(text: str, position: int, is_key: bool) -> tuple[str, int]:
    """A quoted string. A quote ends it only if what follows fits; other quotes belong to the text."""
    first = None
    for match in islice(_CLOSING[text[position]].finditer(text, position + 1), _MAX_QUOTES):
        if len(match.group()) == 2:  # an escaped character
            continue
        if _AFTER[is_key].match(text, match.end()):
            inner = text[position + 1 : match.start()]
            return _ESCAPE.sub(lambda m: _ESCAPED.get(m.group(1), m.group(1)), inner), match.end()
        first = first or match
    raise _Broken(len(text) if first is None else first.end(), cut=first is None)
