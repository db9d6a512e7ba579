"""Adapters (PEFT): a folder with `adapter_config.json` in the place of a model. The file names the model below it."""

from __future__ import annotations

import json
from pathlib import Path

FIELD = "base_model_name_or_path"
"""The field of `adapter_config.json` that names the base model."""


def adapter_config(name: str, revision: str | None = None) -> Path | None:
    """The `adapter_config.json` of an adapter; None if `name` is not one.

    Args:
        name: a folder, or a name on the hub.
        revision: a branch, tag or commit of the hub's.
    """
    from transformers.utils.peft_utils import find_adapter_config_file

    try:
        found = find_adapter_config_file(name, revision=revision)
    except (OSError, ValueError):
        return None
    return Path(found) if found else None


def base_of(name: str, revision: str | None = None) -> str | None:
    """The base model that an adapter names; None if `name` is no adapter, or names none.

    Args:
        name: a folder, or a name on the hub.
        revision: a branch, tag or commit of the hub's.
    """
    file = adapter_config(name, revision)
    if file is None:
        return None
    try:
        base = json.loads(file.read_text(encoding="utf-8"))[FIELD]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return base if isinstance(base, str) and base else None
