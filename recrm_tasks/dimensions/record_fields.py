"""The types that a record's fields may have. Records are stored in columns, so not every pydantic type is supported."""

from __future__ import annotations

import types
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from recrm_tasks.dimensions.record import Record
from recrm_tasks.dimensions.rendering import Text
from recrm_tasks.errors import RecrmError

FieldKind: TypeAlias = Literal["text", "object", "int", "float", "bool", "items"]
"""`object` is a text or an object that is rendered as one; `items` have an `id` and a `text`."""

SUPPORTED = (
    "str, int, float, bool, Text, a Literal of texts or of integers, a list of one of these, each also with `| None`, "
    "or a list of a model with the fields `id: str` and `text: Text`"
)
_TEXTS: tuple[FieldKind, ...] = ("text", "object", "items")
_SCALARS: dict[Any, FieldKind] = {str: "text", int: "int", float: "float", bool: "bool"}


@dataclass(frozen=True)
class FieldType:
    """The type of one field."""

    kind: FieldKind
    is_list: bool = False
    optional: bool = False
    """Whether it may be None."""
    choices: tuple[str | int, ...] = ()
    """The values of a Literal; empty for other types."""
    item: type[BaseModel] | None = None
    """The model of `items`."""


def own_fields(record_type: type[Record]) -> tuple[str, ...]:
    """The fields of a record type that not all records have, in order."""
    return tuple(name for name in record_type.model_fields if name not in Record.model_fields)


def is_list(record_type: type[Record]) -> bool:
    """Whether a record has several candidates with a grade each, not one label."""
    return "labels" in own_fields(record_type)


def field_type(record_type: type[Record], name: str) -> FieldType:
    """The type of a field.

    Raises:
        RecrmError: the type is not supported; names the field and the supported types.
    """
    annotation = record_type.model_fields[name].annotation
    found = _read(annotation)
    if found is None:
        shown = annotation.__name__ if isinstance(annotation, type) else str(annotation)
        raise RecrmError(f"{record_type.__name__}.{name}: {shown} is not supported; a field is {SUPPORTED}")
    return found


def check_record_type(record_type: type[Record]) -> None:
    """Checks that records of a type can be read, stored and turned into prompts.

    Raises:
        RecrmError: they cannot; names the field and the reason.
    """
    own = {name: field_type(record_type, name) for name in own_fields(record_type)}

    def refuse(name: str, reason: str) -> RecrmError:
        return RecrmError(f"{record_type.__name__}.{name}: {reason}")

    for name, field in record_type.model_fields.items():
        if field.alias is not None or field.validation_alias is not None:
            raise refuse(name, "an alias is not supported; list other names in `columns` of the dimension")
    for name, field in Record.model_fields.items():
        changed, declared = record_type.model_fields[name].annotation, field.annotation
        if changed != declared and not _narrows(changed, declared):
            raise refuse(name, "a field of all records may be narrowed to a Literal or a pattern, but must stay a text")
    if record_type.model_config.get("extra") != "forbid":
        raise refuse("model_config", "`extra` must stay 'forbid': unknown fields have no column")
    for name in record_type.shown:
        if name not in own:
            raise refuse("shown", f"there is no field {name!r}")
    for key, texts in record_type.shared.items():
        if unknown := [n for n in (*texts.fields, *texts.needs) if n not in own or own[n].kind not in _TEXTS]:
            raise refuse("shared", f"{key}: there is no field of texts {unknown[0]!r}")
    _check_gold(own, refuse)


def _check_gold(own: dict[str, FieldType], refuse: Any) -> None:
    """The correct answer is `label`, or `labels` together with `candidates`."""
    label, labels, candidates = (own.get(name) for name in ("label", "labels", "candidates"))
    if (label is None) == (labels is None):
        raise refuse("label", "a record needs either `label` or `labels`, the correct answer")
    if label is not None and (label.is_list or label.optional or not (label.kind == "text" or label.choices)):
        raise refuse("label", "must be str (a name in the label set), or a Literal of integers or texts")
    if labels is not None and labels != FieldType("int", is_list=True):
        raise refuse("labels", "must be list[int], a grade for each candidate")
    if (labels is None) != (candidates is None) or (candidates is not None and candidates.kind != "items"):
        raise refuse("candidates", "must be a list of a model with `id` and `text`, and needs `labels`")


def _narrows(annotation: Any, declared: Any) -> bool:
    """Whether a redeclared text field of all records is still a text."""
    before, now = _read(declared), _read(annotation)
    return before is not None and now is not None and not now.is_list and (before.kind, now.kind) == ("text", "text")


def _read(annotation: Any) -> FieldType | None:
    annotation = _bare(annotation)
    if annotation == Text:
        return FieldType("object")
    if get_origin(annotation) in (Union, types.UnionType):
        parts = get_args(annotation)
        rest = tuple(part for part in parts if part is not type(None))
        inner = _read(rest[0] if len(rest) == 1 else Union[rest]) if len(rest) < len(parts) else None  # noqa: UP007
        return None if inner is None or inner.kind == "items" else replace(inner, optional=True)
    if get_origin(annotation) is list:
        return _list_of(_bare(get_args(annotation)[0]))
    if get_origin(annotation) is Literal:
        choices = get_args(annotation)
        kinds = {type(choice) for choice in choices}
        return FieldType(_SCALARS[kinds.pop()], choices=choices) if kinds in ({str}, {int}) else None
    return FieldType(_SCALARS[annotation]) if annotation in _SCALARS else None


def _list_of(annotation: Any) -> FieldType | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {name: _read(field.annotation) for name, field in annotation.model_fields.items()}
        text = fields.get("text")
        fits = fields == {"id": FieldType("text"), "text": text} and text in (FieldType("text"), FieldType("object"))
        return FieldType("items", is_list=True, item=annotation) if fits else None
    inner = _read(annotation)
    return None if inner is None or inner.is_list or inner.optional else replace(inner, is_list=True)


def _bare(annotation: Any) -> Any:
    """An annotation without `Annotated`; pydantic checks its constraints on each value."""
    while get_origin(annotation) is Annotated or hasattr(annotation, "__value__"):  # the latter: `type Name = …`
        annotation = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation.__value__
    return annotation
