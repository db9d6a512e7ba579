"""The columns of a record's fields, and what a person may say where one is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import pyarrow as pa

from recrm_tasks.data.formats import texts
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.doubts import Choice
from recrm_tasks.data.mapping.listed_candidates import divided_texts, list_pair, lists_by_labels
from recrm_tasks.data.mapping.look import LOOKED_AT, Look, column_list, columns_of, headless
from recrm_tasks.data.mapping.mapping_file import OPEN, TextPart
from recrm_tasks.data.mapping.text_parts import CANDIDATES
from recrm_tasks.data.store.schema import required_fields
from recrm_tasks.dimensions.names import ITEM
from recrm_tasks.dimensions.record_fields import field_type, own_fields

_MOST = 12
"""Answers that are listed at most."""


@dataclass
class Fields:
    """What was found of a record's fields."""

    columns: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)
    """Further keys of a source: those of rankings with a row per candidate."""
    missing: list[str] = field(default_factory=list)
    """Fields that a record needs, and that no column has."""
    absent: list[str] = field(default_factory=list)
    """Fields that a source may lack, and that no column has."""

    @property
    def taken(self) -> set[str]:
        """The columns that fields were found in."""
        return {c for c in columns_of([v for v in self.columns.values() if v is not None]) if c != OPEN}

    def source(self) -> dict[str, Any]:
        """The keys of a source, with a `?` for what is missing."""
        return {"fields": {**self.columns, **dict.fromkeys(self.missing, OPEN)}, **self.more}


def gold_free(look: Look) -> tuple[str, ...]:
    """A record's own fields without the right answer."""
    return tuple(n for n in own_fields(look.dimension.record_type) if n not in ("label", "labels"))


def one(look: Look, name: str, names: Sequence[str], required: bool = False) -> str | None:
    """The column for something. Two are a doubt, unless one has exactly the name."""
    found = look.named(names)
    if not found:
        return None
    if len(found) > 1 and column_names.same(found[0]) != column_names.same(name):
        if required:
            look.ask(
                f"{name}: each of the columns {', '.join(found)} may be it",
                *(Choice({"fields": {name: column}}) for column in found),
            )
            return OPEN
        return found[0] if name in ("id", "group", "category") else None
    return found[0]


def find_fields(look: Look, given: dict[str, Any]) -> Fields:
    """The columns of a record's fields.

    Args:
        look: the rows.
        given: what a person decided.
    """
    record, found = look.dimension.record_type, Fields()
    listing = given.get(CANDIDATES)
    divided = columns_of(listing) if isinstance(listing, TextPart) else []
    for name in gold_free(look):
        if name in given:
            found.columns[name] = given[name]
            continue
        required = name in required_fields(record)
        column = one(look, name, (name, *look.dimension.columns.get(name, ())), required)
        if column in divided or (column is not None and name == CANDIDATES and _is_item(look, column)):
            column = None  # a prompt, whose parts are the candidates and the context, or the item of each row
        if column is not None:
            items = field_type(record, name).kind == "items"
            found.columns[name] = divided_texts(look, _list_within(look, column, name)) if items else column
        elif name in record.may_lack:
            found.absent.append(name)
        elif required:
            found.missing.append(name)
    if found.missing == [CANDIDATES] and (pair := list_pair(look)) is not None:
        found.columns[CANDIDATES], found.missing = list(pair), []
    elif found.missing == [CANDIDATES]:
        _rows_of_lists(look, found)
    return found


def may_be_none(look: Look, name: str) -> bool:
    """Whether a source may say that it has nothing for a field: not for what is judged, or where a record needs an
    entry."""
    record = look.dimension.record_type
    if name == look.dimension.judged:
        return False
    metadata = record.model_fields[name].metadata
    return name in record.shown and not any(getattr(m, "min_length", 0) for m in metadata)


def _is_item(look: Look, column: str) -> bool:
    """Whether a column that may have an item or a list, by its name, has an item in every row."""
    values = texts.values_of(look.column(column))
    listed = any(isinstance(value, list) for value in values) or lists_by_labels(look, column)
    return column in look.named(ITEM) and not listed


def _list_within(look: Look, column: str, name: str) -> str:
    """The list in an object that has it beside something else, such as the labels; else the column itself."""
    names = (name, *look.dimension.columns.get(name, ()))
    within = [c for c in look.columns if c.startswith(f"{column}.")]
    found = column_names.named([c.removeprefix(f"{column}.") for c in within], names)
    lists = [n for n in found if any(isinstance(v, list) for v in texts.values_of(look.column(f"{column}.{n}")))]
    return f"{column}.{lists[0]}" if lists else column


def decided(look: Look, given: dict[str, Any]) -> bool:
    """Whether given fields are all that a record needs."""
    record = look.dimension.record_type
    needed = [n for n in gold_free(look) if n in required_fields(record)]
    lacking = [n for n in record.may_lack if given.get(n) is None]
    return (
        bool(given)
        and OPEN not in given.values()
        and all(n in given for n in needed if n not in record.may_lack)
        and (not record.may_lack or len(lacking) < len(record.may_lack))
    )


def ask_for_missing(look: Look, found: Fields, besides: Sequence[str] = ()) -> None:
    """Asks for the columns of fields that are missing; fields that a source may lack are none, if nothing is like them.

    A field is never taken for missing while a column may be it: one whose name has a name of the field in it, or one
    that nothing else was found in and that holds texts.

    Args:
        look: the rows.
        found: what was found of the fields.
        besides: columns that are known to be something else.
    """
    record = look.dimension.record_type
    free = [c for c in free_columns(look, found.taken) if c not in besides]
    found_some = any(n in found.columns for n in record.may_lack)
    like = [c for c in free if _resembles(look, c, found.absent) or look.is_prose(c)]
    if not found.missing and (not found.absent or (found_some and not like)):
        found.columns |= dict.fromkeys(found.absent)
        return
    names = [*found.missing, *found.absent]
    columns = like if not found.missing else list(dict.fromkeys([*_weak(look, found.missing, free), *like, *free]))
    choices = [Choice({"fields": part}) for part in _ways(look, found, columns, found_some)][:_MOST]
    if set(names) <= set(record.may_lack) and not found_some:
        choices.append(Choice({"fields": dict.fromkeys(names)}, "the source says nothing of the user"))
    if not choices and len(names) == 1:
        choices = list(_in_taken(look, found, names[0]))
    if not choices:
        nothing = "or null, if the source has none" if all(may_be_none(look, n) for n in names) else ""
        choices = [Choice({"fields": dict.fromkeys(names, "COLUMN")}, nothing)]
    item = one(look, "item", ("item", *ITEM)) if "candidates" in names else None
    if item is None and "candidates" in names:
        item = next((c for c in look.named(column_names.MAYBE["item"]) if c in free and not look.is_long(c)), None)
    if item is not None:
        choices = [*_one_candidate_a_row(look, item, found.absent), *choices]
    prompts = [c for c in free if look.is_turns(c) or look.is_long(c)]
    if not prompts and "candidates" in names:
        prompts = [c for c in look.leaves if c in found.taken and look.is_long(c) and not _is_nested(look, c)]
    for prompt in prompts or ["COLUMN"]:
        choices.append(Choice({"messages": prompt}, "instead of `fields`: a ready prompt"))
        if "candidates" in names and prompt != "COLUMN":
            alone = {"messages": prompt, "no_lists": True, "fields": {"candidates": None}}
            choices.append(Choice(alone, "a ready prompt about one candidate (ask=item)"))
    if "candidates" in names and item is None:
        choices += _one_candidate_a_row(look, "COLUMN", found.absent)
    look.ask(
        f"no column for {', '.join(names)} of {look.dimension.key} records; "
        f"the columns are {column_list(look.columns)}{headless(look.batch.schema.names)}",
        *choices,
    )
    found.missing, found.absent = names, []


def ask_for_dialogue(look: Look, found: Fields, given: dict[str, Any]) -> None:
    """Asks whether what was said before, in a column that is no field, belongs to what the user says."""
    before = [c for c in look.leaves if c not in found.taken and look.is_dialogue(c)]
    said = next((n for n, part in column_names.TURN_PARTS.items() if part == "user"), "")
    column = found.columns.get(said)
    if before and isinstance(column, str) and said not in given:
        look.ask(
            f"{said}: {', '.join(before)} was said before: does it belong to the {said}?",
            Choice({"fields": {said: [*before, column]}}, "it does"),
            Choice({"fields": {said: column}}, "not needed"),
            example=look.row(0, [*before, column]),
        )


def free_columns(look: Look, taken: Iterable[str]) -> list[str]:
    """The columns that nothing was found in and that hold anything but labels and ids."""
    used = {*taken, *look.label_like}
    for name in ("id", "group", "split", "lang", "dimension"):
        used |= set(look.named(column_names.COMMON[name]))
    free = [c for c in look.leaves if c not in used and c.partition(".")[0] not in used]
    return [c for c in free[:LOOKED_AT] if look.strings(c) and not look.is_dialogue(c)]


def _in_taken(look: Look, found: Fields, name: str) -> Iterator[Choice]:
    """The ways to read a record whose missing field no free column may be: a column of another field has it too."""
    said = {n: c for n, c in found.columns.items() if isinstance(c, str) and c in look.columns and look.is_prose(c)}
    for other, column in said.items():
        if other != look.dimension.judged and may_be_none(look, other):
            yield Choice({"fields": {name: column, other: None}}, f"{column} has the {name}, and nothing else")
    if len(said) > 1 and name in look.dimension.record_type.shown:
        whole = [c for c in look.leaves if c in said.values()]
        yield Choice({"messages": whole}, "these texts are a ready prompt, one after the other")


def weak_fields(look: Look, names: Sequence[str], free: Sequence[str], prompt: str | None = None) -> dict[str, str]:
    """Columns that may be the fields by a weak name, or as parts of turns; each field's only one."""
    found: dict[str, str] = {}
    for name in names:
        columns = [c for c in look.named(column_names.MAYBE.get(name, ())) if c in free and c not in found.values()]
        part = column_names.TURN_PARTS.get(name, "assistant" if name == look.dimension.judged else None)
        turns = [c for c in ([prompt] if prompt else free) if look.is_turns(c)]
        if turns and part:
            paths = [f"{c}.{part}" for c in turns if look.strings(f"{c}.{part}")]
            columns = paths[:1] or columns
        columns = [c for c in columns if not look.is_turns(c)]
        if columns:
            found[name] = columns[0]
    return found


def _weak(look: Look, names: Sequence[str], free: Sequence[str]) -> list[str]:
    return list(weak_fields(look, names, free).values())


def _ways(look: Look, found: Fields, columns: list[str], found_some: bool) -> list[dict[str, Any]]:
    """Every way to fill the fields from some columns; fields that may be missing also with none."""
    names = [*found.missing, *found.absent]
    optional = {n for n in names if n in look.dimension.record_type.may_lack}
    weak = weak_fields(look, found.missing, columns)
    ways = [weak | dict.fromkeys(found.absent)] if len(weak) == len(found.missing) and weak else []
    pool: list[str | None] = [*columns[:6], *([None] * len(names))]
    for way in permutations(pool, len(names)):
        part = dict(zip(names, way, strict=True))
        nothing = [n for n, v in part.items() if v is None and n not in optional]
        if nothing and (len(names) > 1 or not may_be_none(look, names[0])):
            continue
        if not found_some and optional and all(part[n] is None for n in optional):
            continue
        if part not in ways:
            ways.append(part)
        if len(ways) > 2 * _MOST:
            break
    ways.sort(key=lambda part: sum(v is None for v in part.values()))
    return ways if len(ways) <= _MOST else []


def _one_candidate_a_row(look: Look, item: str, absent: Sequence[str]) -> Iterator[Choice]:
    """The ways to read rows with one candidate each, by its column: each as a question of its own, or as lists."""
    fields = {"candidates": item, **dict.fromkeys(absent)}
    yield Choice({"no_lists": True, "fields": fields}, "no list: each row is a question of its own (ask=item)")
    groups = look.named((*column_names.LIST_ID, *column_names.COMMON["group"])) or ["COLUMN"]
    yield Choice({"list_id": groups[0], "fields": fields}, f"the rows of one {groups[0]} are a list")


def _resembles(look: Look, column: str, names: Sequence[str]) -> bool:
    """Whether a column's name has a name of one of the fields in it."""
    said = column_names.same(column.rpartition(".")[2])
    for name in names:
        for alias in (name, *look.dimension.columns.get(name, ())):
            word = column_names.same(alias)
            if word in said and (len(word) > 4 or (not word.isascii() and len(word) > 1)):
                return True
    return _is_nested(look, column) and not look.is_turns(column) and look.is_prose(column)


def _is_nested(look: Look, column: str) -> bool:
    return bool(pa.types.is_nested(look.column(column).type))


def _rows_of_lists(look: Look, found: Fields) -> None:
    """One row per candidate: an item, and a column that names the list."""
    item = one(look, "item", ("item", *ITEM))
    lists = look.named(column_names.LIST_ID)
    if item is None or not lists:
        return
    found.missing = []
    found.columns["candidates"] = item
    found.more["list_id"] = lists[0]
    if len(lists) > 1:
        look.ask(
            f"list_id: each of the columns {', '.join(lists)} may name the list",
            *(Choice({"list_id": column}) for column in lists),
        )
        found.more["list_id"] = OPEN
    candidate = look.named(column_names.CANDIDATE_ID)
    if candidate:
        found.more["candidate_id"] = candidate[0]
