"""Paths relative to where the user started Inspect, which changes to the task file's folder before it makes a task."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import recrm_tasks
from recrm_tasks.prompting.options import AnyOptions

_CHOICES = ("hub", "sample")
"""Data choices that are no paths."""


def from_users_folder(name: str) -> str:
    """The path in the user's folder if it exists there, else as it is.

    In the folder of the task files Inspect has changed the folder: what has the same name there is not meant. In any
    other folder `PWD` may be outdated: what exists in the present folder is meant.
    """
    path = Path(os.environ.get("PWD", "."), name)
    changed = Path.cwd() == Path(recrm_tasks.__file__).parent
    return str(path) if path.exists() and (changed or not Path(name).exists()) else name


def with_paths(options: AnyOptions) -> AnyOptions:
    """The options with every path in the user's folder; of data and mapping also those that the environment names."""
    data = options.data or os.environ.get("RECRM_DATA") or None
    mapping = options.mapping or os.environ.get("RECRM_MAPPING") or None
    return replace(
        options,
        data=data if data is None or data in _CHOICES else from_users_folder(data),
        mapping=mapping and from_users_folder(mapping),
        tokenizer=options.tokenizer and from_users_folder(options.tokenizer),
    )
