"""The language of texts, by the scripts of their letters."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_NOT_HAN = r"\P{Han}+"
_NOT_LATIN = r"\P{Latin}+"
_NOT_OTHER = r"[\p{Han}\p{Latin}\P{L}]+"
"""Everything but letters of other scripts, such as kana, Hangul or Cyrillic."""


def languages_of(texts: pa.StringArray) -> pa.StringArray:
    """The language of each text.

    A text is Chinese if it has at least as many Han characters as words in Latin letters and as letters of other
    scripts. Else it is English if it has at least as many Latin letters as letters of other scripts.

    Args:
        texts: texts, none of them null.

    Returns:
        `zh`, `en`, the empty text where there are no letters, and null where most letters are of another script.
    """
    words = pc.count_substring_regex(texts, r"\p{Latin}+")
    latin_only = pc.if_else(pc.greater(words, 0), "en", "")
    if pc.sum(pc.binary_length(texts)).as_py() == pc.sum(pc.utf8_length(texts)).as_py():
        return latin_only  # all of it is ASCII
    han, latin, other = (_letters(texts, rest) for rest in (_NOT_HAN, _NOT_LATIN, _NOT_OTHER))
    chinese = pc.and_(pc.greater(han, 0), pc.and_(pc.greater_equal(han, words), pc.greater_equal(han, other)))
    foreign = pc.and_(pc.greater(other, 0), pc.greater(other, latin))
    return pc.if_else(chinese, "zh", pc.if_else(foreign, pa.scalar(None, pa.string()), latin_only))


def _letters(texts: pa.StringArray, rest: str) -> pa.Int32Array:
    """The number of characters that a pattern leaves."""
    return pc.utf8_length(pc.replace_substring_regex(texts, rest, ""))
