"""Answers in texts that a model might have written -> the word that each text states, read as a model's answer is."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from functools import lru_cache

import pyarrow as pa

from recrm_tasks.answers.json_keys import key_of
from recrm_tasks.answers.reading import Forms, marker_of, read
from recrm_tasks.answers.thinking import without_thinking
from recrm_tasks.data.formats import texts
from recrm_tasks.dimensions.rendering import show_scalar
from recrm_tasks.scoring.outcomes import Value

_ENGLISH = (
    "answer", "label", "verdict", "judgment", "judgement", "result", "conclusion", "prediction", "probability",
    "ranking",
)  # fmt: skip
_CHINESE = ("最终答案", "答案", "标签", "判断结果", "判断", "结论", "结果", "标注", "预测")
_END = re.compile(r"[\s;(，。；：（！!]|[,.:](?!\d)")
"""What may follow a word. `0.9` does not begin with the word `0`."""
_LONGEST = 60
"""Characters of the longest word that a whole text may be."""


def stated_words(column: pa.Array, key: str | None, known: Collection[str]) -> pa.StringArray:
    """The word that each text states: in `<answer>` tags, a box or JSON, after "Answer:", or as the whole text.

    Args:
        column: texts of any length.
        key: the JSON key of the answer; by default any common one.
        known: the words that mean something. Only these are found on one of several lines, or before an explanation.

    Returns:
        The words; null where a text is null, or states no word, or more than one.
    """
    forms, words = _forms(key), frozenset(w.strip().casefold() for w in known)
    encoded = texts.plain(column).dictionary_encode()
    found = [None if v is None else stated_word(v, forms, words) for v in encoded.dictionary.to_pylist()]
    return pa.array(found, pa.string()).take(encoded.indices)


def stated_word(text: str, forms: Forms, known: frozenset[str]) -> str | None:
    """The word that one text states, or None; see `stated_words`."""
    found: list[str] = []

    def number(word: str | None) -> Value | None:
        if word is None:
            return None
        folded = [w.casefold() for w in found]
        if word.casefold() in folded:
            return folded.index(word.casefold())
        found.append(word)
        return len(found) - 1

    answer = read(
        without_thinking(text),
        forms,
        lambda statement: number(_word(statement, known)),
        lambda line: number(line if isinstance(line, str) and line.casefold() in known else None),
    )
    return found[answer.value] if isinstance(answer.value, int) else None


@lru_cache(maxsize=64)
def _forms(key: str | None) -> Forms:
    if key is None:
        return Forms(frozenset(map(key_of, (*_ENGLISH, *_CHINESE))), marker_of(_ENGLISH, _CHINESE))
    said = key.casefold()
    english, chinese = ((said,), ()) if said.isascii() else ((), (said,))
    return Forms(frozenset({key_of(key)}), marker_of(english or _NEVER, chinese or _NEVER))


_NEVER = ("\x00",)
"""A word that no text has: a pattern of no words at all would match everywhere."""


def _word(statement: object, known: frozenset[str]) -> str | None:
    if isinstance(statement, list):
        return json.dumps(statement, ensure_ascii=False)
    if statement is None or isinstance(statement, dict):
        return None
    word = statement.strip() if isinstance(statement, str) else show_scalar(statement)
    if word.casefold() in known:
        return word
    first = _END.split(word, maxsplit=1)[0]
    if len(first) < len(word) and first.casefold() in known:
        return first
    return word if word and len(word) <= _LONGEST and "\n" not in word else None
