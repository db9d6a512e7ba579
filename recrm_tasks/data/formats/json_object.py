"""Rows in a JSON file that is one object: lists by split, a list below a word such as `data`, rows by id, columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from recrm_tasks.data.formats.split_names import SPLITS

SPLIT_NAMES = frozenset(name for names in SPLITS.values() for name in names)
HOLDERS = frozenset(
    ("data", "rows", "records", "examples", "instances", "samples", "dataset", "entries", "数据", "样本")
)
"""Keys that rows are below, beside others that say something of the file."""
_LISTS = 3
"""The most fields with lists that one record has: what a user did, candidates, and their labels."""


class Found(NamedTuple):
    """The rows in an object, and how they are written there."""

    how: str
    """In words; empty if there is nothing to say."""
    rows: Iterable[Any]


class Unclear(Exception):
    """An object that can be read in two ways."""


def rows_in(value: dict[str, Any]) -> Found | None:
    """The rows in an object; None if it is a row itself.

    Raises:
        Unclear: it may be a row or columns.
    """
    names = {name.casefold() for name in value}
    if len(value) > 1 and names <= {"columns", "index", "data"} and _is_grid(value):
        return Found("column names apart from the rows", _of_grid(value["columns"], value["data"]))
    below = _below(value)
    if below is not None:
        return below
    parts = list(value.values())
    if len(value) > 1 and all(isinstance(part, list) for part in parts) and len({len(part) for part in parts}) == 1:
        return _columns(value)
    if len(value) > 1 and all(isinstance(part, dict) and part for part in parts):
        return _objects(value)
    return None


def _below(value: dict[str, Any]) -> Found | None:
    """Rows below keys that name splits, or that such rows are usually below; anything else beside them is plain."""
    nested = [name for name, part in value.items() if isinstance(part, list | dict) and not _is_plain(part)]
    if nested and all(name.casefold() in SPLIT_NAMES for name in nested):
        found = {name: _list_or_rows(value[name]) for name in nested}
        if all(part is not None for part in found.values()):
            return Found("rows by split", _of_splits(found))
    if len(nested) == 1 and nested[0].casefold() in HOLDERS:
        inside = _list_or_rows(value[nested[0]])
        if inside is not None:
            how = f"rows below {nested[0]!r}" + (f": {inside.how}" if inside.how else "")
            return Found(how, inside.rows)
    return None


def _is_plain(part: Any) -> bool:
    """Whether a list or an object has no rows: it holds plain values only, such as the names of authors."""
    values = part.values() if isinstance(part, dict) else part
    return bool(part) and not any(isinstance(v, dict | list) for v in values)


def _list_or_rows(part: Any) -> Found | None:
    if isinstance(part, dict):
        return rows_in(part)
    return Found("", part) if not part or isinstance(part[0], dict) else None


def _of_splits(parts: dict[str, Found | None]) -> Iterator[Any]:
    for name, part in parts.items():
        for row in part.rows if part is not None else ():
            yield {"split": name, **row} if isinstance(row, dict) else row


def _is_grid(value: dict[str, Any]) -> bool:
    columns, rows = value.get("columns"), value.get("data")
    named = isinstance(columns, list) and bool(columns) and all(isinstance(c, str) for c in columns)
    return named and isinstance(rows, list) and all(isinstance(row, list) for row in rows)


def _of_grid(columns: list[str], rows: list[list[Any]]) -> Iterator[Any]:
    for row in rows:
        yield dict(zip(columns, row, strict=True)) if len(row) == len(columns) else row


def _columns(value: dict[str, list[Any]]) -> Found | None:
    kinds = {type(v) for part in value.values() for v in part}
    size = len(next(iter(value.values())))
    if len(value) <= _LISTS and dict in kinds and list not in kinds:
        raise Unclear(f"lists of {size} values each: the columns of {size} rows, or one record?")
    rows = (dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True))
    return Found(f"{len(value)} columns of {size} rows", rows) if size else Found("columns without rows", ())


def _objects(value: dict[str, dict[str, Any]]) -> Found | None:
    """Rows by their ids, or columns of values by the number of their row."""
    parts = list(value.values())
    every = set().union(*parts)
    if all(_are_numbers(part) for part in parts):
        rows = [{name: part[key] for name, part in value.items() if key in part} for key in _in_order(every)]
        return Found(f"{len(value)} columns of {len(rows)} rows", rows)
    common = set(parts[0]).intersection(*parts[1:])
    if 2 * len(common) < len(every):
        return None
    if _are_numbers(value):
        return Found("rows by number", parts)
    return Found("rows by id", ({"id": key, **row} for key, row in value.items()))


def _in_order(numbers: Iterable[str]) -> list[str]:
    return sorted(numbers, key=int)


def _are_numbers(keys: Iterable[str]) -> bool:
    """Whether keys are the numbers of rows, as pandas writes them."""
    keys = list(keys)
    return all(key.isascii() and key.isdigit() and len(key) < 12 for key in keys)
