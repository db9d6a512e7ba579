"""Renders the texts and objects of records for prompts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
Text: TypeAlias = str | dict[str, Scalar | list[Scalar]]
"""A text, or a flat object that is shown as one `key: value` line per field."""


def render(text: Any) -> str:
    """A text unchanged; an object as one `key: value` line per field, without null fields."""
    if isinstance(text, str):
        return text
    if not isinstance(text, dict):
        return show_scalar(text)
    return "\n".join(_fields(text))


def render_entry(text: Any) -> str:
    """Like `render`, on one line: an object's fields are joined with semicolons."""
    return "; ".join(_fields(text)) if isinstance(text, dict) else render(text)


def render_list(texts: Sequence[Text]) -> str:
    """A numbered list, one entry per line."""
    return "\n".join(f"{i}. {render_entry(t)}" for i, t in enumerate(texts, 1))


def show_scalar(value: Any) -> str:
    """A value in the same form for every file format: 4.0 is 4, and a bool is `true` or `false`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value)


def _fields(text: Mapping[str, Any]) -> list[str]:
    return [f"{key}: {_value(value)}" for key, value in text.items() if value is not None]


def _value(value: Any) -> str:
    if isinstance(value, list) and not any(isinstance(v, list | dict) for v in value):
        return ", ".join(show_scalar(v) for v in value if v is not None)
    return show_scalar(value)
