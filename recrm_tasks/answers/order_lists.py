"""Orders that a text gives as lists of several lines: numbered, with bullets, or one name per line."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recrm_tasks.answers.order_names import NAMED, all_named, fits, item, most, scores_of
from recrm_tasks.answers.plain_text import bare
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.scoring.outcomes import Reason

HEADING = re.compile(r"\A[^\n]{0,80}:[ \t]*\n")
_LISTED = re.compile(
    r"^[ \t]*(?:[#*_-]{1,4}[ \t]*)?(?:[(|][ \t]*)?(?:第?(?:rank |no\.? ?|place )?"
    r"(?P<number>\d{1,4}|[一二三四五六七八九十①-⑩])[名位]?"
    r"(?:st|nd|rd|th)?(?:[.):、,]|选|[ \t][-–—|][ \t]|(?<=[①-⑩]))|(?P<bullet>[-*+•·‣▪–]))"
    r"(?P<rest>[^\n]*)$",
    re.MULTILINE | re.IGNORECASE,
)
_HAN = {digit: i for digits in ("一二三四五六七八九十", "①②③④⑤⑥⑦⑧⑨⑩") for i, digit in enumerate(digits, 1)}
_RANKED = re.compile(r"rank|order|most likely|排序|顺序|排名", re.IGNORECASE)


def listed_orders(text: str, prompt: Prompt) -> Iterator[tuple[int, tuple[float, ...] | Reason]]:
    """The orders that a text gives as numbered lines or bullets, with or without reasons, and where they start.

    Numbers must run from 1, and every item of the list must be a candidate. Items with reasons in the order in which
    the candidates were shown may be a discussion; they count only under a heading that says so.
    """
    runs: list[tuple[str, int, list[str]]] = []
    for match in _LISTED.finditer(text):
        number = match.group("number")
        if number is None:
            if not runs or runs[-1][0] != "bullet":
                runs.append(("bullet", match.start(), []))
        else:
            value = _HAN.get(number) or int(number)
            numbered = [run for run in runs[-2:] if run[0] == "number"]
            if value == 1:
                runs.append(("number", match.start(), []))
            elif numbered and value == len(numbered[-1][2]) + 1:
                numbered[-1][2].append(match.group("rest"))
                continue
            else:
                runs.append(("broken", match.start(), []))
        runs[-1][2].append(match.group("rest"))
        if len(runs) > 1000 or len(runs[-1][2]) > most(prompt):
            return
    if not runs:
        plain = plain_lines(text, prompt)
        if plain is not None and len(plain) > 1:
            first = HEADING.match(text)
            yield first.end() if first else 0, scores_of(plain, prompt)
    for kind, start, items in [run for run in runs if run[0] == "number"] or runs:
        named = [name for rest in items if (name := item(rest)) is not None]
        if kind == "broken" or len(named) < max(2, len(items)) or not fits(named, prompt):
            continue
        if named == sorted(named) and any(not NAMED.fullmatch(bare(rest)) for rest in items):
            heading = text[:start].rstrip().rpartition("\n")[2]
            if not (heading.rstrip("*_ ").endswith(":") and _RANKED.search(heading)):
                continue
        yield start, scores_of(named, prompt)


def plain_lines(text: str, prompt: Prompt) -> list[str] | None:
    """One name per line and nothing else, but a heading."""
    lines: list[str] = []
    for line in HEADING.sub("", text.strip()).splitlines():
        if line.strip():
            lines.append(bare(line))
        if len(lines) > most(prompt):
            return None
    return all_named(lines, prompt)
