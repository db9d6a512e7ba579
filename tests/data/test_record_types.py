"""Every record that is read is what its record type declares, whether columns or pydantic check it."""

from __future__ import annotations

import csv
import json
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, field_validator, model_validator

from recrm_tasks.data import load
from recrm_tasks.data.convert.rows import convert
from recrm_tasks.data.convert.validation import needs_validation
from recrm_tasks.data.formats import Chunk, texts
from recrm_tasks.data.mapping.recognise import recognise
from recrm_tasks.data.store.schema import records_of
from recrm_tasks.dimensions import dimension, dimensions
from recrm_tasks.dimensions.record import LabelledRecord
from recrm_tasks.dimensions.record_fields import field_type, own_fields
from recrm_tasks.dimensions.rendering import Text, render, render_entry
from recrm_tasks.dimensions.user import UserRecord
from recrm_tasks.errors import DataError, RecrmError

WORDS = st.text("ab 中,", max_size=4)
OBJECTS = st.dictionaries(st.sampled_from(["name", "area"]), WORDS | st.integers(0, 3) | st.booleans(), min_size=1)
TURNS = st.just([{"role": "user", "content": "?"}])


def good(kind, name):
    """Values of a field that its type takes, or nearly: lists may be too short, ids may repeat."""
    if name in ("label", "labels"):
        names = kind.default_labels.names if kind.default_labels else field_type(kind.record_type, name).choices
        return st.sampled_from(names) if name == "label" else st.lists(st.integers(0, 2), min_size=2, max_size=4)
    field = field_type(kind.record_type, name)
    if field.kind == "items":
        item = st.fixed_dictionaries({"id": st.sampled_from(["c1", "c2", "c3", "c4"]), "text": st.just("x") | OBJECTS})
        return st.lists(item, min_size=2, max_size=4, unique_by=lambda c: c["id"])
    value = WORDS | OBJECTS if field.kind == "object" else WORDS
    return st.lists(value, max_size=3) if field.is_list else value


BAD = {
    "id": st.sampled_from(["", None]),
    "lang": st.sampled_from(["de", "", None]),
    "meta": st.sampled_from(["x", 1, []]),
    "messages": st.sampled_from([[], [{"role": "robot", "content": "x"}], [{"role": "user", "content": ""}]]),
    "extra": st.just(1),
    "label": st.sampled_from(["fine", 2, -1, None]),
    "labels": st.lists(st.integers(-1, 1), max_size=5),
    "candidates": st.sampled_from([[], [{"id": "c1", "text": "x"}] * 2, [{"id": "", "text": "x"}] * 2, None]),
}


@st.composite
def rows(draw, kind):
    """A record, mostly a good one with one thing wrong."""
    row = {
        "id": "r",
        "dimension": kind.key,
        "lang": draw(st.sampled_from(["zh", "en"])),
        "source": draw(st.none() | WORDS),
        "group": draw(st.none() | WORDS),
        "split": draw(st.none() | WORDS),
        "meta": draw(st.none() | st.dictionaries(st.sampled_from("ab"), st.integers(0, 3))),
        "messages": draw(st.none() | st.none() | TURNS),
        **{name: draw(good(kind, name)) for name in own_fields(kind.record_type)},
    }
    if "labels" in row and draw(st.integers(0, 3)):
        row["labels"] = draw(st.permutations([1, *[0] * (len(row["candidates"]) - 1)]))
    names = [name for name in row if name != "dimension"]
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        name = draw(st.sampled_from([*names, "extra"]))
        wrong = draw(st.sampled_from(["gone", "null", "bad"]))
        if wrong == "bad":
            row[name] = draw(BAD.get(name, st.just([]) if field_of(kind, name) else st.none()))
        elif wrong == "null":
            row[name] = None
        else:
            row.pop(name, None)
    return row


def field_of(kind, name):
    """Whether a field is a list of texts."""
    return name in own_fields(kind.record_type) and field_type(kind.record_type, name).is_list


def expected(kind, row, source):
    """What pydantic makes of a row, with texts as prompts show them; None if it refuses the row."""
    row = {name: value for name, value in row.items() if value is not None}
    row.setdefault("source", source)
    if "messages" in row:  # a ready prompt takes the place of what only the prompt needs
        row = {n: v for n, v in row.items() if not (n in kind.record_type.shown and v == [])}
    try:
        record = kind.record_type.model_validate(row)
    except ValidationError:
        return None
    if kind.default_labels and record.label not in kind.default_labels.names:
        return None
    made = dict(record)
    for name in own_fields(kind.record_type):
        field, value = field_type(kind.record_type, name), made[name]
        if field.kind == "items":
            made[name] = [{"id": item.id, "text": render(item.text)} for item in value]
        elif field.kind == "object":
            made[name] = [render_entry(v) for v in value] if field.is_list else render(value)
    return made


def read(kind, rows, source=None):
    """The rows as columns read them: by number, the record as a mapping."""
    names = ["id", "dimension", "lang", "source", "group", "split", "meta", "messages", *own_fields(kind.record_type)]
    names = list(dict.fromkeys([*names, *(name for row in rows for name in row)]))
    batch = pa.RecordBatch.from_arrays([texts.column_of([row.get(name) for row in rows]) for name in names], names)
    source = source or recognise(batch, kind, {}, None).sources[0]
    chunk = Chunk(batch, np.arange(len(rows)), "row")
    found = convert(chunk, kind, source, kind.default_labels, None, "file", ordered=False)
    made = {}
    for number, record in zip(found.numbers.tolist(), records_of(kind, found.batch), strict=True):
        made[number] = dict(record)
        for name in own_fields(kind.record_type):
            if field_type(kind.record_type, name).kind == "items":
                made[number][name] = [dict(item) for item in made[number][name]]
    assert {number for number, _, _ in found.problems} == set(range(len(rows))) - set(made)
    return made


@pytest.mark.parametrize("key", list(dimensions()))
def test_columns_take_what_the_record_type_takes(key):
    """The checks on whole columns and `model_validate` agree on every row, and on what the record is."""
    kind = dimension(key)
    seen = {True: 0, False: 0}

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(st.lists(rows(kind), min_size=1, max_size=6))
    def agree(made):
        found = read(kind, made)
        for number, row in enumerate(made):
            wanted = expected(kind, row, "file")
            assert found.get(number) == wanted, row
            seen[wanted is not None] += 1

    agree()
    assert min(seen.values()) > 50


@pytest.mark.parametrize("key", list(dimensions()))
def test_the_dimensions_of_the_benchmark_are_checked_by_columns(key):
    """Pydantic takes ten times as long for a row."""
    assert not needs_validation(dimension(key).record_type)


# --- record types with rules of their own ----------------------------------------------------------------------------


class Option(BaseModel):
    id: str
    text: str = Field(max_length=3)


class Checked(BaseModel):
    id: str
    text: Text

    @field_validator("id")
    @classmethod
    def _known(cls, value):
        if not value.startswith("o"):
            raise ValueError("an id begins with o")
        return value


def with_field(annotation, default=...):
    """A record type with a field `own`."""
    made = {"__annotations__": {"own": annotation}, "__module__": __name__}
    return type("Made", (LabelledRecord,), made if default is ... else {**made, "own": default})


class EvenAge(LabelledRecord):
    own: int

    @field_validator("own")
    @classmethod
    def _even(cls, value):
        if value % 2:
            raise ValueError("must be even")
        return value


class Before(LabelledRecord):
    own: str

    @model_validator(mode="before")
    @classmethod
    def _not_empty(cls, data):
        if not data["own"]:
            raise ValueError("own must not be empty")
        return data


class After(LabelledRecord):
    own: int

    @model_validator(mode="after")
    def _positive_for_follows(self):
        if self.label == "follows" and self.own < 0:
            raise ValueError("a record that follows has an own of at least 0")
        return self


class Asserting(LabelledRecord):
    own: int

    @field_validator("own")
    @classmethod
    def _small(cls, value):
        assert value < 10, "too large"
        return value


class Raising(LabelledRecord):
    own: str

    @field_validator("own")
    @classmethod
    def _known(cls, value):
        return {"a": "a"}[value]


class PostInit(LabelledRecord):
    own: int

    def model_post_init(self, context):
        if self.own == 7:
            raise ValueError("not 7")


class Configured(LabelledRecord):
    model_config = ConfigDict(str_max_length=20)

    own: str


class CommonPattern(LabelledRecord):
    id: str = Field(pattern="^r")
    own: int


CASES = [
    (with_field(int), [300, -5, 2**63 - 1, "12", 4.0, "4.0"], ["x", 1.5, True, "", None, 2**63, "1e400"], "own: "),
    (with_field(int | None, None), [None, 1], ["x"], "own: expected an integer of at most 64 bits, found 'x'"),
    (with_field(float), [1, 1.5, "2.5", "1e3", 1e300], ["x", "nan", True, None], "own: "),
    (with_field(bool), [True, False, "true", 0, 1, "no"], ["x", 2, None], "own: "),
    (with_field(list[int]), [[1, 2], [], "[3]", "4\n5"], [["x"], [1.5], "x"], "own: expected an integer"),
    (with_field(list[float]), [[1, 2.5], []], [["x"], [True]], "own: expected a number, found"),
    (with_field(Annotated[int, Field(ge=0, le=9)]), [0, 9], [-1, 10], "own: Input should be "),
    (with_field(PositiveInt), [1], [0], "own: Input should be greater than 0, found 0"),
    (with_field(Annotated[int, Field(ge=0)] | None, None), [None, 0], [-1], "own: Input should be greater"),
    (with_field(Annotated[str, Field(min_length=2)]), ["ab"], ["a", ""], "own: String should have at least 2"),
    (with_field(Annotated[str, Field(max_length=2)]), ["ab", ""], ["abc"], "own: String should have at most 2"),
    (with_field(Annotated[str, Field(pattern="^a+$")]), ["aa"], ["ab"], "own: String should match pattern"),
    (with_field(Annotated[Text, Field(max_length=7)]), ["a", {"a": 1}], [{"a": "long text"}], "own: "),
    (with_field(Annotated[list[str], Field(min_length=2)]), [["a", "b"]], [["a"], []], "own: needs at least 2, found "),
    (with_field(Annotated[list[str], Field(max_length=2)]), [["a", "b"]], [["a"] * 3], "own: List should have at most"),
    (with_field(list[Annotated[str, Field(min_length=2)]]), [["ab"], []], [["ab", "a"]], "own.1: String should have"),
    (with_field(Literal["warm", "cold"]), ["warm"], ["hot", None], "own: "),
    (
        with_field(Literal["warm", "cold"] | None, None),
        ["warm", None],
        ["hot"],
        "own: Input should be 'warm' or 'cold'",
    ),
    (with_field(Literal[1, 2]), [1, 2, "1"], [3, "x"], "own: "),
    (with_field(list[Literal["a", "b"]]), [["a", "b"]], [["c"]], "own.0: Input should be 'a' or 'b'"),
    (with_field(list[Option]), [[{"id": "a", "text": "abc"}]], [[{"id": "a", "text": "abcd"}]], "own.0.text: String"),
    (with_field(list[Checked]), [[{"id": "o1", "text": "x"}]], [[{"id": "1", "text": "x"}]], "own.0.id: an id begins"),
    (EvenAge, [2], [3], "own: must be even, found 3"),
    (Before, ["x"], [""], "own must not be empty"),
    (After, [0], [-1], "a record that follows has an own of at least 0"),
    (Asserting, [9], [10], "own: too large"),
    (Raising, ["a"], ["b"], "KeyError: 'b'"),
    (PostInit, [6], [7], "not 7"),
    (Configured, ["x"], ["x" * 21], "own: String should have at most 20 characters"),
]


@pytest.fixture
def reading(tmp_path, monkeypatch):
    """Makes a record type that of `instruction`, and reads rows with values of `own` from a file of some format."""

    def call(record_type, values, ending="jsonl", **changes):
        monkeypatch.setattr(type(dimension("instruction")), "record_type", record_type)
        rows = [
            {"id": f"r{i}", "dimension": "instruction", "lang": "en", "source": "s", "own": value, "label": "follows"}
            | changes
            for i, value in enumerate(values)
        ]
        file = tmp_path / f"instruction.{ending}"
        if ending == "csv":
            with file.open("w", newline="") as stream:
                writer = csv.DictWriter(stream, list(rows[0]))
                writer.writeheader()
                for row in rows:
                    writer.writerow(
                        {n: v if isinstance(v, str) or v is None else json.dumps(v) for n, v in row.items()}
                    )
        elif ending == "parquet":
            pq.write_table(pa.table({n: texts.column_of([row[n] for row in rows]) for n in rows[0]}), file)
        else:
            file.write_text("\n".join(json.dumps(row) for row in rows))
        return load("instruction", str(file))

    return call


@pytest.mark.parametrize("ending", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize(("record_type", "good", "bad", "said"), CASES)
def test_rules_of_a_record_type_hold_for_every_row(reading, record_type, good, bad, said, ending):
    found = reading(record_type, good, ending)
    for record in found.records():
        record_type.model_validate(record.model_dump())
    assert len(found) == len(good)
    for wrong in bad:
        with pytest.raises(DataError) as caught:
            reading(record_type, [*good[:1], wrong], ending)
        message = str(caught.value)
        assert message.startswith("1 of 2 rows of dimension instruction cannot be used")
        assert said in message or "Field required" in message
        assert f"{'line' if ending == 'jsonl' else 'row'} 2: " in message


def test_values_are_of_the_declared_type(reading):
    found = reading(with_field(int), ["12", 300, 2**40, 4.0])
    assert sorted(record.own for record in found.records()) == [4, 12, 300, 2**40]
    found = reading(with_field(list[float]), [[1, 2.5], "[3]"])
    assert sorted(record.own for record in found.records()) == [[1.0, 2.5], [3.0]]
    found = reading(with_field(bool), ["yes", False])
    assert sorted(record.own for record in found.records()) == [False, True]


def test_defaults_take_the_place_of_nulls(reading):
    assert [r.own for r in reading(with_field(int, 5), [None]).records()] == [5]
    made = with_field(Literal["a", "b"], Field(default_factory=lambda: "b"))
    assert sorted(r.own for r in reading(made, [None, "a"]).records()) == ["a", "b"]


class Cleaned(LabelledRecord):
    own: str

    @field_validator("own")
    @classmethod
    def _clean(cls, value):
        return value.strip().lower()

    @field_validator("group")
    @classmethod
    def _short(cls, value):
        return value[:1]


class Broken(LabelledRecord):
    own: int

    @field_validator("own")
    @classmethod
    def _named(cls, value):
        return f"number {value}"


def test_what_a_validator_makes_of_a_value_is_kept(reading):
    cleaned = reading(Cleaned, [" Tea "], group="xyz")
    assert [(r.own, r.group) for r in cleaned.records()] == [("tea", "x")]
    assert cleaned.provenance["sha256"] == reading(Cleaned, ["tea"], group="x").provenance["sha256"]
    with pytest.raises(RecrmError, match=r"Broken\.own: a validator gives a value of another type"):
        reading(Broken, [1])


def test_fields_of_all_records_may_have_rules(reading):
    assert len(reading(CommonPattern, [1])) == 1
    with pytest.raises(DataError, match="id: String should match pattern"):
        reading(CommonPattern, [1], id="x")


class Ready(LabelledRecord):
    own: str = Field(min_length=1)
    age: int

    shown = {"own": "-", "age": 0}


def test_a_ready_prompt_takes_the_place_of_what_it_is_made_of(reading):
    turns = [{"role": "user", "content": "?"}]
    assert [(r.own, r.age) for r in reading(Ready, [None], messages=turns).records()] == [("-", 0)]
    with pytest.raises(DataError, match="own: Field required"):
        reading(Ready, [None], age=1)


class Diner(UserRecord):
    own: int
    label: Literal[0, 1, 2]

    shown = {"profile": "", "history": [], "context": ""}


def test_a_label_is_one_of_its_literal(tmp_path, monkeypatch):
    monkeypatch.setattr(type(dimension("behavior")), "record_type", Diner)
    row = {"id": "a", "lang": "en", "profile": "p", "history": [], "context": "c", "own": 1}
    file = tmp_path / "behavior.jsonl"
    file.write_text("\n".join(json.dumps({**row, "id": str(label), "label": label}) for label in (0, 2)))
    assert sorted(r.label for r in load("behavior", str(file)).records()) == [0, 2]
    file.write_text("\n".join(json.dumps({**row, "id": str(label), "label": label}) for label in (0, 3)))
    with pytest.raises(DataError, match="label: '3' is not in the declared set 0, 1, 2"):
        load("behavior", str(file))


def test_rows_without_an_id_are_checked_with_the_one_that_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(type(dimension("instruction")), "record_type", with_field(Annotated[int, Field(le=3)]))
    file = tmp_path / "instruction.jsonl"
    file.write_text("\n".join(json.dumps({"own": own, "compliant": "yes"}) for own in (1, 2)))
    assert len({r.id for r in load("instruction", str(file)).records()}) == 2
    file.write_text("\n".join(json.dumps({"own": own, "compliant": "yes"}) for own in (1, 4)))
    with pytest.raises(DataError, match="line 2: own: Input should be less than or equal to 3, found 4"):
        load("instruction", str(file))
