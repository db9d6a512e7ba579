"""The model of a run: Inspect creates it before the task."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inspect_ai.model import Model
from inspect_ai.model._model import active_model

from inspect_tasks.reward_model import PROVIDER
from inspect_tasks.users_folder import from_users_folder
from recrm_tasks.answers.prompt import Reads
from recrm_tasks.errors import RecrmError
from recrm_tasks.models.trained_as import asked_as_trained
from recrm_tasks.prompting import Backend
from recrm_tasks.prompting.options import AnyOptions
from recrm_tasks.prompting.tokens import tokens_of

_LOADING = ("revision", "trust_remote_code")
_NO_TEMPLATE = "{% for turn in messages %}{{ turn.role }}: {{ turn.content }}\n{% endfor %}"
"""What Inspect sends with `use_chat_template=false`."""


def active_backend(enable_thinking: bool | None = None) -> Backend:
    """The tokenizer and the context of the model, and how its chat template is applied.

    Args:
        enable_thinking: as `thinking_choice` returns it.

    Raises:
        RecrmError: an `hf/` model has no chat template, so Inspect would use its own.
    """
    model = active_model()
    choice = (("enable_thinking", enable_thinking),)
    given = choice if enable_thinking is not None else ()
    if model is None or provider_of(model) not in ("hf", "vllm", "sglang", PROVIDER):
        return Backend(template=given)
    arguments = model.model_args
    names = (arguments.get(name) for name in ("tokenizer_path", "tokenizer", "model_path"))
    known = Backend(
        tokenizer=from_users_folder(next((name for name in names if isinstance(name, str)), model.name)),
        context=arguments.get("max_model_len") or arguments.get("max_length"),
        options=tuple((name, arguments[name]) for name in _LOADING if name in arguments),
        template=(*(choice if provider_of(model) == "hf" else given), *_other_template(arguments)),
    )
    if provider_of(model) == "hf" and not {"chat_template", "use_chat_template"} & arguments.keys():
        assert known.tokenizer is not None
        loaded = getattr(model.api, "tokenizer", None) or tokens_of(known.tokenizer, known.options)
        if not loaded.chat_template:
            raise RecrmError(
                f"{known.tokenizer} has no chat template, so it is a base model: add -T style=completion and "
                """-M 'chat_template="{{ messages[0].content }}"', which passes the text on unchanged"""
            )
    return known


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
