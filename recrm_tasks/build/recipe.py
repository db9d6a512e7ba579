"""The recipe: what a user writes in YAML. docs/build.md explains every key."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, Literal, TypeAlias

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


class JoinKeys(_Spec):
    """Columns that must be equal, if their names differ."""

    this: Name
    that: Name


class TableSpec(_Spec):
    """A file, joined with columns of other tables."""

    file: str = Field(min_length=1)
    join: dict[Name, Name | JoinKeys] = {}
    add: dict[Name, str] = {}


class TimeSpec(_Spec):
    """A column of times, with its format or unit."""

    column: Name
    format: str | None = None
    unit: Literal["s", "ms", "us"] = "s"


class ItemsSpec(_Spec):
    """The catalogue."""

    source: Name = Field(alias="from")
    id: Name
    text: TextSpec


class UsersSpec(_Spec):
    """Who the users are."""

    source: Name = Field(alias="from")
    id: Name
    profile: TextSpec


class EventsSpec(_Spec):
    """What users did, and when: histories are made of it, and sampled negatives avoid it."""

    source: Name = Field(alias="from")
    user: Name
    item: Name
    time: Name | TimeSpec
    leave_out: dict[str, str] = {}
    entry: TextSpec | None = None
    last: int = Field(default=20, ge=1)


class LabelSpec(_Spec):
    """A column of labels and what each value becomes; without a map a value stays as it is."""

    column: Name
    map: dict[Value, int | str] | None = None


class SplitSpec(_Spec):
    """Which records are for what."""

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


class TurnsSpec(_Spec):
    """A history that is in the row itself."""

    each: str
    text: str
    last: int | None = Field(default=None, ge=1)


class CandidatesSpec(_Spec):
    """A column with all candidates of a list: ids (a list, or a text with separators) or objects."""

    column: Name
    separator: str | None = Field(default=None, min_length=1)
    id: str | None = None
    text: TextSpec | None = None


class NegativesSpec(_Spec):
    """Where negatives come from, beside the candidates that were shown."""

    sample: int = Field(default=0, ge=0)
    seed: int = 0
    acted_later: Literal["keep", "leave_out"] = "keep"


class _Part(_Spec):
    source: Name = Field(alias="from")
    id: Name
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

    one_row_per: Literal["list", "candidate"] = "list"
    user: Name | None = None
    time: Name | TimeSpec | None = None
    candidates: CandidatesSpec | None = None
    labels: LabelSpec | None = None
    chosen: Name | None = None
    chosen_index: Name | None = None
    item: Name | None = None
    label: LabelSpec | None = None
    text: TextSpec | None = None
    profile: TextSpec | None = None
    history: TurnsSpec | None = None
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
            {"candidates", "labels"}, {"candidates", "chosen"}, {"candidates", "chosen_index"}, {"item"},
        ]  # fmt: skip
        if given not in forms:
            wanted = " or ".join(" and ".join(sorted(form)) for form in forms)
            raise ValueError(
                f"one row per {self.one_row_per} takes {wanted}; found {' and '.join(sorted(given)) or 'none of them'}"
            )
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
