"""A function by its place: MODULE:FUNCTION."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from typing import Any

from recrm_tasks.errors import RecrmError


def named_function(place: str, option: str) -> Callable[..., Any]:
    """The function; modules in the current folder are found too.

    Args:
        place: MODULE:FUNCTION.
        option: what the user wrote it for, for messages.

    Raises:
        RecrmError: there is no such function.
    """
    module, _, name = place.rpartition(":")
    if not module:
        raise RecrmError(f"{option}: python:{place} names no function: write python:MODULE:FUNCTION")
    if (here := os.getcwd()) not in sys.path:  # a console script has its own folder there
        sys.path.insert(0, here)
    try:
        function = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RecrmError(f"{option}: python:{place} cannot be loaded: {error}") from None
    if not callable(function):
        raise RecrmError(f"{option}: python:{place} is not a function")
    return function  # type: ignore[no-any-return]
