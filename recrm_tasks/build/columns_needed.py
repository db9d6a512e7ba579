"""The columns that a recipe names, compared with those that its tables have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pydantic import BaseModel

from recrm_tasks.build.recipe import Recipe
from recrm_tasks.build.source_tables import Tables
from recrm_tasks.errors import DataError


def check_columns(recipe: Recipe, tables: Tables) -> None:
    """Refuses a recipe whose keys name columns that the tables lack. Templates are checked where they are compiled.

    Raises:
        DataError: names all of those columns, the keys, and the columns that there are.
    """
    sections = {"items": recipe.items, "users": recipe.users, "events": recipe.events}
    parts = {f"records.{name}": part for name, part in recipe.records.items()}
    missing: dict[str, dict[str, str]] = defaultdict(dict)
    for where, spec in (*sections.items(), *parts.items()):
        if spec is None:
            continue
        for key, column in _columns(spec, where):
            if column not in tables[spec.source].frame.columns:
                missing[spec.source].setdefault(column, key)
    if not missing:
        return
    if sum(map(len, missing.values())) == 1:
        ((table, columns),) = missing.items()
        ((column, key),) = columns.items()
        tables[table].column(column, key)
    raise DataError(
        "; ".join(
            f"table {table!r} ({recipe.tables[table].file}) has no columns "
            f"{', '.join(f'{column!r} ({key})' for column, key in columns.items())}. "
            f"There are: {', '.join(tables[table].frame.columns)}"
            for table, columns in missing.items()
        )
    )


def _columns(spec: BaseModel, where: str) -> Iterator[tuple[str, str]]:
    """The keys of a section that name columns, with the columns."""
    for name, field in type(spec).model_fields.items():
        value = getattr(spec, name)
        key = f"{where}.{field.alias or name}"
        if isinstance(value, BaseModel):
            yield from _columns(value, key)
        elif isinstance(value, str) and name in getattr(spec, "columns", ()):
            yield key, value
