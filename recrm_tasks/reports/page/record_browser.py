"""What was asked and answered -> the data of the page's browser of records."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.base import choice_names
from recrm_tasks.reports.logged_answers import prompt_hash
from recrm_tasks.reports.page.chapters import Chapter
from recrm_tasks.scoring.outcomes import Outcome, Value

RIGHT, WRONG, UNREADABLE = "right", "wrong", "unreadable"


def browser(chapter: Chapter, dimension: str) -> dict[str, Any] | None:
    """The records of one dimension that were kept, with the answers of every entry; None if there are none.

    Returns:
        `runs`: names of the entries; `total`: records of the longest run; `records`: each with `id`, `lang`, `gold`,
        `prompts` (in each of the ways that it was asked, the role and text of every turn, and the right answer) and
        `answers`: entry, how it was read, state, what was said, and to which prompt. A prompt stands once, however
        many entries answered it.
    """
    kind = dimension_of(dimension)
    answered = chapter.answered(dimension)
    records: dict[str, dict[str, Any]] = {}
    places: dict[tuple[str, str], int] = {}
    for run, (_, answers) in enumerate(answered):
        for logged in answers.kept:
            outcome = logged.outcome
            record = records.setdefault(
                outcome.id,
                {"id": outcome.id, "lang": logged.lang, "gold": logged.target, "prompts": [], "answers": []},
            )
            place = places.setdefault((outcome.id, prompt_hash(logged.turns)), len(record["prompts"]))
            if place == len(record["prompts"]):
                record["prompts"].append([logged.turns, logged.target])
            state = UNREADABLE if outcome.reason else RIGHT if kind.right(outcome) else WRONG
            record["answers"].append([run, _read(outcome), state, logged.said, place])
    if not records:
        return None
    return {
        "runs": [line.label for line, _ in answered],
        "total": max(len(answers.prompts) for _, answers in answered),
        "records": [records[name] for name in sorted(records)],
    }


def packed(content: dict[str, Any]) -> str:
    """JSON, compressed, as text that may stand in a page: prompts repeat much of each other."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate has no UTF-8: such a character is shown as a question mark.
    data = text.encode("utf-8", "replace")
    return base64.b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode("ascii")


def _read(outcome: Outcome) -> str:
    """An answer as it was read: a letter, a probability, an order, or why there is none."""
    return outcome.reason or _shown(outcome.value, outcome)


def _shown(value: Value | None, outcome: Outcome) -> str:
    if isinstance(value, tuple):
        letters = choice_names(len(value))
        places = sorted(range(len(value)), key=lambda i: -value[i])
        signs = [
            "" if i == 0 else " = " if value[places[i]] == value[places[i - 1]] else " > " for i in range(len(value))
        ]
        return "".join(sign + letters[place] for sign, place in zip(signs, places, strict=True))
    if outcome.values and isinstance(value, int):
        return choice_names(len(outcome.values))[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
