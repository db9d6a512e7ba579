"""Values of a label column -> labels of records."""

from __future__ import annotations

from typing import Any

from recrm_tasks.build.recipe import LabelListSpec, LabelSpec, Value


def mapped(spec: LabelSpec | LabelListSpec) -> dict[str, int | str] | None:
    """The map with its keys in one form: 1, 1.0 and "1" are the same value, and so are true and 1."""
    return None if spec.map is None else {plain(value): label for value, label in spec.map.items()}


def plain(value: Value) -> str:
    """A value of a label column in one form."""
    if isinstance(value, bool | float) and value == int(value):
        return str(int(value))
    return str(value)


def label_of(value: Any, known: dict[str, int | str] | None) -> tuple[Any, str | None]:
    """The label, or the reason why there is none."""
    if value is None:
        return None, "no label"
    if known is None:
        return value, None
    if plain(value) not in known:
        return None, f"label {plain(value)[:40]!r} is not in the map"
    return known[plain(value)], None
