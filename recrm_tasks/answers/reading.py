r"""From a completion to the answers that it states: strict, total and linear in the length of the text.

A reader never guesses. It collects every place where the text states an answer, in the forms that models really
use (the asked JSON, JSON in a code fence, ``Answer: B``, ``**B**``, ``\boxed{B}``, a line that is nothing but an
answer; in Chinese and English, with full-width punctuation), and the caller decides what the places mean together:
one value is the answer, two different values are ambiguous, none is no answer.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from recrm_tasks.answers.thinking import without_thinking
from recrm_tasks.scoring.outcomes import Answer, Reason, Value

_BOXED = re.compile(r"\\boxed\{(?:\\text\{)?([^{}]*)\}")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_QUOTE = re.compile(r"\A(?:>[ \t]+)+")
_OBJECT = re.compile(r'\{\s*["}]')
_MARKDOWN = "*_`#\"'“”‘’「」『』 \t"
_MAX_BROKEN_OBJECTS = 32
_MAX_DIGITS = 20
# Full-width forms and wide spaces to their plain twins. Not Unicode's NFKC: it takes quadratic time on a long run of
# combining marks.
_PLAIN = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20, 0x00A0: 0x20}

Parse: TypeAlias = Callable[[object], "Value | Reason | None"]
"""Reads one stated answer (text or JSON value): the value, why it is unusable, or None if it is no answer at all."""


class _Repeated(Exception):
    """A JSON object holds the same key twice: two answers in one."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise _Repeated
    return dict(pairs)


def _integer(digits: str) -> int | float:
    """Python refuses to convert integers of thousands of digits; no answer has so many."""
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_integer, strict=False)


def _objects(text: str) -> tuple[list[dict[str, Any]], str] | Reason:
    """The JSON objects of a text and the text around them, or what makes them unusable.

    The number of broken objects is bounded: each costs the decoder a walk over the text to tell the line of the
    error, so that a text of braces alone would take quadratic time.
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

    Explicit statements (JSON, "Answer: …", a box) are looked at first. Only where there is none may a line or
    the whole text be the answer: beside an explicit answer they are explanations. A word within a sentence is never
    one, bold or not.

    Args:
        completion: what the model wrote; anything that is not text reads as empty.
        keys: the JSON keys under which an answer may stand, in lower case.
        marker: `marker_of(keys)`, compiled once by the caller.
        parse: reads one stated answer.
        parse_line: the same for one line of a longer text, where it must be stricter.

    Returns:
        The answer, or invalid with one reason. Never raises for any text.
    """
    if not isinstance(completion, str) or not completion.strip():
        return Answer.invalid(Reason.EMPTY)
    text = without_thinking(completion.translate(_PLAIN).replace("\r\n", "\n"))
    if isinstance(text, Reason):
        return Answer.invalid(text)
    if not text.strip():
        return Answer.invalid(Reason.EMPTY)
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
    """One value and no complaint is an answer; anything else is not."""
    if len(values) == 1 and not reasons:
        return Answer(values.pop())
    if len(values) > 1 or Reason.AMBIGUOUS in reasons or (values and reasons):
        return Answer.invalid(Reason.AMBIGUOUS)
    for reason in (Reason.DUPLICATE, Reason.OUT_OF_RANGE):
        if reason in reasons:
            return Answer.invalid(reason)
    return Answer.invalid(Reason.NO_ANSWER)


def bare(text: str) -> str:
    """Text without the Markdown, quotes and LaTeX around it, without a final full stop, full-width forms made plain."""
    text = _QUOTE.sub("", text.translate(_PLAIN)).strip().strip(_MARKDOWN)
    if text.startswith("$") and text.endswith("$"):
        text = text.strip("$")
    return text.rstrip(".。!;,，；！ ").strip(_MARKDOWN)
