"""mapping.yaml: which file and column of a source is what. `recrm data inspect` writes it, a person may edit it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError

OPEN: Final = "?"
"""The value in a mapping that a person has to decide."""

NO_SPLIT = "-"
"""The key of files that belong to no split."""


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Every scalar but null is the text that it is in the data: YAML's own rules would make `no` false, and `01` 1."""

    yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in known if tag.endswith((":null", ":merge"))]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Values(_Part):
    """A column, and what its values mean."""

    column: str
    values: dict[str, str] = Field(default_factory=dict)


class LabelColumn(Values):
    """The column with the labels: `values` gives each of its values a label of the declared set."""

    pattern: str | None = None
    """A regular expression that finds the label in a longer text; its first group, where it has one."""
    numbers: Literal["labels", "from 0", "from 1", "?"] = "labels"
    """Of rankings: one label per candidate or the chosen one's id (`labels`), or its number from 0 or from 1."""

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile("" if pattern in (None, OPEN) else pattern)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return pattern


class Source(_Part):
    """Files with the same columns."""

    files: dict[str, list[str]]
    """Patterns of file names by split; `-` for files that belong to none."""
    rows: Values | None = None
    """The column with the dimension of each row; a value that is no dimension is an error."""
    id: str | None = None
    """By default an id is made of the content."""
    group: str | None = None
    split: Values | None = None
    lang: str | Values = "detect"
    """`zh`, `en`, `detect`, or a column."""
    source: str | None = None
    meta: str | None = None
    messages: str | list[str] | None = None
    """Ready prompts: a list of turns, a text, or several columns whose texts make one turn, or the system's turn
    before a list of turns."""
    fields: dict[str, str | list[str] | None] = Field(default_factory=dict)
    """The record's field -> its column, several columns that make an object, or null: the source has none."""
    label: LabelColumn | None = None
    list_id: str | None = None
    """Of rankings with one row per candidate: the column that names the list."""
    candidate_id: str | None = None
    """Of such rankings: the column with the candidate's id."""
    own: bool = False
    """Whether these are records in the project's own form, where an unknown column is an error."""


class DimensionMapping(_Part):
    """Where the records of one dimension come from."""

    sources: list[Source] = Field(min_length=1)
    labels: LabelSet | None = None
    unusable: Literal["stop", "skip"] = "stop"
    """What to do about rows that cannot be used: stop, or leave them out and count them in every result."""


class Mapping(_Part):
    """The whole file."""

    version: Annotated[Literal[1], BeforeValidator(lambda v: 1 if v == "1" else v)] = 1
    dimensions: dict[str, DimensionMapping]


def read_mapping(file: Path) -> Mapping:
    """Reads a mapping.

    Raises:
        DataError: it cannot be read, has unknown keys, or still has a `?` where a person has to decide.
    """
    try:
        content = yaml.load(file.read_text(encoding="utf-8-sig"), _Loader)
        mapping = Mapping.model_validate(content)
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in detail["loc"]) or "the file"
        raise DataError(f"{file}: {where}: {detail['msg'].removeprefix('Value error, ')}") from None
    unknown = sorted(set(mapping.dimensions) - set(dimensions()))
    if unknown:
        raise DataError(f"{file}: unknown dimension {', '.join(unknown)}; there are {', '.join(dimensions())}")
    return mapping


def undecided(mapping: DimensionMapping) -> list[str]:
    """The places, as dotted paths, that still have a `?`."""
    return list(_open(mapping.model_dump(mode="json"), ""))


def _open(value: Any, path: str) -> list[str]:
    if value == OPEN:
        return [path]
    if isinstance(value, dict):
        return [p for key, part in value.items() for p in _open(part, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list):
        return [p for i, part in enumerate(value) for p in _open(part, f"{path}.{i}" if path else str(i))]
    return []


def to_yaml(mapping: Mapping) -> str:
    """The file's text, without values that are the default."""
    content = {"version": 1, **mapping.model_dump(mode="json", exclude_defaults=True)}
    text: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
    return text
