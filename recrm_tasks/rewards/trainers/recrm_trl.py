"""Reward functions for TRL's `GRPOTrainer`.

    GRPOTrainer(reward_funcs=hybrid_reward(reward), …)    # one number; its parts are logged
    GRPOTrainer(reward_funcs=part_rewards(reward), …)     # a function per dimension, which TRL weights and normalises

On the command line: `trl grpo --reward_funcs recrm_tasks.rewards.trainers.recrm_trl.recrm`.

TRL calls them with the completions and the columns of the data set, and reads None as no reward: a completion for
which all functions return None does not train.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from recrm_tasks.rewards.agent_turn import Reading
from recrm_tasks.rewards.batch_reward import BatchReward
from recrm_tasks.rewards.hybrid_reward import HybridReward
from recrm_tasks.rewards.trainer_metrics import batch_metrics
from recrm_tasks.rewards.trainer_options import read_config


class TRLReward:
    """The hybrid reward, or a part of it, as a reward function.

    Args:
        reward: of a batch. Functions that share it ask about a batch once.
        key: the dimension of the part; None is the hybrid reward. A part has no value where the hybrid reward has none.
        logs: whether it logs what `batch_metrics` counts, and shows the parts beside the completions.
    """

    def __init__(self, reward: BatchReward, key: str | None = None, logs: bool = True) -> None:
        self.reward = reward
        self.key = key
        self.logs = logs
        self.__name__ = "recrm" if key is None else f"recrm_{key}"  # what TRL's log calls it

    def __call__(
        self,
        completions: Sequence[Any],
        log_metric: Callable[[str, float], None] | None = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """A number for each completion; None is no reward."""
        rewards = self.reward(completions, columns)
        if self.logs and log_metric is not None and rewards:
            for name, value in batch_metrics(rewards, self.reward.keys).items():
                log_metric(name, value)
        if self.logs and log_extra is not None:
            for key in self.reward.keys:
                log_extra(f"part {key}", [one.parts[key] for one in rewards])
        if self.key is None:
            return [one.value for one in rewards]
        return [self.reward.part(one, self.key) for one in rewards]


def hybrid_reward(reward: HybridReward, completion: Reading = "response") -> TRLReward:
    """The hybrid reward as one reward function.

    Args:
        reward: what a case is worth. With `on_error="none"` a completion that the judge did not answer about has no
            reward; otherwise training stops.
        completion: what a completion is, see `BatchReward`.

    Example:
        >>> from recrm_tasks.rewards import FunctionJudge, HybridReward
        >>> function = hybrid_reward(HybridReward(FunctionJudge(lambda prompt: "A"), dimensions=["instruction"]))
        >>> function(completions=["Park Hotel."], instruction=["Name one hotel."], query=["a hotel"])
        [1.0]
    """
    return TRLReward(BatchReward(reward, completion))


def part_rewards(reward: HybridReward, completion: Reading = "response") -> list[TRLReward]:
    """A reward function per dimension, in the order of `reward.dimensions`.

    TRL weights them by `reward_weights`. With `multi_objective_aggregation="normalize_then_sum"` it normalises each
    within its group. The form and the weights of `reward` have no effect.

    Args:
        reward: what a case is worth.
        completion: what a completion is, see `BatchReward`.
    """
    shared = BatchReward(reward, completion)
    return [TRLReward(shared, key, logs=key == shared.keys[0]) for key in shared.keys]


def recrm(completions: Sequence[Any], **columns: Any) -> list[float | None]:
    """The reward that the file in RECRM_REWARD declares, for command lines."""
    return TRLReward(read_config().reward().batch)(completions, **columns)
