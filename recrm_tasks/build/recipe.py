"""The recipe: what a user writes in YAML. docs/build.md explains every key."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import Lang
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.user import UserRecord
from recrm_tasks.errors import DataError

Name: TypeAlias = str
"""A column or table."""
TextSpec: TypeAlias = str | dict[str, str] | list[str]
"""A template, or an object or list of them; what comes out empty is left out of objects and lists."""
Value: TypeAlias = bool | int | float | str


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    columns: ClassVar[tuple[str, ...]] = ()
    """The keys that name a column."""


class JoinKeys(_Spec):
    """Columns that must be equal, if their names differ."""

    this: Name
    that: Name


class TableSpec(_Spec):
    """A file and how it is written, joined with columns of other tables."""

    file: str = Field(min_length=1)
    separator: str | None = Field(default=None, min_length=1)
    names: tuple[Name, ...] | None = Field(default=None, min_length=1)
    encoding: str | None = Field(default=None, min_length=1)
    quoting: bool | None = None
    decimal: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | None = Field(default=None, min_length=1)
    join: dict[Name, Name | JoinKeys] = {}
    add: dict[Name, Value] = {}
    """Templates; other values than texts are the same in all rows."""


class TimeSpec(_Spec):
    """A column of times, with its format or unit."""

    columns = ("column",)
    column: Name
    format: str | None = None
    unit: Literal["s", "ms", "us"] = "s"


class _Described(_Spec):
    """What items or users are shown as. Without `keep`, all rows of an id must say the same."""

    columns = ("id",)
    source: Name = Field(alias="from")
    id: Name
    keep: Literal["first", "last"] | None = None


class ItemsSpec(_Described):
    """The catalogue."""

    text: TextSpec


class UsersSpec(_Described):
    """Who the users are."""

    profile: TextSpec


class EventsSpec(_Spec):
    """What users did, and when: histories are made of it, and sampled negatives avoid it."""

    columns = ("user", "item", "time")
    source: Name = Field(alias="from")
    user: Name
    item: Name
    time: Name | TimeSpec
    leave_out: dict[str, str] = {}
    entry: TextSpec | None = None
    last: int = Field(default=20, ge=1)


class LabelSpec(_Spec):
    """A column of labels and what each value becomes; without a map a value stays as it is."""

    columns = ("column",)
    column: Name
    map: dict[Value, int | str] | None = None


class SplitSpec(_Spec):
    """Which records are for what."""

    columns = ("column",)
    by: Literal["time", "user", "column"]
    column: Name | None = None
    shares: dict[str, float] | None = None
    start: dict[str, str] | None = Field(default=None, alias="from")
    seed: int = 0

    @model_validator(mode="after")
    def _complete(self) -> SplitSpec:
        given = [n for n, v in (("column", self.column), ("shares", self.shares), ("from", self.start)) if v]
        allowed = {"column": (["column"],), "user": (["shares"],), "time": (["shares"], ["from"])}[self.by]
        if given not in allowed:
            raise ValueError(f"a split by {self.by} takes {' or '.join(x[0] for x in allowed)} and nothing else")
        if self.shares and (min(self.shares.values()) <= 0 or abs(sum(self.shares.values()) - 1) > 1e-9):
            raise ValueError("shares must be above 0 and sum to 1")
        return self


class ListColumn(_Spec):
    """A column of lists, or of texts with a separator between the entries."""

    columns = ("column",)
    column: Name
    separator: str | None = Field(default=None, min_length=1)


class LabelListSpec(ListColumn):
    """A column with a label for each candidate."""

    map: dict[Value, int | str] | None = None


class RowHistorySpec(_Spec):
    """A history that is in the row itself: an expression that gives its entries, or a column of item ids."""

    each: str | None = None
    items: ListColumn | None = None
    text: str | None = None
    last: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_form(self) -> RowHistorySpec:
        if (self.each is None) == (self.items is None):
            raise ValueError("give each (an expression, with text) or items (a column of item ids)")
        if self.each is not None and self.text is None:
            raise ValueError("each needs text, a template over `each`")
        return self


class CandidatesSpec(ListColumn):
    """A column with all candidates of a list, as ids or objects. The templates are over `item`, one entry of it."""

    id: str | None = None
    text: TextSpec | None = None
    label: str | None = None


class NegativesSpec(_Spec):
    """Where negatives come from, beside the candidates that were shown."""

    sample: int = Field(default=0, ge=0)
    seed: int = 0
    acted_later: Literal["keep", "leave_out"] = "keep"


class _Part(_Spec):
    columns: ClassVar[tuple[str, ...]] = ("id", "group")
    source: Name = Field(alias="from")
    id: Name | None = None
    group: Name | None = None
    leave_out: dict[str, str] = {}
    split: SplitSpec | None = None
    meta: dict[str, str] = {}


class RowPart(_Part):
    """One record for each row: every field is a template."""

    fields: dict[str, TextSpec]
    label: LabelSpec
    labels: LabelSet | None = None


class ChoicePart(_Part):
    """Records about what a user did with a list of candidates."""

    columns = ("id", "group", "user", "time", "chosen", "chosen_index", "item")
    one_row_per: Literal["list", "candidate"] = "list"
    user: Name | None = None
    time: Name | TimeSpec | None = None
    candidates: CandidatesSpec | None = None
    labels: LabelListSpec | None = None
    chosen: Name | ListColumn | None = None
    chosen_index: Name | None = None
    item: Name | None = None
    label: LabelSpec | None = None
    text: TextSpec | None = None
    profile: TextSpec | None = None
    history: RowHistorySpec | None = None
    context: TextSpec = ""
    query: str | None = None
    negatives: NegativesSpec = NegativesSpec()
    both_labels: bool = False
    max_candidates: int | None = Field(default=None, ge=2)

    @model_validator(mode="after")
    def _one_form(self) -> ChoicePart:
        keys = ("candidates", "labels", "chosen", "chosen_index", "item", "label", "text")
        given = {key for key in keys if getattr(self, key) is not None}
        forms = [{"item", "label"}, {"item", "label", "text"}] if self.one_row_per == "candidate" else [
            {"candidates", "labels"}, {"candidates", "chosen"}, {"candidates", "chosen_index"},
            {"candidates", "candidates.label"}, {"item"}, {"item", "label"},
        ]  # fmt: skip
        if self.candidates is not None and self.candidates.label is not None:
            given.add("candidates.label")
        if given not in forms:
            wanted = " or ".join(" and ".join(sorted(form)) for form in forms)
            raise ValueError(
                f"one row per {self.one_row_per} takes {wanted}; found {' and '.join(sorted(given)) or 'none of them'}"
            )
        if self.one_row_per == "candidate" and self.id is None:
            raise ValueError("one row per candidate needs the key id, a column that says which list a row is of")
        if given == {"item"} and not self.negatives.sample:
            raise ValueError("rows with one item that was acted on need negatives: {sample: N}")
        return self


class Recipe(_Spec):
    """The whole recipe."""

    source: str = Field(min_length=1)
    lang: Lang
    zone: str = "UTC"
    macros: str = ""
    tables: dict[Name, TableSpec] = Field(min_length=1)
    items: ItemsSpec | None = None
    users: UsersSpec | None = None
    events: EventsSpec | None = None
    records: dict[str, RowPart | ChoicePart] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _forms(cls, data: Any) -> Any:
        """Each part by its own form, so that an error is about that form alone."""
        parts = data.get("records") if isinstance(data, dict) else None
        if not isinstance(parts, dict):
            return data
        return {**data, "records": {key: _part(str(key), part) for key, part in parts.items()}}


def _part(key: str, part: Any) -> RowPart | ChoicePart:
    if key not in dimensions():
        raise ValueError(f"records.{key}: unknown dimension; there are {', '.join(dimensions())}")
    if not isinstance(part, dict):
        raise ValueError(f"records.{key}: expected keys and values, found {part!r}")
    choice = "fields" not in part and issubclass(dimensions()[key].record_type, UserRecord)
    try:
        return (ChoicePart if choice else RowPart).model_validate(part)
    except ValidationError as error:
        raise ValueError(_first(error, f"records.{key}")) from None


def read_recipe(file: Path) -> Recipe:
    """Reads and checks a recipe.

    Raises:
        DataError: it cannot be read, is not YAML, or has a key or value that is not allowed; names the key.
    """
    try:
        return Recipe.model_validate(yaml.load(file.read_text(encoding="utf-8"), _Loader))
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise DataError(f"{file}: {_first(error)}") from None


def _first(error: ValidationError, prefix: str = "") -> str:
    """The first complaint: the key, what is wrong, what was found."""
    detail = error.errors(include_url=False)[0]
    key = ".".join(filter(None, (prefix, *map(str, detail["loc"]))))
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message = "there is no such key"
    elif detail["type"] not in ("missing", "value_error"):
        message += f", found {detail['input']!r}"[:100]
    return f"{key}: {message}" if key else message


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # the library has no types of its own
    """Refuses duplicate keys, of which YAML readers otherwise keep the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [k.value for k, _ in node.value if k.tag != "tag:yaml.org,2002:merge"]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"duplicate key {key!r}", node.start_mark)
        constructed: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return constructed
