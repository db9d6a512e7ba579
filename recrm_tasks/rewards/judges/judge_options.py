"""The options of judges: each is declared once, for `recrm reward` and for the configs of trainers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks.answers.prompt import ANSWER_TOKENS, MODES
from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.options import SWITCH, TEXT, Option, Values, named, number, one_of
from recrm_tasks.rewards.judges.cached_judge import CachedJudge
from recrm_tasks.rewards.judges.function_judge import FunctionJudge
from recrm_tasks.rewards.judges.gathering_judge import GatheringJudge
from recrm_tasks.rewards.judges.judge import Judge
from recrm_tasks.rewards.judges.named_function import named_function
from recrm_tasks.rewards.judges.reward_model_judge import RewardModelJudge
from recrm_tasks.rewards.judges.server_judge import ServerJudge
from recrm_tasks.rewards.judges.transformers_judge import TransformersJudge

FORMS = "server:URL, hf:PATH, recrm-rm:PATH or python:MODULE:FUNCTION"
"""How a judge is named."""


def _above_zero(value: object) -> float:
    found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
    if not 0 < found < float("inf"):
        raise ValueError
    return found


def _temperature(value: object) -> float | None:
    if value == "none":
        return None
    found = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    if not 0 <= found < float("inf"):
        raise ValueError
    return found


def _fields(value: object) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    if not isinstance(found, Mapping):
        raise ValueError
    return dict(found)


_POSITIVE = Values("float", "a number above 0", _above_zero)
_TEMPERATURE = Values("float | str", "a number from 0, or none to send none", _temperature)
_FIELDS = Values("dict | str", "an object, or one written as JSON", _fields)

OPTIONS = named(
    judge=Option(TEXT, f"Who answers the questions: {FORMS}."),
    model=Option(TEXT, "The model's name on the server."),
    mode=Option(
        one_of(MODES),
        "`generate`: the judge writes its answers. `logprob`: the probabilities of the allowed answers are read.",
        "`generate`; reward models have `logprob` only",
    ),
    name=Option(TEXT, "What results and the cache call the judge.", "the model, with the settings that were changed"),
    cache=Option(
        TEXT,
        "A file that keeps the judge's replies, so that a run goes on where it stopped.",
        "memory only",
    ),
    concurrency=Option(number(1), "The most questions at a time.", "64"),
    timeout=Option(_POSITIVE, "Seconds for one try of a request.", "60"),
    retries=Option(number(0), "Further tries of a request.", "6"),
    max_tokens=Option(
        number(1),
        "The limit of a generated answer; thinking models need thousands.",
        str(ANSWER_TOKENS),
    ),
    temperature=Option(_TEMPERATURE, "Temperature of requests, or `none` to send none.", "0"),
    extra_body=Option(_FIELDS, "Further fields of requests, as JSON."),
    api_key_env=Option(TEXT, "The environment variable with the server's key.", "OPENAI_API_KEY, if it is set"),
    template=Option(_FIELDS, "Arguments of the chat template, as JSON."),
    batch_size=Option(number(1), "The most texts in one pass of a model.", "8; 16 for reward models"),
    device=Option(TEXT, "The torch device.", "the first GPU if there is one"),
    dtype=Option(TEXT, "The type of the weights.", "the one in the model's config"),
    max_length=Option(number(1), "The most tokens of a text.", "the limit in the model's config"),
    classes=Option(TEXT, "The names of a classifier's classes, as in `yes|no`.", "those in the model's config"),
    revision=Option(TEXT, "A branch, tag or commit of the model."),
    trust_remote_code=Option(SWITCH, "Runs code that comes with the model."),
)
"""All options of judges, by name. Their defaults are those of the judges."""
_OF_ALL = ("judge", "cache")


def _server(url: str, model: str | None = None, api_key_env: str | None = None, **options: Any) -> Judge:
    if model is None:
        raise RecrmError(f"model is missing: the name that the server at {url} has for the judge")
    if api_key_env is not None and api_key_env not in os.environ:
        raise RecrmError(f"api_key_env: there is no environment variable {api_key_env}")
    return ServerJudge(model, url, api_key=os.environ[api_key_env] if api_key_env else None, **options)


def _hf(path: str, **options: Any) -> Judge:
    return GatheringJudge(TransformersJudge(path, **options))


def _reward_model(path: str, classes: str | None = None, **options: Any) -> Judge:
    if classes is not None:
        options["classes"] = tuple(classes.split("|"))
    return GatheringJudge(RewardModelJudge(path, **options))


def _python(place: str, **options: Any) -> Judge:
    return FunctionJudge(named_function(place, "judge"), **{"name": place, **options})


class _Kind(NamedTuple):
    make: Callable[..., Judge]
    options: tuple[str, ...]


_MODEL = ("name", "batch_size", "device", "dtype", "revision", "trust_remote_code")
_KINDS = {
    "server": _Kind(
        _server,
        (
            "model", "mode", "name", "concurrency", "timeout", "retries", "max_tokens", "temperature", "extra_body",
            "api_key_env",
        ),
    ),
    "hf": _Kind(_hf, ("mode", *_MODEL, "max_tokens", "template")),
    "recrm-rm": _Kind(_reward_model, (*_MODEL, "max_length", "classes")),
    "python": _Kind(_python, ("mode", "name", "concurrency")),
}  # fmt: skip


def judge_from(config: Mapping[str, object], prefix: str = "") -> Judge:
    """The judge that a config describes, with a cache. Local models are asked through a `GatheringJudge`.

    Args:
        config: values by the names of `OPTIONS`, as a user wrote them; `judge` is needed. None is the default.
        prefix: what the user writes before an option's name, for messages: `--`.

    Raises:
        RecrmError: an option is unknown, has a value that is not allowed or is not one of this judge's, or the judge
            cannot be made.

    Example:
        >>> judge = judge_from({"judge": "server:http://127.0.0.1:8000/v1", "model": "Qwen/Qwen3-8B"})
    """

    def shown(name: str) -> str:
        return prefix + (name.replace("_", "-") if prefix else name)

    if unknown := [name for name in config if name not in OPTIONS]:
        raise RecrmError(
            f"unknown option {', '.join(map(shown, unknown))}: the options of judges are "
            f"{', '.join(map(shown, OPTIONS))}"
        )
    values = {
        name: OPTIONS[name].values.parse(value, shown(name)) for name, value in config.items() if value is not None
    }
    if "judge" not in values:
        raise RecrmError(f"{shown('judge')} is missing: {FORMS}")
    kind, _, what = values["judge"].partition(":")
    if kind not in _KINDS or not what:
        raise RecrmError(f"{shown('judge')} must be {FORMS}, not {values['judge']!r}")
    own = {name: value for name, value in values.items() if name not in _OF_ALL}
    if foreign := [name for name in own if name not in _KINDS[kind].options]:
        raise RecrmError(
            f"{shown(foreign[0])} is no option of a judge {kind}:…, which has "
            f"{', '.join(map(shown, _KINDS[kind].options))}"
        )
    cache = values.get("cache")
    return CachedJudge(_KINDS[kind].make(what, **own), path=None if cache is None else Path(cache))
