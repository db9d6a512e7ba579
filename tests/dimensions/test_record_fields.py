"""Record types that can be read and kept, and the reasons why others are refused."""

from __future__ import annotations

import datetime
import enum
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, ConfigDict, Field

import recrm_tasks.dimensions as registry
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.dimensions.record import LabelledRecord, Record, SharedTexts
from recrm_tasks.dimensions.record_fields import FieldType, check_record_type, field_type, own_fields
from recrm_tasks.dimensions.rendering import Text
from recrm_tasks.errors import RecrmError


class Option(BaseModel):
    id: str
    text: Text


class Priced(BaseModel):
    id: str
    text: str
    price: float


class Colour(enum.Enum):
    RED = "red"


def record_type(annotation, **fields):
    """A record type with one field of its own beside the label."""
    made = {"__annotations__": {"own": annotation, **fields}, "__module__": __name__}
    return type("MadeRecord", (LabelledRecord,), made)


def test_those_of_all_dimensions():
    for dim in dimensions().values():
        check_record_type(dim.record_type)
        assert own_fields(dim.record_type)


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, FieldType("text")),
        (int, FieldType("int")),
        (float, FieldType("float")),
        (bool, FieldType("bool")),
        (Text, FieldType("object")),
        (str | None, FieldType("text", optional=True)),
        (Optional[int], FieldType("int", optional=True)),  # noqa: UP045
        (Text | None, FieldType("object", optional=True)),
        (Literal["warm", "cold"], FieldType("text", choices=("warm", "cold"))),
        (Literal[1, 2] | None, FieldType("int", optional=True, choices=(1, 2))),
        (list[str], FieldType("text", is_list=True)),
        (list[Text], FieldType("object", is_list=True)),
        (list[int], FieldType("int", is_list=True)),
        (list[float] | None, FieldType("float", is_list=True, optional=True)),
        (list[bool], FieldType("bool", is_list=True)),
        (list[Option], FieldType("items", is_list=True, item=Option)),
        (Annotated[int, Field(ge=0)], FieldType("int")),
        (Annotated[int, Field(ge=0)] | None, FieldType("int", optional=True)),
        (list[Annotated[str, Field(min_length=1)]], FieldType("text", is_list=True)),
    ],
)
def test_supported_fields(annotation, expected):
    made = record_type(annotation)
    check_record_type(made)
    assert field_type(made, "own") == expected


@pytest.mark.parametrize(
    "annotation",
    [
        datetime.date,
        Colour,
        Any,
        dict[str, str],
        tuple[str, ...],
        set[str],
        list[list[str]],
        list[str | None],
        list[Option] | None,
        list[Priced],
        Option,
        str | int,
        Literal["a", 1],
        Literal[True],
        bytes,
    ],
)
def test_other_fields_are_refused_with_what_is_supported(annotation):
    with pytest.raises(RecrmError, match=r"MadeRecord\.own: .* is not supported; a field is str, int, float"):
        check_record_type(record_type(annotation))


class Aliased(LabelledRecord):
    age: int = Field(alias="years")


class Generated(LabelledRecord):
    model_config = ConfigDict(alias_generator=str.upper)

    age: int


class Loose(LabelledRecord):
    model_config = ConfigDict(extra="allow")


class NumberedGroup(LabelledRecord):
    group: int


class OtherMeta(LabelledRecord):
    meta: dict[str, int]


class Shown(LabelledRecord):
    query: str

    shown = {"querry": ""}


class SharedByNothing(LabelledRecord):
    query: str

    shared = {"request": SharedTexts(("query", "querry"))}


class SharedNumber(LabelledRecord):
    count: int

    shared = {"count": SharedTexts(("count",))}


class NoGold(Record):
    query: str


class FreeLabel(Record):
    label: int


class OptionalLabel(Record):
    label: str | None = None


class LabelsAlone(Record):
    labels: list[int]


class TextLabels(Record):
    candidates: list[Option]
    labels: list[str]


class TextCandidates(Record):
    candidates: list[str]
    labels: list[int]


class CandidatesWithLabel(Record):
    candidates: list[Option]
    label: str


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (Aliased, "Aliased.age: an alias is not supported"),
        (Generated, "an alias is not supported"),
        (Loose, "`extra` must stay 'forbid'"),
        (NumberedGroup, "NumberedGroup.group: a field of all records may be narrowed"),
        (OtherMeta, "OtherMeta.meta: "),
        (Shown, "Shown.shown: there is no field 'querry'"),
        (SharedByNothing, "SharedByNothing.shared: request: there is no field of texts 'querry'"),
        (SharedNumber, "SharedNumber.shared: count: there is no field of texts 'count'"),
        (NoGold, "NoGold.label: a record needs either `label` or `labels`"),
        (FreeLabel, "FreeLabel.label: must be str"),
        (OptionalLabel, "OptionalLabel.label: must be str"),
        (LabelsAlone, "LabelsAlone.candidates: must be a list of a model"),
        (TextLabels, "TextLabels.labels: must be list"),
        (TextCandidates, "TextCandidates.candidates: must be a list of a model"),
        (CandidatesWithLabel, "CandidatesWithLabel.candidates: "),
    ],
)
def test_record_types_that_cannot_be_asked_about(refused, said):
    with pytest.raises(RecrmError) as caught:
        check_record_type(refused)
    assert said in str(caught.value)


class Narrowed(LabelledRecord):
    lang: Literal["en"]
    id: str = Field(pattern="^x")
    group: str


def test_fields_of_all_records_may_be_narrowed():
    check_record_type(Narrowed)


def test_a_dimension_is_refused_where_it_is_registered(monkeypatch):
    monkeypatch.setattr(type(dimension("relevance")), "record_type", record_type(datetime.date))
    with pytest.raises(RecrmError, match=r"MadeRecord\.own: date is not supported"):
        registry.dimensions.__wrapped__()
