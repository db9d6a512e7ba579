"""The model's tokenizer and context, from lm-eval's model arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recrm_tasks.prompting import Backend

_LOADING = ("revision", "trust_remote_code", "gguf_file")
_LENGTHS = ("max_length", "max_model_len")


def backend_of(arguments: Mapping[str, Any]) -> Backend:
    """The tokenizer and the context of the model.

    Args:
        arguments: `--model_args`, which lm-eval passes to a task's `custom_dataset` with its metadata. The names are
            those of the models `hf`, `vllm` and `local-…`; for other models nothing is known.
    """
    names = (arguments.get(name) for name in ("tokenizer", "pretrained"))
    template = dict(arguments.get("chat_template_args") or {})
    if arguments.get("enable_thinking") is not None:
        template["enable_thinking"] = arguments["enable_thinking"]
    lengths = (arguments.get(name) for name in _LENGTHS)
    return Backend(
        tokenizer=next((name for name in names if isinstance(name, str) and name), None),
        context=next((int(str(length)) for length in lengths if str(length).isdecimal()), None),
        options=tuple((name, arguments[name]) for name in _LOADING if name in arguments),
        # Only plain values: they are a key of the cache of tokenizers.
        template=tuple((name, value) for name, value in template.items() if isinstance(value, str | int | float)),
    )
