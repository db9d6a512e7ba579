"""Ids of rows: a column, or made of the rows."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import polars as pl

from recrm_tasks.build.left_out import LeftOut
from recrm_tasks.build.source_tables import Table
from recrm_tasks.errors import DataError


def row_ids(table: Table, column: str | None, where: str, made: LeftOut) -> pl.Series:
    """An id for each row, unique in the table.

    A row without an id gets one that is made of its content, as `recrm data inspect` makes them. Further rows that
    are equal to an earlier one get its id with a number: `id-2`, `id-3`, …

    Args:
        table: has the rows.
        column: of the ids; None if there is no such column.
        where: the key in the recipe, for messages.
        made: counts the ids that are made here.

    Raises:
        DataError: no such column, or rows that differ have the same id.
    """
    ids = pl.repeat(None, len(table.frame), dtype=pl.String, eager=True)
    if column is not None:
        ids = table.ids(column, where)
    absent = ids.is_null()
    if absent.any():
        ids = ids.scatter(absent.arg_true(), _contents(table.frame.filter(absent)))
        made.add("made of the row's content", int(absent.sum()))
    again = ids.is_duplicated()
    if not again.any():
        return ids
    if column is not None:
        what = f"{where}: table {table.name!r}: column {column!r}"
        _refuse_differing(table.frame.filter(again), ids.filter(again), what)
    taken, counts = set(ids), Counter[str]()
    places, numbered = [], []
    for place, name in zip(again.arg_true().to_list(), ids.filter(again).to_list(), strict=True):
        counts[name] += 1
        if counts[name] == 1:
            continue
        while f"{name}-{counts[name]}" in taken:
            counts[name] += 1
        places.append(place)
        numbered.append(f"{name}-{counts[name]}")
    made.add("numbered, of rows equal to an earlier one", len(places))
    return ids.scatter(places, numbered)


def _refuse_differing(frame: pl.DataFrame, ids: pl.Series, what: str) -> None:
    different = ids.filter(pl.Series(_contents(frame), dtype=pl.String).is_first_distinct())
    different = different.filter(different.is_duplicated())
    if len(different):
        raise DataError(
            f"{what}: ids must differ, but rows that differ have the id {different[0]!r} ({different.n_unique()} such "
            "ids): name another column, or leave out the key, and ids are made of the rows"
        )


def _contents(frame: pl.DataFrame) -> list[str]:
    """16 hexadecimal digits for each row; the same for rows of equal values, whatever the order of the columns."""
    rows = frame.select(sorted(frame.columns)).iter_rows(named=True)
    texts = (json.dumps(row, ensure_ascii=False, default=str) for row in rows)
    return [hashlib.sha256(text.encode()).hexdigest()[:16] for text in texts]
