"""Raw rows -> checked records, by a mapping, whole columns at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import LANGS
from recrm_tasks.data.convert.languages import languages_of
from recrm_tasks.data.convert.list_labels import chosen_labels, list_problems
from recrm_tasks.data.convert.scalars import to_scalars
from recrm_tasks.data.convert.validation import needs_validation, validated
from recrm_tasks.data.formats import Chunk, texts
from recrm_tasks.data.formats.candidates import to_candidates
from recrm_tasks.data.formats.paths import column_at
from recrm_tasks.data.formats.stated import stated_words
from recrm_tasks.data.formats.turns import answers_in, as_text, has_turns, to_turns
from recrm_tasks.data.mapping.layout import dimensions_named
from recrm_tasks.data.mapping.mapping_file import LabelColumn, Source, TextPart, Values
from recrm_tasks.data.store.schema import COMMON, ITEMS, TURNS, required_fields, schema_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import FieldKind, FieldType, field_type, is_list, own_fields
from recrm_tasks.dimensions.rendering import render

Rows = npt.NDArray[np.int64]
_NULL = pa.nulls(1, pa.string())[0]  # pa.scalar imports pandas, a third of the time in which `recrm` starts


@dataclass
class Converted:
    """The records of one chunk, and the rows that cannot be used."""

    batch: pa.RecordBatch
    numbers: Rows
    problems: list[tuple[int, str, str]] = field(default_factory=list)
    """The number of a row, the reason in few words, the whole message."""
    others: dict[str, int] = field(default_factory=dict)
    """Rows of other dimensions, by dimension."""


def convert(
    chunk: Chunk,
    dimension: Dimension,
    source: Source,
    labels: LabelSet | None,
    split: str | None,
    name: str,
    ordered: bool = True,
) -> Converted:
    """Makes records of a chunk.

    Args:
        chunk: raw rows.
        dimension: the dimension.
        source: what its columns are.
        labels: the label set that labels must be of.
        split: the split of the file, if its path names one.
        name: the records' `source` where no column has it.
        ordered: whether each list must have a positive and a negative.
    """
    return _Conversion(chunk, dimension, source, labels, ordered).run(split, name)


class _Conversion:
    """The conversion of one chunk. A class, because every step may find problems."""

    def __init__(
        self, chunk: Chunk, dimension: Dimension, source: Source, labels: LabelSet | None, ordered: bool
    ) -> None:
        self.dimension, self.labels, self.ordered = dimension, labels, ordered
        self.source = _with_all_columns(source) if source.own else source
        # Parts of texts have become columns: see `text_parts.without_parts`.
        self.fields = {name: column for name, column in source.fields.items() if not isinstance(column, TextPart)}
        self.batch, self.numbers = chunk.batch, chunk.numbers
        self.bad = np.zeros(len(self.numbers), dtype=bool)
        self.problems = [(number, text.split(":")[0], text) for number, text in chunk.problems]
        self.others: dict[str, int] = {}

    def run(self, split: str | None, name: str) -> Converted:
        source = self.source
        if source.rows is not None:
            self._keep_dimension(source.rows)
        if source.own:
            self._refuse_unknown()
        columns = self._common(split, name)
        columns |= self._fields(ready=columns["messages"].is_valid())
        schema = schema_of(self.dimension.key)
        batch = pa.RecordBatch.from_arrays([columns[n].cast(schema.field(n).type) for n in schema.names], schema=schema)
        numbers = self.numbers
        if self.bad.any():
            batch, numbers = batch.filter(pa.array(~self.bad)), numbers[~self.bad]
        if needs_validation(self.dimension.record_type):
            batch, valid, problems = validated(batch, self.dimension, self.labels)
            self.problems += [(int(numbers[place]), reason, said) for place, reason, said in problems]
            numbers = numbers[valid]
        return Converted(batch, numbers, self.problems, self.others)

    def column(self, path: str) -> pa.Array:
        """The values at a path; see `column_at`."""
        return column_at(self.batch, path)

    def refuse(self, rows: Any, reason: str, complaint: str | Callable[[int], str]) -> None:
        """Marks rows as unusable; the first reason that is found for a row is reported."""
        mask = (
            rows if isinstance(rows, np.ndarray) else np.asarray(rows.fill_null(False).to_numpy(zero_copy_only=False))
        )
        for index in np.flatnonzero(mask & ~self.bad).tolist():
            said = complaint if isinstance(complaint, str) else complaint(index)
            self.problems.append((int(self.numbers[index]), reason, said))
        self.bad |= mask

    def _keep_dimension(self, rows: Values) -> None:
        """Keeps the rows of this dimension; counts those of others."""
        words = texts.plain(self.column(rows.column))
        named = {v: keys[0] for v in pc.unique(words.drop_null()).to_pylist() if len(keys := dimensions_named(v)) == 1}
        meant = _mapped(words, rows.values or named)
        unknown = meant.is_null().to_numpy(zero_copy_only=False)
        for index in np.flatnonzero(unknown).tolist():
            expected, found = ", ".join(rows.values or dimensions()), words[index].as_py()
            text = f"{rows.column}: expected one of {expected}, found {found!r}"
            self.problems.append((int(self.numbers[index]), f"unknown {rows.column}", text))
        mine = pc.equal(meant, self.dimension.key).fill_null(False)
        for entry in pc.value_counts(meant.filter(pc.invert(mine)).drop_null()).to_pylist():
            self.others[entry["values"]] = entry["counts"]
        self.batch = self.batch.filter(mine)
        self.numbers = self.numbers[mine.to_numpy(zero_copy_only=False)]
        self.bad = np.zeros(len(self.numbers), dtype=bool)

    def _refuse_unknown(self) -> None:
        known = {*COMMON, *own_fields(self.dimension.record_type), "dimension"}
        for name in self.batch.schema.names:
            if name not in known:
                column = self.batch.column(name)
                self.refuse(
                    column.is_valid(),
                    f"unknown field {name}",
                    f"{name}: no such field in a record of dimension {self.dimension.key}",
                )

    def _common(self, split: str | None, name: str) -> dict[str, pa.Array]:
        source, rows = self.source, len(self.numbers)
        empty = pa.nulls(rows, pa.string())
        columns = {
            "id": self._id(source.id) if isinstance(source.id, str) else empty,
            "split": pc.coalesce(self._split(source.split) if source.split else empty, pa.scalar(split, pa.string())),
            "group": self._group(source.group) if isinstance(source.group, str) else empty,
            "meta": self._meta(source.meta) if source.meta else empty,
            "source": pc.coalesce(texts.plain(self.column(source.source)), name)
            if source.source
            else pa.repeat(name, rows),
            "messages": self._messages(),
        }
        columns["lang"] = self._lang(columns["messages"])
        return columns

    def _id(self, path: str) -> pa.StringArray:
        ids = texts.plain(self.column(path))
        self.refuse(pc.equal(pc.fill_null(ids, ""), ""), "no id", f"{path}: no id")
        return ids

    def _group(self, path: str) -> pa.StringArray:
        groups = texts.plain(self.column(path))
        return groups if self.source.own else _not_blank(groups)

    def _meta(self, path: str) -> pa.StringArray:
        meta = texts.json_objects(self.column(path))
        others = pc.invert(pc.starts_with(meta, "{"))
        self.refuse(others, "unusable meta", lambda i: f"{path}: expected an object, found {meta[i].as_py()[:80]}")
        return meta

    def _values(self, name: str, values: Values) -> pa.StringArray:
        """A column whose values may be renamed; those not named stay."""
        words = texts.plain(self.column(values.column))
        return pc.coalesce(_mapped(words, values.values), words) if values.values else words

    def _split(self, values: Values) -> pa.StringArray:
        """The split of each row. A value that another one is renamed to is refused: two splits would become one."""
        splits = self._values("split", values)
        renamed = {split: value for value, split in values.values.items()}
        if not renamed:
            return splits
        words = texts.plain(self.column(values.column))
        unnamed = _mapped(words, values.values).is_null()

        def complaint(row: int) -> str:
            word = words[row].as_py()
            other = renamed[word]
            return (
                f"{values.column}: {word!r} is not {other!r}, which is read as the split {word!r}; in a mapping.yaml "
                f"`split: {{column: {values.column}, values: {{{other}: {word}, {word}: {word}}}}}` makes them one, "
                "and `values: {}` two"
            )

        self.refuse(pc.and_(unnamed, pc.is_in(words, pa.array(list(renamed), pa.string()))), "unclear split", complaint)
        return splits

    def _messages(self) -> pa.Array:
        wanted = self.source.messages
        if wanted is None:
            return pa.nulls(len(self.numbers), TURNS)
        keep_last = self.source.own or self.source.last_turn == "keep"
        turns, problems = to_turns(
            [self.column(c) for c in ([wanted] if isinstance(wanted, str) else wanted)], keep_last
        )
        for index, complaint in problems:
            mask = np.zeros(len(self.numbers), dtype=bool)
            mask[index] = True
            self.refuse(mask, "unusable prompt", f"messages: {complaint}")
        return turns

    def _lang(self, messages: pa.Array) -> pa.StringArray:
        wanted, rows = self.source.lang, len(self.numbers)
        if isinstance(wanted, str) and wanted in LANGS:
            return pa.repeat(wanted, rows)
        if isinstance(wanted, Values):
            langs = self._values("lang", wanted)
            allowed = pc.is_in(langs, pa.array(LANGS))
            self.refuse(
                pc.invert(allowed),
                "unknown lang",
                lambda i: f"{wanted.column}: Input should be 'zh' or 'en', found {langs[i].as_py()!r}",
            )
            return langs
        return self._detected(messages)

    def _detected(self, messages: pa.Array) -> pa.StringArray:
        """The language of the beginnings of each row's texts. A row in another language than ours is refused."""
        named = [c for c in self.fields.values() if c is not None]
        columns = [self.column(c) for part in named for c in ([part] if isinstance(part, str) else part)]
        # Lists and objects cost time, and are in the language of the other fields.
        simple = [_without_json(_beginning(c)) for c in columns if not pa.types.is_nested(c.type)]
        said = self._with_prompts(simple, messages)
        langs = languages_of(said)
        if pc.any(pc.equal(langs, "")).as_py():
            all_said = self._with_prompts([_without_keys(_beginning(c)) for c in columns], messages)
            said = pc.if_else(pc.equal(langs, ""), all_said, said)
            langs = languages_of(said)
        self.refuse(
            langs.is_null(),
            "unknown lang",
            lambda i: (
                f"lang: neither Chinese nor English by its letters: {said[i].as_py()[:40].strip()!r}; `lang: en` or "
                "`lang: zh` in a mapping.yaml says in which language to ask"
            ),
        )
        # A text without letters, such as a number, can be asked about in any language.
        return pc.if_else(pc.fill_null(pc.equal(langs, "zh"), False), "zh", "en")

    def _with_prompts(self, columns: Sequence[pa.StringArray], messages: pa.Array) -> pa.StringArray:
        """What each row says in these columns and at the beginning of its prompt."""
        parts = list(columns)
        if self.source.messages is not None:
            said = pc.binary_join(_contents(messages), " ")
            parts.append(pc.utf8_slice_codeunits(pc.fill_null(said, ""), 0, 300))
        return pc.binary_join_element_wise(*parts, " ") if parts else pa.repeat("", len(self.numbers))

    def _fields(self, ready: pa.BooleanArray) -> dict[str, pa.Array]:
        record, source = self.dimension.record_type, self.source
        columns: dict[str, pa.Array] = {}
        for name in own_fields(record):
            if name in ("label", "labels"):
                continue
            field, required = field_type(record, name), name in required_fields(record)
            column = self._values_of(self.fields.get(name), field.kind)
            found = self._column(name, column, field)
            if not source.own and not field.is_list and pa.types.is_string(found.type):
                found = _not_blank(found)  # an empty cell is missing
            columns[name] = found
            if field.is_list:
                self._refuse_short(name, found, column, ready, required)
            if name in record.shown:
                given = source.fields.get(name, name) is not None and (source.own or name not in record.may_lack)
                columns[name] = found = _filled(found, record.shown[name], ready if given else None)
            if required:
                nothing = column if field.kind == "items" else found
                self.refuse(nothing.is_null(), f"no {name}", f"{name}: Field required")
        gold = "labels" if is_list(record) else "label"
        wanted = source.fields.get(gold)
        return columns | self._label(
            source.label or LabelColumn(column=wanted if isinstance(wanted, str) else gold), columns
        )

    def _column(self, name: str, column: pa.Array, field: FieldType) -> pa.Array:
        """The values of a field in the type of its column; rows in which they are of another are refused."""
        if field.kind == "items":
            found, problems = to_candidates(column, name, self._grade_in(name))
            self._refuse_all(problems, f"unusable {name}")
        elif field.kind in ("int", "float", "bool"):
            found, problems = to_scalars(column, field)
            self._refuse_all([(row, f"{name}: {said}") for row, said in problems], f"unusable {name}")
        elif field.is_list:
            found = texts.entries(column)
        else:
            found = texts.objects(column) if field.kind == "object" else texts.plain(column)
        if field.optional:
            # Tables of text have no null but the empty text, and lists none but the empty list.
            found = pc.if_else(column.is_null(), pa.scalar(None, found.type), found) if field.is_list else found
            found = pc.if_else(pc.equal(found, ""), _NULL, found) if field.choices and field.kind == "text" else found
        return found

    def _grade_in(self, name: str) -> str | None:
        """The field of each candidate that has its grade, which no prompt may show."""
        label, column = self.source.label, self.source.fields.get(name)
        if label is None or label.column is None or not isinstance(column, str):
            return None
        head, _, inner = label.column.rpartition(".")
        return inner if head == column else None

    def _refuse_short(
        self, name: str, found: pa.Array, column: pa.Array, ready: pa.BooleanArray, required: bool
    ) -> None:
        """A record in the project's own form has its lists; elsewhere a missing list is an empty one."""
        if self.source.own and required and found.type != ITEMS:
            missing = pc.and_(column.is_null(), pc.invert(ready))
            self.refuse(missing, f"no {name}", f"{name}: Field required")
        metadata = self.dimension.record_type.model_fields[name].metadata
        least = next((m.min_length for m in metadata if hasattr(m, "min_length")), 0)
        if least and found.type != ITEMS:
            sizes = pc.list_value_length(found)
            short = pc.and_(pc.less(sizes, least), pc.invert(ready))
            self.refuse(
                short, f"no {name}", lambda i: f"{name}: needs at least {least}, found {sizes[i].as_py() or 'none'}"
            )

    def _refuse_all(self, problems: list[tuple[int, str]], reason: str) -> None:
        complaints = dict(problems)
        mask = np.zeros(len(self.numbers), dtype=bool)
        mask[list(complaints)] = True
        self.refuse(mask, reason, lambda i: complaints[i])

    def _values_of(self, wanted: str | list[str] | None, kind: FieldKind) -> pa.Array:
        """The values of a field. Several columns make an object; lists of candidates follow each other, and so does
        what is said in several columns."""
        if wanted is None:
            return pa.nulls(len(self.numbers), pa.string())
        if isinstance(wanted, str):
            return self.column(wanted)
        columns = [self.column(name) for name in wanted]
        if kind == "items":
            rows = zip(*map(texts.values_of, columns), strict=True)
            return texts.column_of([_one_list(row) for row in rows])
        if kind == "text" and any(map(has_turns, columns)):
            return as_text(columns)
        return pa.StructArray.from_arrays(columns, [name.rpartition(".")[2] for name in wanted])

    def _label(self, wanted: LabelColumn, columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
        record = self.dimension.record_type
        if wanted.column is None:
            return {"label": pa.repeat(wanted.value, len(self.numbers))}
        raw = answers_in(self.column(wanted.column))
        choices = [str(c) for c in field_type(record, "label").choices] if "label" in own_fields(record) else []
        allowed = [name for name in self.labels.names if not choices or name in choices] if self.labels else choices
        if wanted.read == "filled":
            raw = texts.has_entries(raw)
        elif wanted.read == "answer":
            raw = stated_words(raw, wanted.key, wanted.values or allowed)
        if "candidates" in columns:
            labels, problems = chosen_labels(raw, columns["candidates"], wanted)
            self._refuse_all([p for p in problems if not self.bad[p[0]]], "unusable labels")
            unusable = list_problems(columns["candidates"], labels, self.ordered)
            self._refuse_all([p for p in unusable if not self.bad[p[0]]], "unusable list")
            return {"labels": labels}
        words = _not_blank(texts.plain(raw))
        meant = _mapped(words, wanted.values) if wanted.values else words
        fits = pc.is_in(meant, pa.array(allowed, pa.string())) if allowed or choices else meant.is_valid()
        self.refuse(
            meant.is_null() if not wanted.values else words.is_null(),
            "no label",
            f"{wanted.column}: no label",
        )
        known = ", ".join(wanted.values or allowed)
        others = "; a mapping.yaml says what it means (`values: {VALUE: LABEL}` under `label`)"
        if self.labels and not wanted.values:
            others += ", and a labels.json beside the data declares another set"
        self.refuse(
            pc.invert(fits),
            "unknown label",
            lambda i: f"{wanted.column}: {words[i].as_py()!r} is not in the declared set {known}{others}",
        )
        return {"label": pc.if_else(fits, meant, _NULL)}


def _with_all_columns(source: Source) -> Source:
    """A column of the project's own form may begin in a later row than those that the mapping was made from."""
    columns = {name: name for name in ("group", "source", "meta", "messages") if getattr(source, name) is None}
    return source.model_copy(update={**columns, "split": source.split or Values(column="split")})


def _mapped(words: pa.StringArray, values: dict[str, str]) -> pa.StringArray:
    """Each word's meaning, or null for a word without one. Case and surrounding spaces do not matter."""
    known = {key.strip().casefold(): value for key, value in values.items()}
    whole = {_whole(key): value for key, value in known.items()}
    encoded = words.dictionary_encode()
    folded = [w if w is None else w.strip().casefold() for w in encoded.dictionary.to_pylist()]
    meant = [None if w is None else known.get(w, whole.get(_whole(w))) for w in folded]
    return pa.array(meant, pa.string()).take(encoded.indices)


def _whole(word: str) -> str:
    """A number as a text of digits, as a column that was once of floats and once of integers has it: 1.0 is 1."""
    return re.sub(r"\.0+$", "", word) if re.fullmatch(r"\d{1,9}\.0+", word) else word


def _beginning(column: pa.Array) -> pa.StringArray:
    return pc.utf8_slice_codeunits(pc.fill_null(texts.plain(column), ""), 0, 100)


def _without_json(beginnings: pa.StringArray) -> pa.StringArray:
    """The texts; nothing where they are lists or objects, as a table of text holds them."""
    return pc.if_else(pc.match_substring_regex(beginnings, r'^\s*(\[\s*["\[{\]]|\{\s*["}])'), "", beginnings)


def _without_keys(beginnings: pa.StringArray) -> pa.StringArray:
    return pc.replace_substring_regex(beginnings, r'"[^"]*"\s*:', "")


def _not_blank(column: pa.StringArray) -> pa.StringArray:
    """With null in place of texts without any character."""
    blank = pc.equal(pc.utf8_trim_whitespace(column), "")
    return pc.if_else(blank, _NULL, column) if pc.any(blank).as_py() else column


def _filled(column: pa.Array, value: Any, where: pa.BooleanArray | None) -> pa.Array:
    """With the value of `shown` where a ready prompt replaces the field, or (None) the source does not have it."""
    if pa.types.is_list(column.type):
        if where is None or not value:
            return column
        empty = pc.and_(where, pc.equal(pc.fill_null(pc.list_value_length(column), 0), 0))
        return pc.if_else(empty, pa.scalar(value, column.type), column) if pc.any(empty).as_py() else column
    if not column.null_count:
        return column
    shown = pa.scalar(render(value) if pa.types.is_string(column.type) else value, column.type)
    filled = pc.if_else(column.is_null(), shown, column)
    return filled if where is None else pc.if_else(where, filled, column)


def _one_list(parts: Sequence[Any]) -> list[Any] | None:
    """The entries of several values, each a list or a single entry."""
    known = [part if isinstance(part, list) else [part] for part in parts if part is not None and part != ""]
    return [entry for part in known for entry in part] if known else None


def _contents(messages: pa.ListArray) -> pa.ListArray:
    said = pc.struct_field(messages.values, ["content"])
    return pa.ListArray.from_arrays(messages.offsets, said)
