"""Prompts and answers -> the data of the page's record browser."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.answer_format import answer_text
from recrm_tasks.reports.logged_answers import prompt_hash
from recrm_tasks.reports.page.chapters import Chapter

RIGHT, WRONG, UNREADABLE = "right", "wrong", "unreadable"
SCORED = "scored"
"""The state of a single content that a reward model scored, which is neither right nor wrong."""


def record_browser(chapter: Chapter, dimension: str) -> dict[str, Any] | None:
    """The records of one dimension whose texts were kept, with the answers of every entry; None if there are none.

    Returns:
        `runs`: names of the entries; `total`: number of records of the longest run; `records`: each with `id`, `lang`,
        `gold`, `prompts` (for every form in which the record was asked: role and text of every turn, and the right
        answer) and `answers` (for every answer: index of the entry, the answer as it was read, state, the text, index
        of the prompt). Entries with the same prompt share it.
    """
    kind = dimension_of(dimension).kind
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
            if outcome.question is not None and not isinstance(outcome.value, tuple):
                state = SCORED
            record["answers"].append([run, answer_text(outcome), state, logged.said, place])
    if not records:
        return None
    return {
        "runs": [line.label for line, _ in answered],
        "total": max(len(answers.prompts) for _, answers in answered),
        "records": [records[name] for name in sorted(records)],
    }


def packed(content: dict[str, Any]) -> str:
    """JSON, compressed, as text that a page may hold. Prompts share most of their text."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate cannot be encoded as UTF-8: it is shown as a question mark.
    data = text.encode("utf-8", "replace")
    return base64.b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode("ascii")
