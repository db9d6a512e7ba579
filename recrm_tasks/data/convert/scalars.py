"""Columns of any type -> integers, numbers, or true and false, as a record type's fields ask for."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from recrm_tasks.data.formats import texts
from recrm_tasks.data.formats.candidates import Problems
from recrm_tasks.dimensions.record_fields import FieldType

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_TRUTH = {
    **dict.fromkeys(("true", "1", "yes", "y", "t", "on"), True),
    **dict.fromkeys(("false", "0", "no", "n", "f", "off"), False),
}


def in_64_bits(number: int) -> bool:
    """Whether a column of integers can hold a number."""
    return -(1 << 63) <= number < 1 << 63


def to_scalars(column: pa.Array, field: FieldType) -> tuple[pa.Array, Problems]:
    """One value per row, or a list of them. An empty text is null: tables of text have no other null.

    Returns:
        The column, null (or with a null in the list) where there is a problem, and the problems.
    """
    kind, parse, expected = _KINDS[field.kind]
    lists = texts.entries(column) if field.is_list else None
    words = texts.plain(column) if lists is None else lists.flatten()
    encoded = words.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    parsed = [parse(word.strip()) for word in distinct]
    values = pa.array(parsed, kind).take(encoded.indices)
    wrong = np.array([value is None and bool(word.strip()) for word, value in zip(distinct, parsed, strict=True)])
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    places = np.flatnonzero(wrong[codes] & (codes >= 0)) if len(distinct) else np.array([], dtype=np.int64)
    problems = [(place, f"expected {expected}, found {words[place].as_py()[:80]!r}") for place in places.tolist()]
    if lists is None:
        return values, problems
    rows = lists.value_parent_indices().to_numpy()
    first = {int(rows[place]): said for place, said in reversed(problems)}
    offsets = np.concatenate([[0], np.cumsum(lists.value_lengths().to_numpy())])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values), list(first.items())


def _integer(word: str) -> int | None:
    number = int(word) if re.fullmatch(r"[+-]?\d{1,25}", word) else _float(word)
    return int(number) if number is not None and number == int(number) and in_64_bits(int(number)) else None


def _float(word: str) -> float | None:
    number = float(word) if _NUMBER.fullmatch(word) else None
    return number if number is not None and math.isfinite(number) else None


def _truth(word: str) -> bool | None:
    return _TRUTH.get(word.casefold())


_KINDS: dict[str, tuple[pa.DataType, Callable[[str], Any], str]] = {
    "int": (pa.int64(), _integer, "an integer of at most 64 bits"),
    "float": (pa.float64(), _float, "a number"),
    "bool": (pa.bool_(), _truth, "true or false"),
}
