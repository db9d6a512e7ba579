"""Sentences that state a letter without a word such as `answer`: `That's an A.`, `B is correct`, `B选项正确`."""

from __future__ import annotations

import re

_ALONE = r"[\[(\"'“*`]{0,4}([A-Z])(?![A-Za-z'’])[\])\"'”*`]{0,4}"
"""A capital letter: in `that is a`, cut off, the last word is an article."""
SENTENCES = (
    re.compile(
        r"[IiTt](?:t(?<!\w[Ii]t)|h(?:at|is)(?<!\w[Tt]h[ai][ts]))(?: is|['’]s) "
        r"(?:clearly |therefore )?(?:an? (?:clear |definite |plain )?)?(?:option |choice |grade )?"
        rf"{_ALONE}(?=[^\w\n?？]{{0,8}}(?:\n|\Z))"
    ),
    re.compile(
        r"mak(?<!\wmak)(?:es|ing) (?:the )?(?:right|correct|best|proper) "
        r"(?:answer|option|choice|label|verdict|grade):? "
        rf"{_ALONE}(?=[^\w\n?？]{{0,8}}(?:\n|\Z|[A-Z]))"
    ),
    re.compile(
        rf"mak(?<!\wmak)(?:es|ing) (?:option |choice )?{_ALONE} the "
        r"(?:right|correct|best|proper|only (?:right|correct)) (?:answer|option|choice|label|verdict|grade)"
        r"(?=[ \t*]*(?:[.,;!]|\n|\Z))"
    ),
    re.compile(
        r"I(?:['’]d| would|['’]ll| will)? (?:give|rate|grade|mark) (?:it|this|that|this \w{1,12}|the \w{1,12})"
        rf" (?:as )?(?:an? )?{_ALONE}(?=[ \t*]*(?:[.;!]|\n|\Z|,? (?:because|since|as)\b))"
    ),
    re.compile(
        r"[Tt]h(?<!\w[Tt]h)(?:is|e) (?:pair|item|one|response|reply|candidate|result|product|query-item pair|case)"
        r"(?: here)? (?:gets|earns|receives|deserves|merits|rates) (?:an? |the (?:grade|label|letter) )?(?:grade )?"
        rf"{_ALONE}(?=[ \t*]*(?:[.;!]|\n|\Z|,? (?:because|since|as)\b))"
    ),
    re.compile(
        r"(?<![\w])(?:[Oo]ption |[Cc]hoice |[Aa]nswer )?([A-Z]) is (?:clearly )?(?:the )?"
        r"(?:correct|right|best|most (?:appropriate|suitable|accurate))(?: (?:answer|option|choice|one|label))?"
        r"(?=[ \t]*(?:[.,;:!]|\n|\Z))"
    ),
    re.compile(
        r"(?<![\w])(?:选项 ?)?([A-Z]) ?(?:选项|项)?是?最?(?:正确|合适|恰当|准确)的?(?:答案|选项)?"
        r"(?=[ \t]*(?:[,。;!]|\n|\Z))"
    ),
)
"""Patterns whose group 1 is the letter. They start with plain letters where they can, which is fast."""
