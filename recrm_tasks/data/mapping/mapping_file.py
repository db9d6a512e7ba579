"""mapping.yaml: which file and column of a source is what. `recrm data inspect` writes it, a person may edit it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.data.formats.patterns import checked
from recrm_tasks.data.formats.text_form import TextForm
from recrm_tasks.data.mapping.doubts import Doubt
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

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        """A key that a person decided on another line replaces the one with a `?`; other duplicates are refused."""
        if isinstance(node, yaml.MappingNode):
            node.value = _decided(node.value)
        return super().construct_mapping(node, deep)


def _decided(pairs: list[tuple[yaml.Node, yaml.Node]]) -> list[tuple[yaml.Node, yaml.Node]]:
    found: dict[Any, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in pairs:
        name = (key.tag, key.value) if isinstance(key, yaml.ScalarNode) else id(key)
        found[name] = (key, _either(key, found[name][1], value) if name in found else value)
    return list(found.values())


def _either(key: yaml.ScalarNode, first: yaml.Node, second: yaml.Node) -> yaml.Node:
    """The one of two values of a key that decides it; fields are decided one by one."""
    if _same(first, second):
        return first
    if key.value == "fields" and isinstance(first, yaml.MappingNode) and isinstance(second, yaml.MappingNode):
        return yaml.MappingNode(first.tag, _decided(first.value + second.value), first.start_mark)
    if _is_open(first) or _is_open(second):
        return second if _is_open(first) else first
    raise yaml.constructor.ConstructorError(
        None, None, f"there are two different answers for {key.value!r}: keep one of them", second.start_mark
    )


def _is_open(node: yaml.Node) -> bool:
    if isinstance(node, yaml.ScalarNode):
        return bool(node.value == OPEN)
    return any(_is_open(part) for part in _parts(node))


def _same(first: yaml.Node, second: yaml.Node) -> bool:
    if isinstance(first, yaml.ScalarNode) or isinstance(second, yaml.ScalarNode):
        return (first.tag, first.value) == (second.tag, second.value)
    ours, theirs = _parts(first), _parts(second)
    return type(first) is type(second) and len(ours) == len(theirs) and all(map(_same, ours, theirs))


def _parts(node: yaml.Node) -> list[yaml.Node]:
    return [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else list(node.value)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _usable(pattern: str | None) -> str | None:
    return pattern if pattern in (None, OPEN) else checked(pattern)


Pattern = Annotated[str | None, AfterValidator(_usable)]
"""A regular expression in RE2's syntax; see `recrm_tasks.data.formats.patterns`."""


class TextPart(_Part):
    """A part of a text: what a pattern finds in it, or all but that."""

    column: str | list[str]
    """A column of texts, or of turns, of which everything is meant that is said before the answer; or several."""
    pattern: Pattern = None
    """The part is the first match; its first group, where the pattern has one. Of a list of candidates in one text,
    each match is one; with two groups the first is its id."""
    without: Pattern = None
    """The part is the text without all matches."""
    after: Pattern = None
    """Matches are only looked for behind the first match of this."""
    before: Pattern = None
    """Matches are only looked for before the next match of this."""

    @model_validator(mode="after")
    def _one_way(self) -> TextPart:
        if (self.pattern is None) == (self.without is None):
            raise ValueError("either `pattern` or `without` says which part of the text is meant")
        return self

    @property
    def looks_for(self) -> str:
        """The pattern, whatever becomes of its matches."""
        return str(self.pattern if self.pattern is not None else self.without)


class Values(_Part):
    """A column, and what its values mean."""

    column: str
    values: dict[str, str] = Field(default_factory=dict)


class Split(Values):
    """The column with the split of each row, or with texts in which a pattern finds it."""

    pattern: Pattern = None


class LabelColumn(_Part):
    """The column with the labels, or the label that all records have."""

    column: str | None = None
    value: str | None = None
    """The label of all records, where no column has one: of pairs, each side is a source of its own."""
    values: dict[str, str] = Field(default_factory=dict)
    """The label of the declared set that each of the column's values means."""
    grades: list[str] = Field(default_factory=list)
    """The column's values as grades, the best first: they are the label set."""
    read: Literal["value", "answer", "filled"] = "value"
    """`answer`: the column has texts as a model writes them, and the label is the answer that they state. `filled`: the
    column has lists, such as the hallucinated spans, and the label's value is whether there is an entry (`true` or
    `false`)."""
    key: str | None = None
    """Of such texts: the JSON key of the answer, or the word that it follows; by default any common one."""
    pattern: Pattern = None
    """A regular expression that finds the label, or the answer, in a longer text; its first group, where it has one."""
    numbers: Literal["labels", "from 0", "from 1", "?"] = "labels"
    """Of rankings: one label per candidate or the chosen one's id (`labels`), or its number from 0 or from 1."""
    listed: Literal["labels", "chosen", "order", "ranks", "?"] = "labels"
    """Of rankings whose label is a list: labels or names of the chosen (`labels`), always names of the chosen
    (`chosen`), names from the best on, of which the first is what the user chose (`order`), or a rank per candidate, of
    which the lowest number is what the user chose (`ranks`; also of rows with one candidate each)."""

    @model_validator(mode="after")
    def _from_somewhere(self) -> LabelColumn:
        if (self.column is None) == (self.value is None):
            raise ValueError("either `column` or `value` says where the label comes from")
        if self.grades and self.values:
            raise ValueError("either `values` or `grades` says what the values mean")
        if self.grades and len(set(self.grades)) < max(2, len(self.grades)):
            raise ValueError("`grades` needs at least two values that differ")
        return self


FORM = tuple(field.name for field in fields(TextForm))
"""The keys of a source that say how its files are written."""


class Source(_Part):
    """Files with the same columns."""

    files: dict[str, list[str]]
    """Patterns of file names by split; `-` for files that belong to none."""
    rows: Values | None = None
    """The column with the dimension of each row; a value that is no dimension is an error."""
    id: str | TextPart | None = None
    """By default an id is made of the content."""
    group: str | TextPart | None = None
    split: Split | None = None
    lang: str | Values = "detect"
    """`zh`, `en`, `detect`, or a column."""
    source: str | None = None
    meta: str | None = None
    messages: str | list[str] | None = None
    """Ready prompts: a list of turns, a text, or several columns whose texts make one turn, or the system's turn
    before a list of turns."""
    last_turn: Literal["answer", "keep", "?"] = "answer"
    """A last turn of the assistant in ready prompts: the right answer, which is left out, or what is judged."""
    each: str | None = None
    """A column of lists, each entry of which is a record of its own, such as the items that fit a query."""
    fields: dict[str, str | list[str] | TextPart | None] = Field(default_factory=dict)
    """The record's field -> its column, several columns that make an object, a part of a text, or null: the source has
    none. Several columns of `candidates` are one list after the other."""
    label: LabelColumn | None = None
    list_id: str | TextPart | None = None
    """Of rankings with one row per candidate: what names the list. `without` a pattern that finds the candidate: the
    rows of a list are those whose texts are equal otherwise."""
    candidate_id: str | TextPart | None = None
    """Of such rankings: the candidate's id."""
    no_lists: bool = False
    """Of rankings with one row per candidate: no list, each row is a question of its own (`ask=item`)."""
    own: bool = False
    """Whether these are records in the project's own form, where an unknown column is an error."""
    separator: str | None = None
    """Of text tables: what is between the fields, such as `;` or `::`; one blank stands for any number of them."""
    names: list[str] | None = None
    """Of text tables without a heading line: the columns."""
    encoding: str | None = None
    """Of text: its encoding, such as `gb18030`."""
    quoting: bool | None = None
    """Of text tables: whether values may be quoted."""
    decimal: Literal[".", ","] | None = None
    """Of text tables: `,` if numbers have decimal commas."""
    sheet: str | None = None
    """Of Excel files: the sheet."""

    @model_validator(mode="after")
    def _readable(self) -> Source:
        try:
            self.form  # noqa: B018 (raises for what no file is written in)
        except DataError as error:
            raise ValueError(str(error)) from None
        return self

    @property
    def form(self) -> TextForm:
        """How the files are written."""
        said = {name: getattr(self, name) for name in FORM}
        return TextForm(**{**said, "names": None if self.names is None else tuple(self.names)})


class DimensionMapping(_Part):
    """Where the records of one dimension come from."""

    sources: list[Source] = Field(min_length=1)
    labels: LabelSet | None = None
    unusable: Literal["stop", "skip"] = "stop"
    """What to do about rows that cannot be used: stop, or leave them out and count them in every result."""


class MadeFrom(_Part):
    """The source that a mapping was made from."""

    source: str
    revision: str | None = None


class Mapping(_Part):
    """The whole file."""

    version: Annotated[Literal[1], BeforeValidator(lambda v: 1 if v == "1" else v)] = 1
    made_from: MadeFrom | None = None
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
        detail = _most_telling(error)
        where = ".".join(str(part) for part in _keys(detail)) or "the file"
        near = _near_key(str(detail["loc"][-1]), detail["loc"]) if detail["type"] == "extra_forbidden" else ""
        raise DataError(f"{file}: {where}: {detail['msg'].removeprefix('Value error, ')}{near}") from None
    unknown = sorted(set(mapping.dimensions) - set(dimensions()))
    if unknown:
        raise DataError(f"{file}: unknown dimension {', '.join(unknown)}; there are {', '.join(dimensions())}")
    return mapping


def _keys(error: ErrorDetails) -> list[int | str]:
    """The keys of the file to the place of an error, without pydantic's names of the forms that a value may have."""
    forms = ("str", "list[str]", "Values")
    return [part for part in error["loc"] if part not in forms and "TextPart" not in str(part)]


def _most_telling(error: ValidationError) -> ErrorDetails:
    """The first error; where a value may have several forms, the one deepest inside of it."""
    details = error.errors(include_url=False)
    value = _keys(details[0])
    same = [e for e in details if _keys(e)[: len(value)] == value]
    return max(same, key=lambda e: (len(_keys(e)), e["type"] == "extra_forbidden", e["type"] == "value_error"))


def _near_key(name: str, place: tuple[int | str, ...]) -> str:
    """What a misspelled key may have been meant to be."""
    level: type[BaseModel] = Mapping if len(place) == 1 else DimensionMapping if len(place) == 3 else Source
    if any("TextPart" in str(part) for part in place):
        level = TextPart
    elif len(place) > 5:
        level = LabelColumn if place[-2] == "label" else Split if place[-2] == "split" else Values
    return did_you_mean(name, level.model_fields)


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """`; did you mean …?` for a name that is near one of others, else nothing."""
    near = get_close_matches(name, list(names), 1)
    return f"; did you mean {near[0]}?" if near else ""


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


def to_yaml(mapping: Mapping, doubts: Iterable[tuple[str, Doubt]] = ()) -> str:
    """The file's text, without values that are the default.

    Args:
        mapping: what it says.
        doubts: questions about it, each with its dimension. Their answers are comments below their sources.
    """
    asked: dict[tuple[str, int], list[str]] = {}
    for key, doubt in doubts:
        asked.setdefault((key, doubt.source), []).extend(doubt.comment())
    lines = ["version: 1"]
    if mapping.made_from is not None:
        lines += _dumped({"made_from": mapping.made_from.model_dump(exclude_none=True)}, 0)
    lines.append("dimensions:")
    for key, part in mapping.dimensions.items():
        content = part.model_dump(mode="json", exclude_defaults=True)
        lines += [*_dumped({key: None}, 2, "null"), "    sources:"]
        for place, source in enumerate(content.pop("sources")):
            lines += _dumped([source], 4)
            lines += [f"      {line}" for line in asked.get((key, place), ())]
        lines += _dumped(content, 4) if content else []
    return "\n".join(lines) + "\n"


def _dumped(content: Any, indent: int, without: str = "") -> list[str]:
    text: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
    return [f"{' ' * indent}{line}" for line in text.removesuffix("\n").removesuffix(without).rstrip().split("\n")]
