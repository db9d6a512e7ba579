"""The options of rewards, besides those of judges: for `recrm reward` and for the configs of trainers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recrm_tasks.prompting.options import Option, Values, one_of
from recrm_tasks.rewards.combine import MISSING
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
    }.items()
}
"""By name. Their defaults are those of `HybridReward`."""


def reward_from(config: Mapping[str, object], prefix: str = "") -> HybridReward:
    """The reward that a config describes.

    Args:
        config: values by the names of `OPTIONS`, here and in `judge_options`, as a user wrote them.
            None is the default.
        prefix: what the user writes before an option's name, for messages: `--`.

    Raises:
        RecrmError: see `judge_from` and `HybridReward`.

    Example:
        >>> reward = reward_from({"judge": "python:my_judge:answer", "missing": "drop", "weights": "relevance=2"})
    """
    own = {
        name: OPTIONS[name].values.parse(value, prefix + name.replace("_", "-") if prefix else name)
        for name, value in config.items()
        if name in OPTIONS and value is not None
    }
    judge = judge_from({name: value for name, value in config.items() if name not in OPTIONS}, prefix)
    return HybridReward(judge, **own)
