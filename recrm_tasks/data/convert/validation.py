"""Rules of a record type that whole columns cannot check: pydantic checks them, one record at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any, get_args, get_origin

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import BaseModel, Field, ValidationError
from pydantic.fields import FieldInfo

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.data.formats.texts import compact
from recrm_tasks.data.store.content_digests import content_digests, content_ids
from recrm_tasks.data.store.schema import schema_of
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.ranking import RankingRecord
from recrm_tasks.dimensions.record import Record
from recrm_tasks.dimensions.record_fields import field_type, own_fields
from recrm_tasks.errors import RecrmError

_BY_COLUMNS: tuple[type[BaseModel], ...] = (Record, RankingRecord)
"""Models whose validators `rows` and `list_labels` apply to whole columns; a test compares the two."""

_MIN_LENGTH = Field(min_length=1).metadata[0]

Problems = list[tuple[int, str, str]]
"""The place of each row that cannot be used, the reason in few words, the whole message."""


@lru_cache(maxsize=32)
def needs_validation(record_type: type[Record]) -> bool:
    """Whether a record type declares more than `recrm_tasks.data.convert.rows` checks on whole columns.

    Validators, constraints, settings of the model, defaults other than None, and a Literal that is not the label.
    """
    if _declares(record_type) or any(_differs(record_type, name) for name in Record.model_fields):
        return True
    return any(_is_ruled(record_type, name) for name in own_fields(record_type))


def validated(
    batch: pa.RecordBatch, dimension: Dimension, labels: LabelSet | None
) -> tuple[pa.RecordBatch, npt.NDArray[np.bool_], Problems]:
    """Checks records by their type, and takes over what its validators and defaults make of the values.

    Args:
        batch: records as columns.
        dimension: their dimension.
        labels: the label set that labels must still be of.

    Returns:
        The records that are valid, which rows of the batch these are, and the problems of the others.
    """
    names = schema_of(dimension.key).names
    valid = np.ones(batch.num_rows, dtype=bool)
    problems: Problems = []
    changed: dict[str, list[Any]] = {}
    values = {name: batch.column(name).to_pylist() for name in names}
    for index, row in enumerate(_rows(batch, dimension)):
        try:
            record: Any = dimension.record_type.model_validate(row)
            if labels is not None and "label" in names and record.label not in labels.names:
                raise ValueError(f"label: {record.label!r} is not in the declared set {', '.join(labels.names)}")
        except Exception as error:  # a validator may raise anything
            valid[index] = False
            problems.append((index, *_complaint(error)))
            continue
        for name in names:
            value = _plain(name, getattr(record, name))
            if value != values[name][index] and not (name == "id" and values[name][index] is None):
                changed.setdefault(name, list(values[name]))[index] = value
    for name, column in changed.items():
        place = batch.schema.get_field_index(name)
        try:
            batch = batch.set_column(place, batch.schema.field(place), pa.array(column, batch.schema.field(place).type))
        except (pa.ArrowException, TypeError, OverflowError):
            raise RecrmError(
                f"{dimension.record_type.__name__}.{name}: a validator gives a value of another type than the field has"
            ) from None
    return batch.filter(pa.array(valid)), valid, problems


def _rows(batch: pa.RecordBatch, dimension: Dimension) -> Iterator[dict[str, Any]]:
    """The rows as pydantic takes them: what is null is left out, unless the field must be there."""
    record = dimension.record_type
    given = {n for n in own_fields(record) if record.model_fields[n].is_required() and field_type(record, n).optional}
    if batch.column("id").null_count:
        batch = batch.set_column(0, "id", content_ids(content_digests(batch, dimension)))
    for row in batch.to_pylist():
        if row["meta"] is not None:
            row["meta"] = json.loads(row["meta"])
        yield {"dimension": dimension.key, **{n: v for n, v in row.items() if v is not None or n in given}}


def _plain(name: str, value: Any) -> Any:
    """A validated value as its column holds it."""
    if name == "meta":
        return compact(value) if value else None
    if isinstance(value, BaseModel):
        return {field: getattr(value, field) for field in type(value).model_fields}
    return [_plain("", v) for v in value] if isinstance(value, list | tuple) else value


def _complaint(error: Exception) -> tuple[str, str]:
    """The reason in few words, and the first thing that is wrong with where it is."""
    if not isinstance(error, ValidationError):
        said = " ".join(str(error).split())
        return "unusable record", said if isinstance(error, ValueError) else f"{type(error).__name__}: {said}"
    detail = error.errors(include_url=False)[0]
    said = " ".join(detail["msg"].split()).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if not detail["loc"]:
        return "unusable record", said
    where = ".".join(map(str, detail["loc"]))
    found = "" if detail["type"] == "missing" else f", found {json.dumps(detail['input'], default=str)[:80]}"
    return f"unusable {detail['loc'][0]}", f"{where}: {said}{found}"


def _declares(model: type[BaseModel]) -> bool:
    """Whether a model has validators or settings of its own."""
    functions = _validators(model) - {function for known in _BY_COLUMNS for function in _validators(known)}
    settings = {name for name in model.model_config if name not in ("extra", "frozen", "title")}
    schema = model.__get_pydantic_core_schema__.__func__ is not BaseModel.__get_pydantic_core_schema__.__func__  # type: ignore[attr-defined]
    return bool(functions or settings or schema or model.__pydantic_post_init__)


def _validators(model: type[BaseModel]) -> set[Any]:
    found = model.__pydantic_decorators__
    declared = (found.validators, found.field_validators, found.root_validators, found.model_validators)
    return {getattr(d.func, "__func__", d.func) for each in declared for d in each.values()}


def _differs(record_type: type[Record], name: str) -> bool:
    """Whether a record type has changed a field of all records."""

    def declared(field: FieldInfo) -> tuple[Any, ...]:
        return field.annotation, field.metadata, field.default, field.default_factory

    return declared(record_type.model_fields[name]) != declared(Record.model_fields[name])


def _is_ruled(record_type: type[Record], name: str) -> bool:
    """Whether a field has more rules than its type, being required, and the length that `rows` checks."""
    field, kind = record_type.model_fields[name], field_type(record_type, name)
    if kind.item is not None:
        inner = [f for f in kind.item.model_fields.values() if f.metadata not in ([], [_MIN_LENGTH])]
        if inner or _declares(kind.item) or any(_has_annotated(f.annotation) for f in kind.item.model_fields.values()):
            return True
    rules = [rule for rule in field.metadata if not _is_checked_length(record_type, name, rule)]
    default = not field.is_required() and (field.default_factory is not None or field.default is not None)
    return bool(rules or default or (kind.choices and name != "label") or _has_annotated(field.annotation))


def _is_checked_length(record_type: type[Record], name: str, rule: Any) -> bool:
    if not isinstance(rule, type(_MIN_LENGTH)) or not field_type(record_type, name).is_list:
        return False
    if name == "candidates":
        return bool(rule.min_length <= 1)
    standing = record_type.shown.get(name)
    return field_type(record_type, name).item is None and (standing is None or len(standing) >= rule.min_length)


def _has_annotated(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated or hasattr(annotation, "__value__"):
        return True
    return any(_has_annotated(part) for part in get_args(annotation))
