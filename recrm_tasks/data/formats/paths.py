"""The column that a path names: a column, a field inside of its objects, or what one speaker of its turns says."""

from __future__ import annotations

import pyarrow as pa

from recrm_tasks.data.formats import texts
from recrm_tasks.data.formats.turns import PARTS, is_turns, part_of_turns


def column_at(batch: pa.RecordBatch, path: str) -> pa.Array:
    """The values at a path; nulls where the rows have none.

    `extra.query` is a field of objects, or of JSON text of objects. `messages.system`, `messages.user` and
    `messages.assistant` are parts of turns. `candidates.clicked` is a field of each object in lists.

    Args:
        batch: rows.
        path: a column's name, or a name and the names inside of it, with dots between them. A column whose own name has
            a dot comes first.
    """
    names = batch.schema.names
    if path in names:
        return batch.column(path)
    head, _, rest = path.partition(".")
    if head not in names or not rest:
        return pa.nulls(batch.num_rows)
    found = batch.column(head)
    for part in rest.split("."):
        found = _inside(found, part)
    return found


def _inside(column: pa.Array, name: str) -> pa.Array:
    if name in PARTS and is_turns(column):
        return part_of_turns(column, name)
    if pa.types.is_struct(column.type) or not _holds_lists(column):
        return texts.inner_field(column, name)
    rows = texts.values_of(column)
    found = [
        [v.get(name) if isinstance(v, dict) else None for v in row]
        if isinstance(row, list)
        else row.get(name)
        if isinstance(row, dict)
        else None
        for row in rows
    ]
    return texts.column_of(found)


def _holds_lists(column: pa.Array) -> bool:
    """Whether the first value that is not null is a list, or JSON text of one."""
    if pa.types.is_list(column.type):
        return True
    if not pa.types.is_string(column.type):
        return False
    first = next((v.as_py() for v in column if v.is_valid), None)
    return first is not None and first.lstrip().startswith("[")
