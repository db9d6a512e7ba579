"""What a person wrote into a mapping.yaml, checked against the files: a typo is reported as one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.data.formats import read, texts
from recrm_tasks.data.formats.turns import PARTS
from recrm_tasks.data.mapping.layout import Placed
from recrm_tasks.data.mapping.look import column_list, columns_of
from recrm_tasks.data.mapping.mapping_file import OPEN, DimensionMapping, Source, TextPart, did_you_mean
from recrm_tasks.data.mapping.text_parts import CANDIDATES
from recrm_tasks.data.sources.origin import Origin
from recrm_tasks.data.store.schema import required_fields
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import field_type, is_list, own_fields
from recrm_tasks.errors import DataError

_REST = "context"
"""The field that has what a prompt says besides its candidates."""


def settled(part: DimensionMapping, dimension: Dimension) -> DimensionMapping:
    """The mapping with what its answers say of other keys.

    A pattern that finds the candidates in prompts says that the rest of a prompt is the context. Where the fields are
    decided, there is no ready prompt, and `messages: ?` needs no answer. Where the prompt is decided, open fields need
    none.
    """
    sources = []
    for source in part.sources:
        source = _with_rest(source, dimension)
        if source.messages not in (None, OPEN) and OPEN in source.fields.values():
            fields = {name: column for name, column in source.fields.items() if column != OPEN}
            source = source.model_copy(update={"fields": fields})
        if OPEN in (source.messages, source.last_turn) and _whole(source, dimension):
            kept = {n: getattr(source, n) for n in source.model_fields_set - {"messages", "last_turn"}}
            source = Source(**kept, messages=None)
        sources.append(source)
    return part.model_copy(update={"sources": sources})


def _with_rest(source: Source, dimension: Dimension) -> Source:
    """The source with the candidates and the context that patterns divide a prompt into."""
    fields, lists = dict(source.fields), source.list_id
    if isinstance(lists, TextPart) and lists.without is not None and fields.get(CANDIDATES, OPEN) == OPEN:
        fields[CANDIDATES] = lists.model_copy(update={"pattern": lists.without, "without": None})
    item = fields.get(CANDIDATES)
    ready = source.messages not in (None, OPEN)
    if isinstance(item, TextPart) and not ready and _REST in dimension.record_type.may_lack and _REST not in fields:
        fields[_REST] = item.model_copy(update={"pattern": None, "without": item.pattern})
    if fields == source.fields:
        return source
    kept = {n: getattr(source, n) for n in source.model_fields_set}
    return Source(**{**kept, "fields": fields})


def check_given(source: Source, dimension: Dimension, origin: Origin, files: Sequence[Placed], where: str) -> None:
    """Refuses names of fields and columns that do not exist.

    Args:
        source: a source of a mapping.
        dimension: its dimension.
        origin: the data.
        files: the source's files.
        where: the place in the mapping, for messages.

    Raises:
        DataError: there is no such field, or no row of any file has such a column.
    """
    if isinstance(source.list_id, TextPart) and source.list_id.without is not None and source.messages is not None:
        raise DataError(
            f"{where}.messages: each row asks about one candidate, and their list needs a question of its own: leave "
            "`messages` out"
        )
    if source.no_lists and source.label is not None and source.label.listed == "ranks":
        raise DataError(
            f"{where}.label.listed: ranks say nothing of rows that are in no list; `list_id` names the list"
        )
    known = [*own_fields(dimension.record_type)]
    for name in source.fields:
        if name not in known:
            raise DataError(
                f"{where}.fields: a {dimension.key} record has no field {name!r}{did_you_mean(name, known)}; it has "
                f"{', '.join(known)}"
            )
    wanted = dict(_columns(source))
    if not wanted:
        return
    root = origin.local([p.name for p in files])
    seen: dict[str, None] = {}
    for placed in files:
        for chunk in read(root / placed.name, source.form):
            for name in chunk.batch.schema.names:
                seen.setdefault(name)
                column = chunk.batch.column(name)
                for path in [p for p in wanted if p.partition(".")[0] == name and p != name]:
                    if _reaches(path, column):
                        seen.setdefault(path)
            if all(path in seen for path in wanted):
                return
    path = next(path for path in wanted if path not in seen)
    raise DataError(
        f"{where}.{wanted[path]}: no row has a column {path!r}{did_you_mean(path, seen)}; the columns are "
        f"{column_list(seen)}"
    )


def check_labels(mapping: DimensionMapping, labels: LabelSet | None, dimension: Dimension, file: str) -> None:
    """Refuses a mapping whose values mean labels that are not in the label set.

    Raises:
        DataError: there is no such label.
    """
    if is_list(dimension.record_type):
        return
    allowed = labels.names if labels else [str(c) for c in field_type(dimension.record_type, "label").choices]
    for place, source in enumerate(mapping.sources):
        label = source.label
        if label is None or not allowed:
            continue
        said = {f"values.{value}": name for value, name in label.values.items() if name != OPEN}
        said |= {"value": label.value} if label.value is not None else {}
        for key, name in said.items():
            if name not in allowed:
                raise DataError(
                    f"{file}: {dimension.key}: sources.{place}.label.{key}: {name!r} is no label"
                    f"{did_you_mean(name, allowed)}; the labels are {', '.join(allowed)}"
                )


def _whole(source: Source, dimension: Dimension) -> bool:
    """Whether all fields that a record needs are decided."""
    record = dimension.record_type
    given = [n for n, column in source.fields.items() if column != OPEN]
    return (
        OPEN not in source.fields.values()
        and all(n in given for n in required_fields(record) if n not in (*record.may_lack, "label", "labels"))
        and (not record.may_lack or any(source.fields.get(n) is not None for n in record.may_lack))
    )


def _columns(source: Source) -> Iterator[tuple[str, str]]:
    """Each column that a source names, with the place where it does."""
    for name in (
        "rows",
        "id",
        "group",
        "split",
        "lang",
        "source",
        "meta",
        "messages",
        "each",
        "list_id",
        "candidate_id",
    ):
        value = getattr(source, name)
        if name != "lang" or not isinstance(value, str):
            for each in columns_of(value):
                yield each, name
    for name, field in source.fields.items():
        for each in columns_of(field):
            yield each, f"fields.{name}"
    if source.label is not None and source.label.column is not None:
        yield source.label.column, "label.column"


def _reaches(path: str, column: pa.Array) -> bool:
    """Whether some row has a value, or a field, at a path inside of a column."""
    _, *parts = path.split(".")
    for value in (v for start in range(0, len(column), 1_000) for v in texts.values_of(column.slice(start, 1_000))):
        for part in parts:
            first = value[0] if isinstance(value, list) and value else value
            if part in PARTS and isinstance(first, dict) and ("role" in first or "from" in first):
                return True
            value = first.get(part) if isinstance(first, dict) and part in first else None
        if value is not None:
            return True
    return False
