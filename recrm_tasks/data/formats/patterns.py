r"""Regular expressions on whole columns of texts, in the syntax of RE2, which is part of Arrow.

RE2 because a pattern comes from a person, and a file may have a million prompts: Python's `re` takes exponential time
for patterns like `(a+)+$`. RE2 searches a text in linear time whatever the pattern is, and so it has neither lookaround
nor backreferences. Arrow's functions take whole columns and are there already, where `google-re2` would be one more
compiled dependency that is not built for every platform.

As in Python, `.` is any character but a line break, and `^` and `$` are the ends of the text: `(?s)`, `(?m)` and `(?i)`
at the beginning change that.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

LONGEST = 100_000
"""Characters of a text in which all matches are looked for. Each search is linear, but if every one looks on to the end
of the text, all of them together take the square of its length."""
_OPENING = re.compile(
    r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|(?P<group>\((?!\?)|\(\?P?<\w+>)", re.DOTALL
)
"""Everything in a pattern in which a parenthesis is a character, and those that open a group."""
_MARK, _BETWEEN = "\ufdd0", "\ufdd1"
"""Noncharacters of Unicode: no text that is meant to be read has them."""
_NULL = pa.nulls(1, pa.string())[0]  # pa.scalar imports pandas, a third of the time in which `recrm` starts


class Parts(NamedTuple):
    """Texts in three parts."""

    head: pa.StringArray
    body: pa.StringArray
    """Null where the text has no such part."""
    tail: pa.StringArray


def checked(pattern: str) -> str:
    """The pattern, if RE2 can use it.

    Raises:
        ValueError: it cannot; says why.
    """
    try:
        pc.match_substring_regex(pa.array([""]), pattern=pattern)  # says more than the same with named groups
        first_match(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        why = str(error).removeprefix("Invalid regular expression: ")
        more = "; patterns have the syntax of RE2, which has no lookahead, lookbehind or backreferences"
        raise ValueError(f"not a regular expression: {why}{more}") from None
    return pattern


def group_count(pattern: str) -> int:
    """The number of groups in a pattern."""
    return _named(pattern)[1]


def first_match(texts: pa.StringArray, pattern: str) -> pa.StringArray:
    """The first match in each text: its first group, if the pattern has groups.

    Returns:
        Texts; null where the text is null, the pattern does not fit, or what it finds is blank.
    """
    named, count = _named(pattern)
    found = pc.extract_regex(texts, pattern=named if count else f"(?P<g1>{pattern})")
    first = pc.struct_field(found, [0])
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(first), ""), _NULL, first)


def all_matches(texts: pa.StringArray, pattern: str) -> list[list[tuple[str, str]]]:
    """Every match in each text, as a name and a text.

    With two groups these are the first and the second; else the name is empty, and the text is the first group or the
    whole match. Blank texts are left out, and so are texts longer than `LONGEST`.
    """
    count = group_count(pattern)
    said = r"\1" + _BETWEEN + r"\2" if count > 1 else _BETWEEN + (r"\1" if count else r"\0")
    marked = pc.replace_substring_regex(_short(texts), pattern=pattern, replacement=f"{_MARK}{said}{_MARK}")
    rows = []
    for text in marked.to_pylist():
        matches = (match.partition(_BETWEEN) for match in (text or "").split(_MARK)[1::2])
        rows.append([(name.strip(), found.strip()) for name, _, found in matches if found.strip()])
    return rows


def match_counts(texts: pa.StringArray, pattern: str) -> pa.Int32Array:
    """The number of matches in each text; null where it is null or longer than `LONGEST`."""
    return pc.count_substring_regex(_short(texts), pattern=pattern)


def without_matches(texts: pa.StringArray, pattern: str) -> pa.StringArray:
    """The texts without what the pattern matches; null where it does not fit. Blank lines that are left become one."""
    texts = _short(texts)
    rest = pc.replace_substring_regex(texts, pattern=pattern, replacement="")
    rest = pc.utf8_trim_whitespace(pc.replace_substring_regex(rest, pattern=r"\n[ \t\r]*\n\s*\n", replacement="\n\n"))
    return pc.if_else(pc.match_substring_regex(texts, pattern=pattern), rest, _NULL)


def divided(texts: pa.StringArray, after: str | None, before: str | None) -> Parts:
    """The texts up to the end of the first match of one pattern, from there to the next match of another, and the rest.

    Without the first, the part begins where the text does; without the second, or where it does not fit, it ends where
    the text does.
    """
    head = tail = pa.repeat("", len(texts))
    body = texts
    if after is not None:
        cut = pc.extract_regex(body, pattern=rf"\A(?P<head>(?s:.*?)(?:{_unnamed(after)}))(?P<rest>(?s:.*))\z")
        head, body = (pc.struct_field(cut, [name]) for name in ("head", "rest"))
    if before is not None:
        cut = pc.extract_regex(body, pattern=rf"\A(?P<rest>(?s:.*?))(?P<tail>(?:{_unnamed(before)})(?s:.*))\z")
        tail = pc.fill_null(pc.struct_field(cut, ["tail"]), "")
        body = pc.coalesce(pc.struct_field(cut, ["rest"]), body)
    return Parts(head, body, tail)


def _short(texts: pa.StringArray) -> pa.StringArray:
    """Without texts that are too long, and without the characters that mark matches."""
    texts = pc.if_else(pc.greater(pc.utf8_length(texts), LONGEST), _NULL, texts)
    marks = f"[{_MARK}{_BETWEEN}]"
    if pc.any(pc.match_substring_regex(texts, pattern=marks)).as_py():
        texts = pc.replace_substring_regex(texts, pattern=marks, replacement="")
    return texts


def _named(pattern: str) -> tuple[str, int]:
    """The pattern with a name for each group, as Arrow needs it, and the number of groups."""
    count = 0

    def name(match: re.Match[str]) -> str:
        nonlocal count
        if match["group"] is None:
            return match[0]
        count += 1
        return f"(?P<g{count}>"

    return _OPENING.sub(name, pattern), count


def _unnamed(pattern: str) -> str:
    """The pattern with groups that nothing is taken from."""
    return _OPENING.sub(lambda match: match[0] if match["group"] is None else "(?:", pattern)
