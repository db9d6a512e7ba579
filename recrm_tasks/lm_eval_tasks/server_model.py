"""lm-eval's model `recrm-server`: an OpenAI-compatible server, asked once for all one-token answers to a prompt."""

from __future__ import annotations

from inspect import signature
from typing import Any

from lm_eval.utils import simple_parse_args_string

from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.chat_server import ChatServer
from recrm_tasks.lm_eval_tasks.completions_server import CompletionsServer

_MODELS: dict[str, type[ChatServer] | type[CompletionsServer]] = {"chat": ChatServer, "completions": CompletionsServer}
_PATHS = {"chat": "/chat/completions", "completions": "/completions"}
_OF_LM_EVAL = {"device", "max_batch_size"}
"""Arguments that lm-eval's command line gives to every model."""


def arguments_of(model: type) -> set[str]:
    """The names of the arguments that a model and those below it take."""
    makers = (vars(one)["__init__"] for one in model.__mro__ if "__init__" in vars(one))
    found = (parameter for maker in makers for parameter in signature(maker).parameters.values())
    return {one.name for one in found if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)} - {"self"}


class Server:
    """What lm-eval makes the model of."""

    @classmethod
    def create_from_arg_obj(
        cls, arg_dict: dict[str, Any], additional_config: dict[str, Any] | None = None
    ) -> ChatServer | CompletionsServer:
        """Makes the model of `--model_args`: those of lm-eval's `local-completions` or `local-chat-completions`, and
        these.

        Args:
            arg_dict: `base_url`: the server's API, usually ending in `/v1`. `api`: `completions`, whose prompts are
                rendered and tokenized here, or `chat`, whose prompts the server renders.
            additional_config: the command line's batch size and device.

        Raises:
            RecrmError: one of them is missing, unknown or wrong.
        """
        given = {name: value for name, value in (additional_config or {}).items() if value is not None}
        # The tasks' own options may be among the arguments.
        options = {**given, **{name: value for name, value in arg_dict.items() if not name.startswith("recrm_")}}
        url, api = str(options.pop("base_url", "")).rstrip("/"), options.pop("api", None)
        if not url.startswith(("http://", "https://")):
            raise RecrmError("recrm-server needs the address of the server's API: base_url=http://localhost:8000/v1")
        of_url = next((name for name, path in _PATHS.items() if url.endswith(path)), None)
        api = api or of_url or "completions"
        if api not in _PATHS or of_url not in (None, api):
            raise RecrmError(
                f"recrm-server: api must be completions or chat, as in the address, not {api!r} with {url}: leave the "
                "path out of base_url, which then ends in /v1"
            )
        made = _MODELS[api]
        if unknown := set(options) - arguments_of(made) - _OF_LM_EVAL:
            raise RecrmError(f"recrm-server with api={api} has no argument {', '.join(sorted(unknown))}")
        return made(base_url=url.removesuffix(_PATHS[api]) + _PATHS[api], **options)

    @classmethod
    def create_from_arg_string(
        cls, arg_string: str, additional_config: dict[str, Any] | None = None
    ) -> ChatServer | CompletionsServer:
        """The same for `--model_args` as text: `name=value,name=value`."""
        return cls.create_from_arg_obj(simple_parse_args_string(arg_string), additional_config)
