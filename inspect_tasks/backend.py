"""The model of a run: Inspect creates it before the task."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import GenerateConfig, Model
from inspect_ai.model._generate_config import active_generate_config
from inspect_ai.model._model import active_model

from inspect_tasks.reward_model import PROVIDER
from inspect_tasks.users_folder import from_users_folder
from recrm_tasks.answers.prompt import Reads, Style
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.trained_as import asked_as_trained
from recrm_tasks.prompting import Backend
from recrm_tasks.prompting.options import AnyOptions
from recrm_tasks.prompting.tokens import tokens_of

_LOADING = ("revision", "trust_remote_code")
_NO_TEMPLATE = "{% for turn in messages %}{{ turn.role }}: {{ turn.content }}\n{% endfor %}"
"""What Inspect sends with `use_chat_template=false`."""


def active_backend(enable_thinking: bool | None = None, style: Style = "completion") -> Backend:
    """The tokenizer and the context of the model, and how its chat template is applied.

    Args:
        enable_thinking: as `thinking_choice` returns it.
        style: of the prompts.

    Raises:
        RecrmError: an `hf/` model has no chat template, and the prompts are for chat models.
    """
    model = active_model()
    choice = (("enable_thinking", enable_thinking),)
    given = choice if enable_thinking is not None else ()
    if model is None or provider_of(model) not in ("hf", "vllm", "sglang", PROVIDER):
        return Backend(template=given)
    _refuse_without_vllm(model)
    arguments = model.model_args
    names = (arguments.get(name) for name in ("tokenizer_path", "tokenizer", "model_path"))
    known = Backend(
        tokenizer=from_users_folder(next((name for name in names if isinstance(name, str)), model.name)),
        context=arguments.get("max_model_len") or arguments.get("max_length"),
        options=tuple((name, arguments[name]) for name in _LOADING if name in arguments),
        template=(*(choice if provider_of(model) == "hf" else given), *_other_template(arguments)),
    )
    if style == "chat" and provider_of(model) == "hf" and not {"chat_template", "use_chat_template"} & arguments.keys():
        assert known.tokenizer is not None
        loaded = getattr(model.api, "tokenizer", None) or tokens_of(known.tokenizer, known.options)
        if not loaded.chat_template:
            raise RecrmError(f"{known.tokenizer} has no chat template, so it is a base model: add -T style=completion")
    return known


def _refuse_without_vllm(model: Model) -> None:
    """Inspect starts vLLM's server with the first sample only: without vLLM that ends in 130 lines and exit code 0.

    Raises:
        RecrmError: `vllm/` has to start a server, and vLLM is not installed.
    """
    # Where another version of Inspect keeps no such address, it reports the missing package itself.
    address = getattr(model.api, "_init_base_url", "unknown") or os.environ.get("VLLM_BASE_URL")
    if provider_of(model) == "vllm" and not address and find_spec("vllm") is None:
        raise RecrmError(
            f"{model}: vLLM is not installed here: pip install vllm. For a server that runs already: "
            "--model-base-url http://HOST:PORT/v1"
        )


def _other_template(arguments: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The chat template that the user chose instead of the model's own: its text, or a file for servers."""
    if arguments.get("use_chat_template") is False:
        return (("chat_template", _NO_TEMPLATE),)
    given = arguments.get("chat_template")
    if not isinstance(given, str):
        return ()
    path = Path(from_users_folder(given)) if "{" not in given else None
    return (("chat_template", path.read_text(encoding="utf-8") if path and path.is_file() else given),)


def thinking_choice(enable_thinking: bool | None) -> bool | None:
    """Whether the model should think: the task's option, else the model argument, else None.

    Raises:
        RecrmError: the task's option cannot be passed to the model.
    """
    model = active_model()
    given: bool | None = model.model_args.get("enable_thinking") if model else None
    if enable_thinking is None:
        return given
    if model is not None and provider_of(model) == "hf" and given != enable_thinking:
        raise RecrmError(
            "Inspect's hf/ takes enable_thinking as a model argument: "
            f"-M enable_thinking={str(enable_thinking).lower()}"
        )
    return enable_thinking


def extra_body(enable_thinking: bool | None) -> dict[str, Any] | None:
    """The extra fields of requests to a server: vLLM and SGLang pass them on to the chat template."""
    model = active_model()
    if enable_thinking is None or model is None or provider_of(model) == "hf":
        return None
    return {"chat_template_kwargs": {"enable_thinking": enable_thinking}}


def is_reward_model() -> bool:
    """Whether the model is one of `recrm-rm`, this package's own provider."""
    model = active_model()
    return model is not None and provider_of(model) == PROVIDER


def reward_engine() -> str | None:
    """The engine of a reward model and its version; None for other models."""
    model = active_model()
    if model is None or not is_reward_model():
        return None
    api: Any = model.api
    return str(api.engine)


def decoding(config: GenerateConfig, model: Model | None = None) -> str | None:
    """How `hf/` chooses tokens, for the log. By itself it samples, and fails at temperature 0, which the tasks set. Of
    other providers the temperature says it: None.

    Args:
        config: the task's settings, or the model's own; those of the run are merged into them.
        model: the model; by default the active one.

    Raises:
        RecrmError: what the user says of sampling contradicts the temperature.
    """
    model = model or active_model()
    if model is None or provider_of(model) != "hf":
        return None
    config = config.merge(active_generate_config())
    sampled = model.model_args.get("do_sample")
    if sampled and config.temperature == 0:
        raise RecrmError("-M do_sample=true needs a --temperature above 0; without either, the model is asked greedily")
    if sampled is False and config.temperature:
        raise RecrmError(f"--temperature {config.temperature:g} has no effect with -M do_sample=false: leave one out")
    if config.temperature == 0 or sampled is False:
        return "greedy"
    return "sampled" if config.temperature is None else f"sampled at temperature {config.temperature:g}"


def use_our_hf(model: Model) -> None:
    """Replaces Inspect's `hf/` by the one of this package; see `hf_model`. Other providers stay.

    Raises:
        PrerequisiteError: as in `decoding`. It is known only now if the task was made before the model.
    """
    if provider_of(model) != "hf":
        return
    try:
        decoding(model.config, model)
    except RecrmError as error:
        raise PrerequisiteError(str(error)) from None
    from inspect_tasks.hf_model import HuggingFaceAnswers  # needs torch

    HuggingFaceAnswers.of(model)


def as_trained(dimension: str, options: AnyOptions) -> tuple[Reads, AnyOptions]:
    """What the model reads, and the options with those that a reward model was trained with.

    Raises:
        RecrmError: the model cannot read what the user says.
    """
    model = active_model()
    if model is None or not is_reward_model():
        return "letters", options
    path = from_users_folder(model.name)
    given = model.model_args
    return asked_as_trained(path, given.get("revision"), given.get("reads"), dimension, options)


def provider_of(model: Model) -> str:
    """The name before the first slash: `hf`, `vllm`, `openai-api`, …"""
    return str(model).partition("/")[0]
