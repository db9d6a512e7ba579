"""Columns that hold several values in each row."""

from __future__ import annotations

from typing import Any

from recrm_tasks.build.recipe import ListColumn
from recrm_tasks.errors import DataError


def entries(value: Any, spec: ListColumn, where: str) -> list[Any] | None:
    """The entries of a list, or of a text with separators; None if it is neither.

    Spaces around the entries of a text are not part of them. Where the separator is a space, several in a row count
    as one.

    Raises:
        DataError: a text, and the recipe gives no separator.
    """
    if isinstance(value, str):
        if spec.separator is None:
            raise DataError(f"{where}: column {spec.column!r} is text ({value[:40]!r}): give a separator")
        parts = [part.strip() for part in value.split(spec.separator)]
        return parts if spec.separator.strip() else [part for part in parts if part]
    return value if isinstance(value, list) else None
