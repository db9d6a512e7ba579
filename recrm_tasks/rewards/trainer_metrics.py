"""Rewards -> numbers for a trainer's log."""

from __future__ import annotations

import math
from collections.abc import Sequence

from recrm_tasks.rewards.batch_reward import EMPTY, BatchReward
from recrm_tasks.rewards.reward import Reward


def batch_metrics(rewards: Sequence[Reward], keys: Sequence[str]) -> dict[str, float]:
    """Numbers for a trainer's log: the mean of each part where it is known, and shares of the batch.

    Args:
        rewards: of a batch, not empty.
        keys: the dimensions.

    Returns:
        `recrm/<dimension>`, without those that no completion has; `recrm/missing/<dimension>`: not asked or unreadable,
        also where it counts 0; `recrm/failed`: the judge did not answer; `recrm/empty`: the completion has no answer.
    """
    found: dict[str, float] = {}
    for key in keys:
        known = [part for reward in rewards if (part := reward.parts[key]) is not None]
        if known:
            found[f"recrm/{key}"] = math.fsum(known) / len(known)
        found[f"recrm/missing/{key}"] = sum(key in reward.missing for reward in rewards) / len(rewards)
    found["recrm/failed"] = sum(reward.error is not None for reward in rewards) / len(rewards)
    found["recrm/empty"] = sum(EMPTY in reward.missing.values() for reward in rewards) / len(rewards)
    return found


def row_metrics(reward: Reward, batch: BatchReward, no_reward: float) -> dict[str, float]:
    """Numbers of one completion for trainers that want the same keys in each row, and a number under each.

    Args:
        reward: of the completion.
        batch: whose it is.
        no_reward: what stands for a part that is missing and does not count 0, and for all parts where there is no
            reward.

    Returns:
        `recrm_<dimension>`; `recrm_missing`: how many parts are; `recrm_failed`: 1 if the judge did not answer.
    """
    known = {key: batch.part(reward, key) for key in batch.keys}
    found = {f"recrm_{key}": no_reward if part is None else part for key, part in known.items()}
    return {**found, "recrm_missing": float(len(reward.missing)), "recrm_failed": float(reward.error is not None)}
