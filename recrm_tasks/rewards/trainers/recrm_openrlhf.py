"""The reward function for OpenRLHF: `--reward.remote_url reward.py`, a file with these lines

    from recrm_tasks.rewards.trainers.recrm_openrlhf import OpenRLHFReward
    reward_func = OpenRLHFReward("reward.yaml")

The label (`--data.label_key`) has the fields of the case: an object, or JSON text of one.

OpenRLHF calls the function for one query at a time, from threads. Their questions are asked together: a judge on a
server, and the `GatheringJudge` of a model in this process, serve all threads. OpenRLHF only logs exceptions, and then
has no reward to train with. So nothing is raised once the file is loaded: a query without a reward gets the number
`no_reward`, and `recrm_failed` or `recrm_missing` count it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from recrm_tasks.answers.thinking import left_open
from recrm_tasks.errors import DataError
from recrm_tasks.rewards.columns import fields
from recrm_tasks.rewards.reward import Reward
from recrm_tasks.rewards.trainer_metrics import row_metrics
from recrm_tasks.rewards.trainer_options import Config, read_config

_log = logging.getLogger(__name__)

_LEAST = 16
"""Characters of a prompt's end that are enough to find where the answer begins."""
END = 300
"""Characters at a prompt's end that may open a thinking section."""


class OpenRLHFReward:
    """The function that OpenRLHF calls. It pickles if the judge does.

    Args:
        config: the path of a reward.yaml, or what is in it; by default the environment variable RECRM_REWARD names it.
            `on_error` is `none`, whatever it says.

    Raises:
        RecrmError: the config cannot be read, an option is not allowed, or the judge cannot be used.
    """

    def __init__(self, config: Config | None = None) -> None:
        self.reward, self.no_reward = read_config(config).reward(on_error="none")

    def __call__(self, queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any]) -> dict[str, Any]:
        """The rewards of some queries.

        Args:
            queries: prompts with their answers, with special tokens.
            prompts: the prompts.
            labels: fields of cases.

        Returns:
            `rewards` and `scores`, and `extra_logs` with the numbers of `row_metrics`: tensors, one number per query.
        """
        import torch

        found = [self._reward(*one) for one in zip(queries, prompts, labels, strict=True)]
        rewards = torch.tensor([self.no_reward if one.value is None else one.value for one in found])
        rows = [row_metrics(one, self.reward, self.no_reward) for one in found]
        logs = {name: torch.tensor([row[name] for row in rows]) for name in (rows[0] if rows else ())}
        return {"rewards": rewards, "scores": rewards, "extra_logs": logs}

    def _reward(self, query: str, prompt: str, label: Any) -> Reward:
        try:
            opened = left_open(prompt[-END:])
            case = self.reward.case(answer_of(query, prompt), fields(label, "label"), "query", opened)
            (found,) = self.reward.of_cases([case])
            return found
        except Exception as error:  # OpenRLHF would only log it
            _log.warning("a query has no reward: %s: %s", type(error).__name__, error)
            keys = self.reward.keys
            return Reward(None, dict.fromkeys(keys), dict.fromkeys(keys, str(error)), error=str(error))


def answer_of(query: str, prompt: str) -> str:
    """What follows the prompt in a query. A prompt that was too long has lost its beginning there.

    Raises:
        DataError: the query does not begin with the prompt or its end.
    """
    if query.startswith(prompt):
        return query[len(prompt) :]
    # A character that was cut in the middle is decoded as U+FFFD.
    shortened = query.lstrip("\ufffd")
    common = _overlap(prompt[1:], shortened)
    if common >= _LEAST:
        return shortened[common:]
    raise DataError(f"the query does not begin with its prompt: {query[:80]!r}")


def _overlap(before: str, after: str) -> int:
    """Characters of the longest end of one text that the other begins with, in linear time (Knuth, Morris, Pratt)."""
    pattern = after[: len(before)]
    if not pattern:
        return 0
    borders = [0] * len(pattern)
    length = 0
    for place in range(1, len(pattern)):
        while length and pattern[place] != pattern[length]:
            length = borders[length - 1]
        length += pattern[place] == pattern[length]
        borders[place] = length
    length = 0
    for char in before[-len(pattern) :]:
        while length and (length == len(pattern) or char != pattern[length]):
            length = borders[length - 1]
        length += char == pattern[length]
    return length
