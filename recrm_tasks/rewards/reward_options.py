"""The options of rewards, besides those of judges: for `recrm reward` and for the configs of trainers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recrm_tasks.prompting.options import Option, Values, one_of
from recrm_tasks.rewards.combine import MISSING
from recrm_tasks.rewards.episode import OVER, EpisodeRewards
from recrm_tasks.rewards.hybrid_reward import ON_ERROR, HybridReward
from recrm_tasks.rewards.judge_options import judge_from
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


OPTIONS: dict[str, Option] = {
    name: Option(*declared, name=name)
    for name, declared in {
        "form": (one_of(tuple(FORMS)), f"How the parts are combined: {', '.join(FORMS)}.", DEFAULT),
        "weights": (
            Values("dict | str", "DIMENSION=NUMBER, for several with commas", _weights),
            "Other weights than 1: `DIMENSION=NUMBER`, for several with commas.",
        ),
        "dimensions": (
            Values("list | str", "keys of dimensions, for several with commas", _keys),
            "Which dimensions are asked, with commas.",
            "those of the suite `recrm`",
        ),
        "missing": (
            one_of(MISSING),
            "What a part does that could not be asked or read: `none` (there is no reward), `drop` (the form is of the "
            "other parts), `zero`.",
            "none",
        ),
        "on_error": (
            one_of(ON_ERROR),
            "What happens where the judge does not answer: `raise` (an error), `none` (a case without a reward).",
            "raise",
        ),
        "over": (
            one_of(OVER),
            "How the rewards of an episode's steps make that of the whole: `sum`, `mean`, `last`, or `discount` "
            "(the sum of discount ** step * reward).",
            "mean",
        ),
        "discount": (Values("float", "a number from 0 to 1", _share), "The discount of a step.", "0.99"),
    }.items()
}
"""By name. Their defaults are those of `HybridReward` and `EpisodeRewards`."""
_OF_EPISODES = ("over", "discount")


def rewards_from(config: Mapping[str, object], prefix: str = "") -> EpisodeRewards:
    """The rewards that a config describes: of episodes, and of cases as their field `reward`.

    Args:
        config: values by the names of `OPTIONS`, here and in `judge_options`, as a user wrote them. None is the
            default.
        prefix: what the user writes before an option's name, for messages: `--`.

    Raises:
        RecrmError: see `judge_from`, `HybridReward` and `EpisodeRewards`.

    Example:
        >>> rewards = rewards_from({"judge": "python:my_judge:answer", "missing": "drop", "weights": "relevance=2"})
    """
    own = {
        name: OPTIONS[name].values.parse(value, prefix + name.replace("_", "-") if prefix else name)
        for name, value in config.items()
        if name in OPTIONS and value is not None
    }
    of_episodes = {name: own.pop(name) for name in _OF_EPISODES if name in own}
    judge = judge_from({name: value for name, value in config.items() if name not in OPTIONS}, prefix)
    return EpisodeRewards(HybridReward(judge, **own), **of_episodes)
