"""Names of candidates in an order, and the scores that an order of names gives."""

from __future__ import annotations

import re
from collections.abc import Sequence

from recrm_tasks.answers.plain_text import bare
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.scoring.outcomes import Reason

_NAME = r"(?:(?:option|candidate|item|choice|选项|候选项|候选)\s?)?[\[(#]?([A-Za-z]|\d{1,4})[\])]?"
NAMED = re.compile(rf"{_NAME}(?:项|选项)?", re.IGNORECASE)
_DESCRIBED = re.compile(
    rf"{_NAME}[*\"'`]*(?:\s?[.):、,(|]|\s[-–—]\s|:|(?<=\])\s|\s(?-i:(?=[A-Z\u4e00-\u9fff])))(?!\s*[>=]).*",
    re.IGNORECASE | re.DOTALL,
)
"""A name with a description behind it: `B. noodle shop`, `B (close by)`."""


def most(prompt: Prompt) -> int:
    """More names than this are no order, however they are written."""
    return 4 * len(prompt.choices) + 16


def scores_of(names: Sequence[str], prompt: Prompt) -> tuple[float, ...] | Reason:
    places = {name: i for i, name in enumerate(prompt.choices)}
    if any(name not in places for name in names):
        return Reason.OUT_OF_RANGE
    if len(set(names)) != len(names):
        return Reason.DUPLICATE
    scores = [0.0] * len(prompt.choices)
    for rank, name in enumerate(names):
        scores[places[name]] = float(len(prompt.choices) - rank)
    return tuple(scores)


def fits(names: Sequence[str], prompt: Prompt) -> bool:
    """Whether these are names as the prompt has them: if candidates have letters, a number is a rank or a count."""
    return not (prompt.choices[0] == "A" and any(name.isdigit() for name in names))


def item(text: str) -> str | None:
    """The candidate that a list item names, with or without a reason."""
    text = bare(text.strip("| "))
    match = NAMED.fullmatch(text) or _DESCRIBED.fullmatch(text)
    return match.group(1).upper() if match else None


def all_named(parts: Sequence[str], prompt: Prompt) -> list[str] | None:
    named = [NAMED.fullmatch(part) for part in parts]
    names = [match.group(1).upper() for match in named if match]
    return names if names and len(names) == len(parts) and fits(names, prompt) else None
