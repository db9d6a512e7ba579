"""Prompts and answers -> the data of the page's record browser."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Sequence
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.answer_format import answer_text
from recrm_tasks.reports.logged_answers import Answers, prompt_hash
from recrm_tasks.reports.page.chapters import Chapter
from recrm_tasks.reports.tables.since_table import Links

RIGHT, WRONG, UNREADABLE = "right", "wrong", "unreadable"
SCORED = "scored"
"""The state of a single content that a reward model scored, which is neither right nor wrong."""


def record_browser(chapter: Chapter, dimension: str) -> dict[str, Any] | None:
    """The records of one dimension whose texts were kept, with the answers of every entry; None if there are none.

    Returns:
        `runs`: names of the entries, and of the baseline behind them; `total`: number of records of the longest run;
        `records`: each with `id`, `lang`, `gold`, `prompts` (for every form in which the record was asked: role and
        text of every turn, and the right answer) and `answers` (for every answer: index of the entry, the answer as it
        was read, state, the text, index of the prompt). Entries with the same prompt share it.
    """
    answered = _answered(chapter, dimension)
    kind = dimension_of(dimension).kind
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
            record["answers"].append([run, answer_text(outcome, answers.targets), state, logged.said, place])
    if not records:
        return None
    return {
        "runs": [name for name, _ in answered],
        "total": max(len(answers.prompts) for _, answers in answered),
        "records": [records[name] for name in sorted(records)],
    }


def record_links(chapters: Sequence[Chapter]) -> dict[tuple[str, str], Links]:
    """Where the page shows the records on which a run and the baseline differ, by dimension and answer mode."""
    found = {}
    for chapter in chapters:
        for then in chapter.baseline:
            key = then.dimension
            runs = _answered(chapter, key)
            now = [i for i, (_, answers) in enumerate(runs) if answers.mode == then.mode and answers is not then]
            if now and runs[now[0]][1].kept:
                before = next(i for i, (_, answers) in enumerate(runs) if answers is then)
                only = [f"#{chapter.slug}-{key}:{show}:{now[0]}:{before}" for show in ("only-a", "only-b")]
                found[key, then.mode] = Links(*only)
    return found


def _answered(chapter: Chapter, dimension: str) -> list[tuple[str, Answers]]:
    """The answers of every entry that has some, and those of the baseline."""
    return [
        *((line.label, answers) for line, answers in chapter.answered(dimension)),
        *((f"baseline: {one.model} ({one.mode})", one) for one in chapter.baseline if one.dimension == dimension),
    ]


def packed(content: dict[str, Any]) -> str:
    """JSON, compressed, as text that a page may hold. Prompts share most of their text."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate cannot be encoded as UTF-8: it is shown as a question mark.
    data = text.encode("utf-8", "replace")
    return base64.b64encode(gzip.compress(data, compresslevel=6, mtime=0)).decode("ascii")
