"""The words in a label column: its values, or the answers that its texts state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

import pyarrow as pa

from recrm_tasks.data.formats import texts
from recrm_tasks.data.formats.stated import stated_words
from recrm_tasks.data.formats.turns import answers_in
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.look import Look, distinct
from recrm_tasks.dimensions.record_fields import is_list

MANY = 30
"""A column with more different values than this has texts, not labels."""
_LONGEST = 60
_KEY = re.compile(r'"([^"\\]{1,40})"\s*:')
_KEYS_AT_MOST = 12
_READABLE = 0.9
"""The share of texts that must state an answer: the others are refused one by one."""


class Words(NamedTuple):
    """The words of a column."""

    rows: pa.StringArray
    seen: list[str]
    """The different ones."""
    read: Literal["value", "answer", "filled"] = "value"
    key: str | None = None


def words_of(look: Look, path: str, key: str | None = None, many: int | None = MANY) -> Words | None:
    """The words of a column, if it has labels or texts that state them; None for other texts and empty columns.

    Args:
        look: the rows.
        path: the column.
        key: the key of the answers in its texts, where a person named it.
        many: different words that labels have at most. Names of candidates may be any number of words (None).
    """
    if key is None and not is_list(look.dimension.record_type) and is_listing(look, path):
        found = texts.has_entries(look.column(path))
        return Words(found, distinct(found), "filled")
    rows = _texts_of(look, path)
    seen = distinct(rows)
    if not seen:
        return None
    if key is None and _few(seen, many) and not any(map(_is_text, seen)):
        return Words(rows, seen)
    for name in _keys(look, seen) if key is None else (key,):
        stated = _stated(look, rows, name, many)
        if stated is not None:
            return stated
    return None


def is_listing(look: Look, path: str) -> bool:
    """Whether a column has lists, and an empty one among them: what it lists was not found in that row."""
    rows = texts.values_of(look.column(path))
    listing = any(row == [] for row in rows) and all(row is None or isinstance(row, list) for row in rows)
    return listing and not look.is_turns(path) and not look.is_dialogue(path)


def words_by_key(look: Look, path: str) -> list[Words]:
    """The words at each key of the JSON objects in a column's texts, where they are labels."""
    rows = _texts_of(look, path)
    keys = dict.fromkeys(k for v in distinct(rows)[:50] for k in _KEY.findall(v))
    found = (_stated(look, rows, key) for key in list(keys)[:_KEYS_AT_MOST])
    labels = [words for words in found if words is not None and are_labels(look, words)]
    return [words for words in labels if len(words.seen) > 1] or labels


def _texts_of(look: Look, path: str) -> pa.StringArray:
    return texts.plain(answers_in(look.column(path)))


def _few(seen: list[str], many: int | None) -> bool:
    return many is None or len(seen) <= many


def _stated(look: Look, rows: pa.StringArray, key: str | None, many: int | None = MANY) -> Words | None:
    """The answers that texts state at a key, if nearly all of them do."""
    found = stated_words(rows, key, known_words(look))
    words = distinct(found)
    present = len(rows) - rows.null_count
    if words and _few(words, many) and len(found) - found.null_count >= _READABLE * present:
        return Words(found, words, "answer", key)
    return None


def are_labels(look: Look, words: Words | None) -> bool:
    """Whether words are labels and not short texts: known words, numbers, letters, or a few that are repeated."""
    if words is None:
        return False
    known = {column_names.word(w) for w in known_words(look)}
    spoken = [column_names.word(w) for w in words.seen]
    if all(w in known or w.isdecimal() or (len(w) == 1 and w.isascii()) for w in spoken):
        return True
    present: int = len(words.rows) - words.rows.null_count
    return len(spoken) <= max(2, present // 3)


def known_words(look: Look) -> set[str]:
    """Every word that may mean a label."""
    known = {*column_names.YES, *column_names.NO, *(w for scale in column_names.SCALES for same in scale for w in same)}
    known |= {w for words in look.dimension.label_words.values() for w in words}
    return known | {w for label in (look.labels.labels if look.labels else ()) for w in label.spoken}


def is_named(names: tuple[str, ...], look: Look, path: str, key: str | None) -> bool:
    """Whether a column, or the key of the answers in its texts, has one of the names."""
    if key is not None:
        return column_names.same(key) in {column_names.same(n) for n in names}
    return path in look.named(names)


def _is_text(value: str) -> bool:
    return len(value) > _LONGEST or value.startswith(("{", "[")) or "</" in value or "boxed{" in value or "\n" in value


def _keys(look: Look, seen: list[str]) -> Iterator[str | None]:
    """The common keys, then those that say what is asked."""
    yield None
    text = "\n".join(seen[:50]).casefold()
    for name in (*look.dimension.telling, *look.dimension.contrary):
        if name.casefold() in text:
            yield name
