"""A trainer's batch -> rewards: what all trainers share."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.rewards.agent_turn import READINGS, Reading, fields_of
from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.columns import CASE, absent, case_of, rows
from recrm_tasks.rewards.gold_reward import GoldReward
from recrm_tasks.rewards.hybrid_reward import HybridReward
from recrm_tasks.rewards.reward import Reward

_log = logging.getLogger(__name__)

EMPTY = "the completion has no answer"
"""Why the parts of such a completion are 0."""
_END = object()
"""Follows the entries of a column."""
_SHOWN = 1000
"""Characters of reasons that a warning shows."""


class BatchReward:
    """The hybrid reward of completions. It pickles if its judge does.

    A completion without an answer (an empty text, thinking that does not end, no items) is worth 0, and so are its
    parts. Nothing is asked about it.

    Args:
        reward: what a case is worth.
        completion: what a completion is: the case's `response`; `items`, which its text lists, see `items_in`; or what
            a function makes of it, see `Reading`.

    Raises:
        RecrmError: `completion` is none of these.
    """

    def __init__(self, reward: HybridReward | GoldReward, completion: Reading = "response") -> None:
        if completion not in READINGS and not callable(completion):
            raise RecrmError(f"completion must be {', '.join(READINGS)} or a function, not {completion!r}")
        self.reward = reward
        self.completion = completion
        self.keys = tuple(reward.dimensions)
        self._last: tuple[list[Any], list[Case | None], list[Reward]] = [], [], []

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_last": ([], [], [])}

    def __call__(self, completions: Sequence[Any], columns: Mapping[str, Any]) -> list[Reward]:
        """The rewards of a batch, asked about in one burst.

        A trainer that has several reward functions hands the same objects to all. Then they are asked about once,
        unless their contents were changed meanwhile.

        Args:
            completions: texts or lists of turns, one per row.
            columns: of the data set, as lists; see `recrm_tasks.rewards.columns`.

        Raises:
            DataError: a completion or a column has a wrong form, or a dimension asks about a column that is not there
                and a missing part is no reward.
            JudgeError: the judge did not answer, and the reward's `on_error` is `raise`.
        """
        batch = _entries([completions, *(columns.get(name) for name in (CASE, *Case.model_fields))])
        # Cases are compared too: they are made anew, so what is changed in place within an object is seen.
        cases = self._cases(completions, columns)
        last, judged, rewards = self._last
        same = len(last) == len(batch) and all(before is now for before, now in zip(last, batch, strict=True))
        if same and cases == judged:
            return rewards
        rewards = self.of_cases(cases)
        self._last = batch, cases, rewards
        return rewards

    def _cases(self, completions: Sequence[Any], columns: Mapping[str, Any]) -> list[Case | None]:
        if isinstance(completions, str | Mapping) or not isinstance(completions, Sequence):
            raise DataError(f"completions must be a list, not {type(completions).__name__}")
        given = rows(columns, len(completions))
        cases = [
            self.case(completion, fields, f"row {row}")
            for row, (completion, fields) in enumerate(zip(completions, given, strict=True))
        ]
        if CASE not in columns and self.reward.missing == "none" and any(cases):
            names = {*columns, *(name for case in cases if case for name in (*case.model_fields_set, *case.more))}
            for key, lacking in absent(self.keys, names).items():
                raise DataError(
                    f"{key} asks about {', '.join(lacking)}, which no column and no completion has: add the column, or "
                    "choose other dimensions, or what a missing part does (missing)"
                )
        return cases

    def case(self, completion: Any, given: Mapping[str, Any], where: str, opened: str | None = None) -> Case | None:
        """The case of one completion; None if it has no answer.

        Args:
            completion: a text or a list of turns.
            given: fields of the case that the data has.
            where: what errors begin with.
            opened: see `fields_of`.

        Raises:
            DataError: something has a wrong form.
        """
        try:
            agents = fields_of(completion, self.completion, given, opened)
        except DataError as error:
            raise DataError(f"{where}: {error}") from None
        return None if agents is None else case_of(given, agents, where)

    def part(self, reward: Reward, key: str) -> float | None:
        """The part of a dimension as a reward of its own.

        Returns:
            None if the case has no reward or the part is missing; 0 for a missing part that counts 0.
        """
        if reward.value is None:
            return None
        return 0.0 if reward.parts[key] is None and self.reward.missing == "zero" else reward.parts[key]

    def of_cases(self, cases: Sequence[Case | None]) -> list[Reward]:
        """The rewards of cases; None is a completion without an answer."""
        return self._spread(cases, self.reward([case for case in cases if case is not None]))

    async def of_cases_async(self, cases: Sequence[Case | None]) -> list[Reward]:
        """The same, for use in a coroutine."""
        return self._spread(cases, await self.reward.rewards([case for case in cases if case is not None]))

    def _spread(self, cases: Sequence[Case | None], found: Sequence[Reward]) -> list[Reward]:
        empty = Reward(0.0, dict.fromkeys(self.keys, 0.0), dict.fromkeys(self.keys, EMPTY))
        judged = iter(found)
        rewards = [empty if case is None else next(judged) for case in cases]
        if without := [reward for reward in rewards if reward.value is None]:
            whys = dict.fromkeys(
                reward.error or "; ".join(f"{key}: {why}" for key, why in reward.missing.items()) for reward in without
            )
            shown = " | ".join(whys)[:_SHOWN]
            _log.warning("%d of %d completions have no reward: %s", len(without), len(rewards), shown)
        return rewards


def _entries(columns: Sequence[Any]) -> list[Any]:
    """What is in the columns one after the other: a trainer may fill the same list again."""
    found: list[Any] = []
    for column in columns:
        found += [*column, _END] if isinstance(column, list | tuple) else [column]
    return found
