"""A plugin for ms-swift: `recrm` is the hybrid reward, `recrm_<dimension>` a part, `recrm_failed` counts failures.

    swift rlhf --rlhf_type grpo --external_plugins plugin.py --reward_funcs recrm …    # plugin.py imports this module

The file in RECRM_REWARD declares the judge. ms-swift logs the mean of each function. At weight 0 it does nothing else:
`--reward_funcs recrm recrm_factual recrm_failed --reward_weights 1 0 0`.

ms-swift counts None as 0, also where all functions return it. So a completion without a reward gets the mean of the
others of its prompt, with which it has the advantage 0: it does not train.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from swift.rewards import ORM, orms

from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards.reward import Reward
from recrm_tasks.rewards.trainer_options import read_config


class RecRM(ORM):
    """The hybrid reward. All functions of a process ask about a batch once."""

    key: str | None = None
    """The dimension of the part; None is the hybrid reward. A part has no value where the hybrid reward has none."""

    def __init__(self, args: Any = None, **options: Any) -> None:
        super().__init__(args, **options)
        self.reward = read_config().reward().batch
        if self.key is not None and self.key not in self.reward.keys:
            raise RecrmError(f"recrm_{self.key}: {self.key} is not one of the dimensions {', '.join(self.reward.keys)}")

    def __call__(
        self, completions: Sequence[Any], prompt_id: Sequence[str] | None = None, **columns: Any
    ) -> list[float | None]:
        """A number for each completion; None if no completion of its prompt has one."""
        values = [self.value(one) for one in self.reward(completions, columns)]
        return values if prompt_id is None else _filled(values, prompt_id)

    def value(self, reward: Reward) -> float | None:
        """The number of one completion; None if there is none."""
        return reward.value if self.key is None else self.reward.part(reward, self.key)


class RecRM_failed(RecRM):
    """1 for a completion without a reward: the judge did not answer, or a part is missing; 0 for the others."""

    def value(self, reward: Reward) -> float | None:
        """See `RecRM.value`."""
        return float(reward.value is None)


def _filled(values: Sequence[float | None], prompts: Sequence[str]) -> list[float | None]:
    known: dict[str, list[float]] = {}
    for value, prompt in zip(values, prompts, strict=True):
        if value is not None:
            known.setdefault(prompt, []).append(value)
    means = {prompt: math.fsum(group) / len(group) for prompt, group in known.items()}
    return [means.get(prompt) if value is None else value for value, prompt in zip(values, prompts, strict=True)]


def _part(key: str) -> type[RecRM]:
    """A class of its own, whose name ms-swift logs; in this module, so that its objects pickle."""
    name = f"RecRM_{key}"
    globals()[name] = type(name, (RecRM,), {"key": key, "__module__": __name__, "__doc__": f"The part {key}."})
    return globals()[name]  # type: ignore[no-any-return]


orms["recrm"] = RecRM
orms["recrm_failed"] = RecRM_failed
orms.update({f"recrm_{key}": _part(key) for key in dimensions()})
