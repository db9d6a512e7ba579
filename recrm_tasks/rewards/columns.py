"""Columns of a trainer's data set -> fields of cases."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.record_fields import own_fields
from recrm_tasks.errors import DataError
from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.problem import first_problem

CASE = "case"
"""The column that has all fields: a JSON object, or a text of one."""

_TEXTS = ("id", "lang", "instruction", "query", "response")
_LISTS = ("evidence", "items", "candidates", "history")


def rows(columns: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """The fields of each row. With a column `case`, no other column is read.

    Args:
        columns: lists of `count` values by name. Those that are not named like a field of `Case` are not read.
        count: rows.

    Raises:
        DataError: a column is not such a list, or a value has no form of its field; names the column and the row.
    """
    read = [CASE] if CASE in columns else [name for name in Case.model_fields if name in columns]
    for name in read:
        column = columns[name]
        if isinstance(column, str | Mapping) or not hasattr(column, "__len__") or len(column) != count:
            found = f"{len(column)} values" if isinstance(column, list | tuple) else type(column).__name__
            raise DataError(f"column {name}: must be a list with a value for each of {count} completions, not {found}")
    if read == [CASE]:
        return [fields(value, f"column {CASE}, row {row}") for row, value in enumerate(columns[CASE])]
    return [_known({name: columns[name][row] for name in read}) for row in range(count)]


def fields(value: Any, where: str) -> dict[str, Any]:
    """The fields in one value: an object, or JSON text of one.

    Raises:
        DataError: it is none, or has a field that a case does not have; begins with `where`.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: not valid JSON: {error}") from None
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise DataError(f"{where}: must be an object with fields of a case, not {type(value).__name__}")
    if unknown := [name for name in value if name not in Case.model_fields]:
        raise DataError(f"{where}: a case has no field {unknown[0]!r}, only {', '.join(Case.model_fields)}")
    try:
        return _known(value)
    except RecursionError:
        raise DataError(f"{where}: lists and objects are nested too deeply") from None


def case_of(given: Mapping[str, Any], agents: Mapping[str, Any], where: str) -> Case:
    """A case from what the data has and what the agent did.

    Raises:
        DataError: both have a field, or a value has no form of its field; begins with `where`.
    """
    if twice := [name for name in agents if name in given]:
        raise DataError(
            f"{where}: both the data and the completion have {twice[0]}: rename that of the data, or choose what a "
            "completion is (completion)"
        )
    try:
        return Case.model_validate({**given, **agents})
    except ValidationError as error:
        raise DataError(f"{where}: {first_problem(error, 'the case')}") from None


def absent(keys: Collection[str], names: Collection[str]) -> dict[str, list[str]]:
    """What dimensions ask about and nothing provides.

    Args:
        keys: of dimensions.
        names: of fields that columns or completions have.

    Returns:
        Names of fields by dimension, without dimensions that have all.
    """
    found = {}
    for key in keys:
        record_type = dimension_of(key).record_type
        required = [name for name in own_fields(record_type) if record_type.model_fields[name].is_required()]
        of_case = {"item": "items", "candidates": "items", "label": None, "labels": None}
        needed = [of_case.get(name, name) for name in required]
        if lacking := [name for name in needed if name is not None and name not in names]:
            found[key] = lacking
    return found


def _known(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without nulls, which are fields that a row does not have; texts of JSON are what they contain."""
    given = {name: _plain(one) for name, one in value.items() if one is not None}
    for name, one in given.items():
        if name == "id":
            given[name] = str(one)
        elif isinstance(one, str) and name not in _TEXTS:
            given[name] = _parsed(one, name)
    return given


def _parsed(text: str, name: str) -> Any:
    """A list or an object that a column has as JSON text; other texts are themselves, or the only entry of a list."""
    value: Any = text
    if text.lstrip()[:1] in ("[", "{"):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = text
    return [value] if name in _LISTS and not isinstance(value, list) else value


def _plain(value: Any) -> Any:
    """Lists for the arrays that rows of Parquet files have."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
