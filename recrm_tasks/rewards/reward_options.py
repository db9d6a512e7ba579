"""The options of rewards, besides those of judges: for `recrm reward` and for the configs of trainers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.options import SWITCH, Option, Values, named, one_of
from recrm_tasks.rewards.combine import MISSING
from recrm_tasks.rewards.episode import OVER, EpisodeRewards
from recrm_tasks.rewards.hybrid_reward import ON_ERROR, HybridReward
from recrm_tasks.rewards.judges import judge_options
from recrm_tasks.scoring.aggregate.forms import DEFAULT, FORMS


def _keys(value: object) -> tuple[str, ...]:
    found = value.split(",") if isinstance(value, str) else value
    if not isinstance(found, Sequence) or not found or not all(isinstance(key, str) and key for key in found):
        raise ValueError
    return tuple(dict.fromkeys(found))


def _weights(value: object) -> dict[str, float]:
    if isinstance(value, str):
        value = dict(part.split("=") for part in value.split(","))
    if not isinstance(value, Mapping) or not all(isinstance(one, str | int | float) for one in value.values()):
        raise ValueError
    return {str(key): float(weight) for key, weight in value.items()}


def _share(value: object) -> float:
    found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    if not 0 <= found <= 1:
        raise ValueError
    return found


OPTIONS = named(
    form=Option(one_of(tuple(FORMS)), f"How the parts are combined: {', '.join(FORMS)}.", DEFAULT),
    weights=Option(
        Values("dict | str", "DIMENSION=NUMBER, for several with commas", _weights),
        "Other weights than 1: `DIMENSION=NUMBER`, for several with commas.",
    ),
    dimensions=Option(
        Values("list | str", "keys of dimensions, for several with commas", _keys),
        "Which dimensions are asked, with commas.",
        "those of the suite `recrm`",
    ),
    missing=Option(
        one_of(MISSING),
        "What a part does that could not be asked or read: `none` (there is no reward), `drop` (the form is of the "
        "other parts), `zero`.",
        "none",
    ),
    on_error=Option(
        one_of(ON_ERROR),
        "What happens where the judge does not answer: `raise` (an error), `none` (a case without a reward).",
        "raise",
    ),
    soft=Option(
        SWITCH,
        "The part of a label is its expected value by the judge's probabilities, not the value of the most probable "
        "one. Only in mode `logprob`.",
    ),
)
"""By name. Their defaults are those of `HybridReward`."""

EPISODE_OPTIONS = named(
    over=Option(
        one_of(OVER),
        "How the rewards of an episode's steps make that of the whole: `sum`, `mean`, `last`, or `discount` "
        "(the sum of discount ** step * reward).",
        "mean",
    ),
    discount=Option(Values("float", "a number from 0 to 1", _share), "The discount of a step.", "0.99"),
)
"""By name. Their defaults are those of `EpisodeRewards`."""


def reward_from(config: Mapping[str, object], prefix: str = "") -> HybridReward:
    """The reward that a config describes.

    Args:
        config: values by the names of `OPTIONS`, here and in `judge_options`, as a user wrote them. None is the
            default.
        prefix: what the user writes before an option's name, for messages: `--`.

    Raises:
        RecrmError: see `judge_from` and `HybridReward`.

    Example:
        >>> reward = reward_from({"judge": "python:my_judge:answer", "missing": "drop", "weights": "relevance=2"})
    """
    if unknown := [name for name in config if name not in OPTIONS and name not in judge_options.OPTIONS]:
        known = ", ".join(_shown(name, prefix) for name in (*OPTIONS, *judge_options.OPTIONS))
        raise RecrmError(f"unknown option {_shown(unknown[0], prefix)}: the options are {known}")
    own = _parsed(OPTIONS, config, prefix)  # first: a judge may take a minute to load
    judge = judge_options.judge_from({name: value for name, value in config.items() if name not in OPTIONS}, prefix)
    return HybridReward(judge, **own)


def rewards_from(config: Mapping[str, object], prefix: str = "") -> EpisodeRewards:
    """The same with the options of `EPISODE_OPTIONS`: the rewards of episodes, and of cases as their field `reward`.

    Raises:
        RecrmError: see `reward_from` and `EpisodeRewards`.
    """
    of_episodes = _parsed(EPISODE_OPTIONS, config, prefix)
    if "discount" in of_episodes and of_episodes.get("over") != "discount":
        raise RecrmError(f"{_shown('discount', prefix)} needs {_shown('over', prefix)} to be discount")
    rest = {name: value for name, value in config.items() if name not in EPISODE_OPTIONS}
    return EpisodeRewards(reward_from(rest, prefix), **of_episodes)


def _parsed(options: Mapping[str, Option], config: Mapping[str, object], prefix: str) -> dict[str, Any]:
    return {
        name: options[name].values.parse(value, _shown(name, prefix))
        for name, value in config.items()
        if name in options and value is not None
    }


def _shown(name: str, prefix: str) -> str:
    """An option's name as the user writes it."""
    return prefix + (name.replace("_", "-") if prefix else name)
