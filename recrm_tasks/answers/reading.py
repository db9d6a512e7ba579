r"""Reads the answer that a completion states: strict, total, and in time linear in the length of the text.

A reader never guesses. It collects every statement of an answer, in the forms that models really use: the requested
JSON, JSON in a code fence, ``Answer: B``, ``**B**``, ``\boxed{B}``, a line that is nothing but an answer; in Chinese
and English, with full-width punctuation. If all statements have one value, that is the answer. Two different values
are ambiguous, and without a statement there is no answer.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from recrm_tasks.scoring.outcomes import Answer, Reason, Value

_BOXED = re.compile(r"\\boxed\{(?:\\text\{)?([^{}]*)\}")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_QUOTE = re.compile(r"\A(?:>[ \t]+)+")
_OBJECT = re.compile(r'\{\s*["}]')
_MARKDOWN = "*_`#\"'“”‘’「」『』 \t"
_MAX_BROKEN_OBJECTS = 32
_MAX_DIGITS = 20
# Full-width forms and wide spaces to their plain forms. Not Unicode's NFKC: it takes quadratic time on a long run of
# combining marks.
_PLAIN = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20, 0x00A0: 0x20}

Parse: TypeAlias = Callable[[object], "Value | Reason | None"]
"""Reads one statement (text or JSON value): the value, the reason why it is invalid, or None if it is not an answer."""


class _Repeated(Exception):
    """A JSON object has a duplicate key, and so two answers."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise _Repeated
    return dict(pairs)


def _integer(digits: str) -> int | float:
    """Python refuses to convert integers of thousands of digits; no answer has that many."""
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_integer, strict=False)


def _objects(text: str) -> tuple[list[dict[str, Any]], str] | Reason:
    """The JSON objects of a text and the text around them, or the reason why they are invalid.

    The number of broken objects is limited: for each one the decoder scans the text to find the line of the error, so
    a text of nothing but braces would take quadratic time.
    """
    found: list[dict[str, Any]] = []
    around: list[str] = []
    position = broken = 0
    cut = False
    while match := _OBJECT.search(text, position):
        start = match.start()
        around.append(text[position:start])
        try:
            value, position = _DECODER.raw_decode(text, start)
            found.append(value)
            cut = False
        except _Repeated:
            return Reason.AMBIGUOUS
        except RecursionError:
            return Reason.NO_ANSWER
        except json.JSONDecodeError as error:
            broken += 1
            if broken > _MAX_BROKEN_OBJECTS:
                return Reason.NO_ANSWER
            if error.msg.startswith("Unterminated string"):
                return Reason.TRUNCATED
            cut = not text[error.pos :].strip()
            position = max(start + 1, error.pos)
            around.append(text[start:position])
    if cut:
        return Reason.TRUNCATED
    around.append(text[position:])
    return found, "".join(around)


def marker_of(keys: tuple[str, ...]) -> re.Pattern[str]:
    """The pattern of ``Answer: …``, ``the answer is …``, ``答案是…`` for these words; group 1 is what follows."""
    words = "|".join(re.escape(key) for key in keys)
    return re.compile(
        rf"(?:{words})[*_`\"' \t]{{0,8}}(?:[:=]|是|为|\bis\b|\bwould be\b)[ \t]*:?([^\n]*)", re.IGNORECASE
    )


def read(
    completion: object,
    keys: tuple[str, ...],
    marker: re.Pattern[str],
    parse: Parse,
    parse_line: Parse | None = None,
) -> Answer:
    """Reads the one answer that a completion states.

    Explicit statements (JSON, "Answer: …", a box) take precedence. A line or the whole text is read as the answer only
    if there is no explicit statement; otherwise it is an explanation. A word within a sentence is never an answer, bold
    or not.

    Args:
        completion: what `Prompt.stated` returns: text without thinking, or the reason why there is none. Anything else
            counts as empty.
        keys: the JSON keys of answers, in lower case.
        marker: `marker_of(keys)`, compiled once by the caller.
        parse: reads one statement.
        parse_line: the same for one line of a longer text, if that must be stricter.

    Returns:
        The answer, or invalid with one reason. Never raises, whatever the text.
    """
    if isinstance(completion, Reason):
        return Answer.invalid(completion)
    if not isinstance(completion, str) or not completion.strip():
        return Answer.invalid(Reason.EMPTY)
    text = completion.translate(_PLAIN).replace("\r\n", "\n")
    parts = _objects(text)
    if isinstance(parts, Reason):
        return Answer.invalid(parts)
    objects, around = parts
    around = _FENCE.sub("", around).strip()

    explicit = [value for fields in objects for key, value in fields.items() if key.strip().lower() in keys]
    explicit += _found(marker, around) + _found(_BOXED, around)
    stated = _parsed(explicit, parse)
    if not stated:
        lines = around.splitlines()
        stated = _parsed([around], parse)
        if len(lines) > 1 or not stated:
            stated += _parsed(lines, parse_line or parse)
    return _decide({x for x in stated if not isinstance(x, Reason)}, {x for x in stated if isinstance(x, Reason)})


def _found(pattern: re.Pattern[str], text: str) -> list[object]:
    return [match.group(1) for match in pattern.finditer(text)]


def _parsed(statements: Sequence[object], parse: Parse) -> list[Value | Reason]:
    results = (parse(bare(s) if isinstance(s, str) else s) for s in statements)
    return [r for r in results if r is not None]


def _decide(values: set[Value], reasons: set[Reason]) -> Answer:
    """One value without any reason against it is an answer; anything else is invalid."""
    if len(values) == 1 and not reasons:
        return Answer(values.pop())
    if len(values) > 1 or Reason.AMBIGUOUS in reasons or (values and reasons):
        return Answer.invalid(Reason.AMBIGUOUS)
    for reason in (Reason.DUPLICATE, Reason.OUT_OF_RANGE):
        if reason in reasons:
            return Answer.invalid(reason)
    return Answer.invalid(Reason.NO_ANSWER)


def bare(text: str) -> str:
    """Text without surrounding Markdown, quotes and LaTeX, without final punctuation, and in half-width characters."""
    text = _QUOTE.sub("", text.translate(_PLAIN)).strip().strip(_MARKDOWN)
    if text.startswith("$") and text.endswith("$"):
        text = text.strip("$")
    return text.rstrip(".。!;,，；！ ").strip(_MARKDOWN)
