"""Candidate lists of any common form -> ids and texts."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.data.formats.texts import values_of
from recrm_tasks.data.store.schema import ITEMS
from recrm_tasks.dimensions.rendering import render

IDS = ("id", "item_id", "itemid", "poi_id", "shop_id", "product_id", "sku_id", "编号", "商品id", "店铺id")
_TEXTS = ("text", "content", "title_text", "文本")

_SEPARATORS = re.compile(r"\s*(?:->|=>|[>→≻,，、;；|｜\n])\s*")

Problems = list[tuple[int, str]]
"""The place of each row that cannot be used, and why."""


def to_candidates(
    column: pa.Array, name: str = "candidates", without: str | None = None
) -> tuple[pa.ListArray, Problems]:
    """Lists of texts or objects, or JSON text of them -> candidates.

    An object's id is the field with a common name for it, and its text all the others (or its `text` where there is
    nothing else). Candidates without an id are numbered from 1.

    Args:
        column: of any type.
        name: the record's field, for messages.
        without: a field of the candidates that is no part of their texts: their grade.
    """
    if without is None and column.type == ITEMS and not column.null_count and not column.values.null_count:
        ids, said = (pc.struct_field(column.values, [name]) for name in ("id", "text"))
        if not ids.null_count and not said.null_count:
            odd = pc.or_(pc.starts_with(said, "{"), pc.or_(pc.equal(ids, ""), pc.equal(said, "")))
            if not pc.any(odd).as_py():
                return column, []
    problems: Problems = []
    lists = []
    for index, row in enumerate(values_of(column)):
        found = _candidates(row, without) if row is not None else []
        if isinstance(found, str):
            problems.append((index, f"{name}: {found}"))
            found = []
        lists.append(found)
    return pa.array(lists, ITEMS), problems


def names_in(text: str) -> list[str]:
    """The names in a text that lists some: `B > A > C`, or with commas."""
    return [name for name in _SEPARATORS.split(text.strip().strip("[]")) if name]


def name_of(value: Any) -> str:
    """What a value that names a candidate names it by: an object's id or text, else the value itself."""
    if isinstance(value, dict) and not isinstance(found := _candidates([value], None), str):
        candidate = found[0]
        return candidate["id"] if any(key.lower() in IDS for key in value) else candidate["text"]
    return render(value).strip()


def _candidates(row: Any, without: str | None) -> list[dict[str, str]] | str:
    if isinstance(row, dict):
        row = [{"id": key, "text": value} for key, value in row.items()]
    if not isinstance(row, list):
        return f"expected a list, found {type(row).__name__}"
    found = []
    for number, item in enumerate(row, 1):
        name, text = str(number), item
        if isinstance(item, dict):
            fields = {k: v for k, v in item.items() if v is not None and k != without}
            key = next((k for k in fields if k.lower() in IDS), None)
            if key is not None:
                name = render(fields.pop(key))
            text = fields[next(iter(fields))] if len(fields) == 1 and next(iter(fields)).lower() in _TEXTS else fields
        if text is None or text == "" or text == {}:
            return f"number {number} has no text"
        if not name:
            return f"number {number} has no id"
        found.append({"id": name, "text": render(text)})
    return found
