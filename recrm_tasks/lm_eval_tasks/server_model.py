"""lm-eval's model `recrm-server`: an OpenAI-compatible server, asked once for all one-token answers to a prompt."""

from __future__ import annotations

from typing import Any

from lm_eval.utils import simple_parse_args_string

from recrm_tasks.errors import RecrmError
from recrm_tasks.lm_eval_tasks.chat_server import ChatServer
from recrm_tasks.lm_eval_tasks.completions_server import CompletionsServer

_PATHS = {"chat": "/chat/completions", "completions": "/completions"}


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
            RecrmError: one of them is missing or wrong.
        """
        given = {name: value for name, value in (additional_config or {}).items() if value is not None}
        options = {**given, **arg_dict}
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
        root = url.removesuffix(_PATHS[api])
        made = ChatServer if api == "chat" else CompletionsServer
        return made(base_url=root + _PATHS[api], **options)

    @classmethod
    def create_from_arg_string(
        cls, arg_string: str, additional_config: dict[str, Any] | None = None
    ) -> ChatServer | CompletionsServer:
        """The same for `--model_args` as text: `name=value,name=value`."""
        return cls.create_from_arg_obj(simple_parse_args_string(arg_string), additional_config)
