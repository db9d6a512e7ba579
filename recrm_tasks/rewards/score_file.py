"""A file of cases or episodes -> a file of rewards."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple

from pydantic import ValidationError

from recrm_tasks.errors import DataError
from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.episode import Episode, EpisodeReward, EpisodeRewards
from recrm_tasks.rewards.problem import first_problem
from recrm_tasks.rewards.reward import Reward
from recrm_tasks.rewards.work import work_of

_TOGETHER = 64
"""Lines that are asked about in one call."""
_TOGETHER_CHARACTERS = 2**20
"""Characters of the questions about them, but for one long line. Each question has the texts of its case again."""
_AHEAD = 16
"""Such groups at a time: enough for every judge, and a bound of the memory."""
_AHEAD_CHARACTERS = 32 * 2**20
"""Characters of the questions about them, but for those of the last group."""
_BAD_LINES = 5
"""Bad lines that a message shows."""


class Row(NamedTuple):
    """One line."""

    number: int
    """From 1."""
    subject: Case | Episode


@dataclass
class Summary:
    """Counts of a file."""

    rows: int = 0
    valued: int = 0
    """Those with a reward."""
    total: float = 0.0
    """Sum of the rewards."""
    errors: int = 0
    """Those that the judge did not answer about."""
    missing: Counter[str] = field(default_factory=Counter)
    """Missing parts by dimension; of episodes in all steps."""
    unseen: int = 0
    """Those with a question about which the judge did not report the probability of every allowed answer."""
    tokens_in: int = 0
    tokens_out: int = 0

    def add(self, reward: Reward | EpisodeReward) -> None:
        """Counts one."""
        self.rows += 1
        self.errors += reward.error is not None
        self.tokens_in += reward.tokens_in
        self.tokens_out += reward.tokens_out
        if reward.value is not None:
            self.valued += 1
            self.total += reward.value
        steps = reward.steps if isinstance(reward, EpisodeReward) else (reward,)
        for one in steps:
            self.missing.update(one.missing.keys())
        self.unseen += any(one.unseen for one in steps)


def rows_of(lines: Iterable[str | bytes], name: str) -> Iterator[Row]:
    """The cases and episodes of JSON Lines. An object with `steps` is an episode. Empty lines are passed over.

    Args:
        lines: the lines.
        name: of the file, for messages.

    Raises:
        DataError: a line is neither; names it.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield Row(number, _subject(line))
            except _BadLine as error:
                raise DataError(f"{name}, line {number}: {error}") from None


def check(lines: Iterable[str | bytes], name: str) -> None:
    """Reads a file to its end before the judge is asked.

    Raises:
        DataError: lines are not valid, or there are none; names the first of them.
    """
    bad: list[str] = []
    count = good = 0
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                _subject(line)
                good += 1
            except _BadLine as error:
                count += 1
                if len(bad) < _BAD_LINES:
                    bad.append(f"  line {number}: {error}")
    if bad:
        raise DataError(f"{name}: {count:,} of {count + good:,} lines cannot be used\n" + "\n".join(bad))
    if not good:
        raise DataError(f"{name}: there are no cases in it")


class _BadLine(Exception):
    pass


def _subject(line: str | bytes) -> Case | Episode:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _BadLine(f"not valid JSON: {error}") from None
    try:
        if isinstance(found, dict) and "steps" in found:
            return Episode.model_validate(found)
        return Case.model_validate(found)
    except ValidationError as error:
        raise _BadLine(first_problem(error, "the line")) from None


def score(rows: Iterator[Row], rewards: EpisodeRewards, out: IO[str]) -> Summary:
    """Writes a line for each row, in their order, as soon as it is there. Memory does not grow with the file.

    Args:
        rows: what is judged.
        rewards: what it is worth.
        out: gets JSON Lines: `id`, `line` and the fields of a `Reward` or `EpisodeReward`.

    Raises:
        JudgeError: the judge did not answer, and the reward's `on_error` is `raise`.
        DataError: see `rows_of`.
    """
    return asyncio.run(_score(rows, rewards, out))


async def _score(rows: Iterator[Row], rewards: EpisodeRewards, out: IO[str]) -> Summary:
    summary = Summary()
    async for row, reward in _judged(rows, rewards):
        summary.add(reward)
        out.write(json.dumps({"id": row.subject.id, "line": row.number, **reward.to_json()}) + "\n")
    return summary


async def _judged(rows: Iterator[Row], rewards: EpisodeRewards) -> AsyncIterator[tuple[Row, Reward | EpisodeReward]]:
    groups = _groups(rows, rewards.reward.dimensions)
    waiting: deque[tuple[list[Row], int, asyncio.Task[Any]]] = deque()
    try:
        while True:
            while len(waiting) < _AHEAD and sum(characters for _, characters, _ in waiting) < _AHEAD_CHARACTERS:
                if (found := next(groups, None)) is None:
                    break
                waiting.append((*found, asyncio.ensure_future(_rewards_of(found[0], rewards))))
            if not waiting:
                return
            group, _, task = waiting.popleft()
            for one in zip(group, await task, strict=True):
                yield one
    finally:
        for _, _, task in waiting:
            task.cancel()
        await asyncio.gather(*(task for _, _, task in waiting), return_exceptions=True)


def _groups(rows: Iterable[Row], dimensions: Sequence[str]) -> Iterator[tuple[list[Row], int]]:
    """Neighbouring rows, either cases or episodes, and the characters of the questions about them."""
    group: list[Row] = []
    characters = 0
    for row in rows:
        subject = row.subject
        own = work_of(subject.cases() if isinstance(subject, Episode) else [subject], dimensions).characters
        full = len(group) == _TOGETHER or characters + own > _TOGETHER_CHARACTERS
        if group and (full or type(subject) is not type(group[0].subject)):
            yield group, characters
            group, characters = [], 0
        group.append(row)
        characters += own
    if group:
        yield group, characters


async def _rewards_of(group: Sequence[Row], rewards: EpisodeRewards) -> Sequence[Reward | EpisodeReward]:
    if isinstance(group[0].subject, Episode):
        return await rewards.rewards([row.subject for row in group if isinstance(row.subject, Episode)])
    return await rewards.reward.rewards([row.subject for row in group if isinstance(row.subject, Case)])
