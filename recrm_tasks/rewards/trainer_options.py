"""reward.yaml: the judge and the options of a reward, for trainers that load a function from a file."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import yaml

from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.options import TEXT, Option, Values
from recrm_tasks.rewards.agent_turn import READINGS, Reading
from recrm_tasks.rewards.batch_reward import BatchReward
from recrm_tasks.rewards.gold_reward import gold_from
from recrm_tasks.rewards.judges.named_function import named_function
from recrm_tasks.rewards.reward_options import reward_from

VARIABLE = "RECRM_REWARD"
"""The environment variable with the path of the file."""

Config: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"
"""The path of the file, or what is in it."""

GOLD = "gold"
"""The judge of completions that are verdicts themselves: the right answer, see `GoldReward`."""
_LOADED = ("hf:", "recrm-rm:")
"""How judges begin whose model is loaded by each process that asks them."""


def _finite(value: object) -> float:
    found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    if not math.isfinite(found):
        raise ValueError
    return found


OPTIONS: dict[str, Option] = {
    "completion": Option(
        TEXT, "What a completion is: `response`, `items`, or python:MODULE:FUNCTION.", "response", name="completion"
    ),
    "no_reward": Option(
        Values("float", "a finite number", _finite),
        "What stands for a missing reward or part, where a trainer wants numbers.",
        "0",
        name="no_reward",
    ),
}
"""By name; those of `judge_options` and `reward_options` beside them."""


class TrainerReward(NamedTuple):
    """What a config declares."""

    batch: BatchReward
    no_reward: float


class TrainerConfig(NamedTuple):
    """A config that was read, and not yet checked."""

    options: dict[str, Any]
    source: str
    """What errors begin with."""

    @property
    def loads_a_model(self) -> bool:
        """Whether each process that asks the judge loads its model."""
        return str(self.options.get("judge")).startswith(_LOADED)

    def reward(self, **fixed: object) -> TrainerReward:
        """The reward. A process has one object, and so one judge, for equal configs.

        Args:
            fixed: options that are not the user's to choose.

        Raises:
            RecrmError: an option is not allowed, or the judge cannot be used.
        """
        try:
            return _made(json.dumps({**self.options, **fixed}, sort_keys=True))
        except TypeError as error:  # such as a date, which YAML makes of some texts
            raise RecrmError(f"{self.source}: a value is no text, number, list or object: {error}") from None
        except RecrmError as error:
            raise type(error)(f"{self.source}: {error}") from None


def read_config(config: Config | None = None) -> TrainerConfig:
    """Reads a config; a file is read once in a process.

    Args:
        config: see `Config`; by default the file that the environment variable RECRM_REWARD names.

    Raises:
        RecrmError: there is none, or it cannot be read.
    """
    config = config or os.environ.get(VARIABLE)
    if config is None:
        raise RecrmError(f"no judge is declared: set {VARIABLE} to the path of a reward.yaml, see docs/rewards.md")
    if isinstance(config, Mapping):
        return TrainerConfig(_plain(config), "config")
    file = Path(config).absolute()
    return TrainerConfig(_file(file), str(file))


@cache
def _file(file: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecrmError(f"{file}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecrmError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(found, dict):
        raise RecrmError(f"{file}: must have a line per option, such as `judge: server:http://127.0.0.1:8000/v1`")
    return found


def completion_and_no_reward(config: Mapping[str, object], prefix: str = "") -> tuple[Reading, float]:
    """What completions are, and what stands for no reward.

    Args:
        config: values by the names of `OPTIONS`, as a user wrote them; other names are passed over.
        prefix: what the user writes before an option's name, for messages: `--`.

    Raises:
        RecrmError: a value is not allowed.
    """
    own = {
        name: OPTIONS[name].values.parse(config[name], prefix + name.replace("_", "-") if prefix else name)
        for name in OPTIONS
        if config.get(name) is not None
    }
    reading: Reading = own.get("completion", "response")
    if isinstance(reading, str) and reading.startswith("python:"):
        reading = named_function(reading.removeprefix("python:"), "completion")
    if not callable(reading) and reading not in READINGS:
        raise RecrmError(f"{prefix}completion must be {', '.join(READINGS)} or python:MODULE:FUNCTION, not {reading!r}")
    return reading, own.get("no_reward", 0.0)


@cache
def _made(config: str) -> TrainerReward:
    options = json.loads(config)
    reading, no_reward = completion_and_no_reward(options)
    others = {name: value for name, value in options.items() if name not in OPTIONS}
    reward = gold_from(others) if others.get("judge") == GOLD else reward_from(others)
    return TrainerReward(BatchReward(reward, reading), no_reward)


def _plain(value: Any) -> Any:
    """Dictionaries and lists for those of OmegaConf, which verl hands over."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, Sequence) and not isinstance(value, str) else value
