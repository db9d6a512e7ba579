"""Orders that a text gives as a table with a column of ranks: `| A | 4 |`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recrm_tasks.answers.order_names import all_named, most, scores_of
from recrm_tasks.answers.plain_text import bare
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.scoring.outcomes import Reason

_ROW = re.compile(r"^[ \t]*\|([^\n]{1,400})$", re.MULTILINE)
_RULE = re.compile(r"[\s|:-]+")
_RANKS = frozenset({"rank", "ranking", "place", "position", "final rank", "名次", "排名", "排序", "位次", "顺位"})
_NAMES = frozenset(
    {"candidate", "candidates", "item", "option", "letter", "候选", "候选项", "选项", "商品", "字母", "候选商品"}
)
_PLACE = re.compile(r"(?:#|no\. ?|第)?(\d{1,4})(?:st|nd|rd|th|位|名)?", re.IGNORECASE)


def ranked_tables(text: str, prompt: Prompt) -> Iterator[tuple[int, tuple[float, ...] | Reason]]:
    """The orders of tables that have one column of candidates and one of ranks, and where the tables start.

    Ranks must be 1, 2, … without a tie; candidates without a row tie at the bottom.
    """
    columns: tuple[int, int] | None = None
    ranks: dict[int, str] = {}
    start = end = 0
    for row in _ROW.finditer(text):
        if columns is not None and row.start() > end + 1:
            yield from _order(ranks, prompt, start)
            columns = None
        end = row.end()
        if _RULE.fullmatch(row.group(1)):
            continue
        cells = [bare(cell) for cell in row.group(1).rstrip("| \t").split("|")]
        if columns is None:
            columns, ranks, start = _columns(cells), {}, row.start()
        elif max(columns) < len(cells) and len(ranks) <= most(prompt):
            place = _PLACE.fullmatch(cells[columns[1]])
            number = int(place.group(1)) if place else -1
            ranks[-1 if number in ranks else number] = cells[columns[0]]
    if columns is not None:
        yield from _order(ranks, prompt, start)


def _columns(cells: list[str]) -> tuple[int, int] | None:
    """Which cells of a header are the candidate's and the rank's."""
    names = [i for i, cell in enumerate(cells) if cell.casefold() in _NAMES]
    ranks = [i for i, cell in enumerate(cells) if cell.casefold() in _RANKS]
    return (names[0], ranks[0]) if len(names) == len(ranks) == 1 else None


def _order(ranks: dict[int, str], prompt: Prompt, start: int) -> Iterator[tuple[int, tuple[float, ...] | Reason]]:
    if len(ranks) < 2 or sorted(ranks) != list(range(1, len(ranks) + 1)):
        return
    names = all_named([ranks[place] for place in sorted(ranks)], prompt)
    if names is not None:
        yield start, scores_of(names, prompt)
