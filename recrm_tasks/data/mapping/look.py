"""The first rows of a source's files, seen by column."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.data.formats import texts
from recrm_tasks.data.formats.paths import column_at
from recrm_tasks.data.formats.text_form import ENTRY
from recrm_tasks.data.formats.turns import is_dialogue, is_turns
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.doubts import Choice, Doubt
from recrm_tasks.data.mapping.mapping_file import TextPart, Values
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import is_list

LOOKED_AT = 200
"""Columns without a known name that are looked at: nobody reads a list of thousands."""
_SHOWN = 40
"""Columns in one message."""
_LONG = 40
"""Characters of a text that is more than a name, a date or a label; a Han character counts as two."""
_DATA = re.compile(r"[\d\s.,:;/+\-TZ年月日时分秒]*|https?://\S*|[\w.-]*[/\\]\S*")
"""Dates, numbers, addresses and paths, which no question is made of."""
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_TIME = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}\D.*|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{10}(?:\d{3})?(?:\.\d+)?")
"""Dates, and seconds or milliseconds since 1970."""
_ABOUT = (
    "source", "meta", "metadata", "dataset", "data_source", "model", "model_name", "reason", "rationale", "explanation",
    "analysis", "comment", "note", "notes", "annotator", "url", "image", "images", "tools", "created_at", "updated_at",
    "time", "date", "timestamp", "来源", "原因", "理由", "分析", "备注", "时间", "日期", "标注人",
)  # fmt: skip
"""Columns about a row, and not of its question."""


class Look:
    """What the first rows hold, and the questions that they leave."""

    def __init__(self, batch: pa.RecordBatch, dimension: Dimension, declared: LabelSet | None) -> None:
        self.batch, self.dimension, self.declared = batch, dimension, declared
        self.labels = declared or dimension.default_labels
        self._objects: set[str] = set()
        self.doubts: list[Doubt] = []
        self._turns: dict[str, bool] = {}
        self._dialogues: dict[str, bool] = {}
        self._named: dict[tuple[str, ...], list[str]] = {}

    @cached_property
    def columns(self) -> dict[str, pa.Array]:
        """All columns, and the fields one level inside of objects and of JSON text."""
        found: dict[str, pa.Array] = {}
        for name in self.batch.schema.names:
            column = self.batch.column(name)
            found[name] = column
            inside = texts.inner_names(column)
            if inside:
                self._objects.add(name)
            for inner in inside:
                found.setdefault(f"{name}.{inner}", texts.inner_field(column, inner))
        return found

    def ask(self, what: str, *choices: Choice, example: str = "") -> None:
        """Leaves a question."""
        self.doubts.append(Doubt(what, choices, example))

    def column(self, path: str) -> pa.Array:
        """The values at a path."""
        return self.columns[path] if path in self.columns else column_at(self.batch, path)

    def named(self, names: Iterable[str]) -> list[str]:
        """The columns with one of the names, in the order of the names."""
        wanted = tuple(names)
        if wanted not in self._named:
            self._named[wanted] = column_names.named(self.columns, wanted)
        return self._named[wanted]

    def is_turns(self, path: str) -> bool:
        """Whether a column has lists of turns."""
        if path not in self._turns:
            self._turns[path] = is_turns(self.column(path))
        return self._turns[path]

    def is_dialogue(self, path: str) -> bool:
        """Whether a column has lists of pairs of what the user and the assistant said before."""
        if path not in self._dialogues:
            self._dialogues[path] = is_dialogue(self.column(path))
        return self._dialogues[path]

    def strings(self, path: str) -> list[str]:
        """The texts of a column that are not blank."""
        return [str(v) for v in texts.plain(self.column(path)).to_pylist() if v is not None and str(v).strip()]

    def distinct(self, path: str) -> list[str]:
        """The different texts of a column that are not blank."""
        return distinct(self.column(path))

    def size(self, path: str) -> int:
        """The median length of a column's texts in characters; a Han character counts as two. Dates, numbers, addresses
        and paths count as nothing."""
        sizes = self._sizes(path)
        return sizes[len(sizes) // 2] if sizes else 0

    def is_long(self, path: str) -> bool:
        """Whether a column holds long texts, in one of ten rows that have any."""
        sizes = self._sizes(path)
        return bool(sizes) and sizes[len(sizes) * 9 // 10] >= _LONG

    def _sizes(self, path: str) -> list[int]:
        return sorted(_size(v) for v in self.strings(path)[:200])

    def is_time(self, path: str) -> bool:
        """Whether a column holds dates or times."""
        values = self.strings(path)[:200]
        return bool(values) and all(_TIME.fullmatch(v.strip()) for v in values)

    def is_prose(self, path: str) -> bool:
        """Whether a column holds texts of several words, lists or objects, that a question may be made of."""
        if column_names.same(path.rpartition(".")[2]) in {column_names.same(n) for n in _ABOUT}:
            return False
        values = self.strings(path)[:200]
        wordy = sum(1 for v in values if _size(v) and (len(re.findall(r"[A-Za-z]{2,}", v)) > 1 or _han(v) > 3))
        return 2 * wordy > len(values) and (len(set(values)) > 1 or len(values) < 2)

    @cached_property
    def leaves(self) -> list[str]:
        """The columns, and in place of objects their fields."""
        return [c for c in self.columns if c not in self._objects]

    @cached_property
    def label_like(self) -> set[str]:
        """The columns that labels may be in, by their names.

        An answer beside a score is what is judged, if it is a text.
        """
        names = (*self.dimension.telling, *self.dimension.contrary, *column_names.LABEL, *column_names.LABELS)
        if is_list(self.dimension.record_type):
            names = (*names, *column_names.RANKS, *column_names.ORDERS)
        scores = self.named(column_names.SCORES)
        judged = [c for c in self.named(column_names.ANSWERS) if self.is_prose(c)] if scores else []
        return {*self.named(names), *scores} - set(judged)

    def row(self, index: int, paths: Sequence[str]) -> str:
        """One row for a person: whole texts of some columns."""
        shown = []
        for path in paths:
            value = texts.values_of(self.column(path).slice(index, 1))[0]
            if self.is_turns(path) and isinstance(value, list):
                said = [f"[{t.get('role') or t.get('from')}] {t.get('content') or t.get('value')}" for t in value]
                shown.append("\n".join(said))
            elif value is not None:
                text = texts.plain(self.column(path).slice(index, 1))[0].as_py()
                shown.append(text if len(paths) == 1 else f"{path}: {text}")
        return "\n".join(shown)


def distinct(column: pa.Array) -> list[str]:
    """The different texts of a column that are not blank, sorted."""
    return sorted(str(v) for v in pc.unique(texts.plain(column)).to_pylist() if v is not None and str(v).strip())


def columns_of(value: Any) -> list[str]:
    """The columns that a part of a mapping names."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Values | TextPart):
        return columns_of(value.column)
    if isinstance(value, dict):
        return [c for v in value.values() for c in columns_of(v)]
    return [c for v in value for c in columns_of(v)] if isinstance(value, list) else []


def column_list(columns: Iterable[str]) -> str:
    """Columns in words; a message of thousands of them helps nobody."""
    names = [name or repr(name) for name in columns]
    more = f", … and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def headless(names: Iterable[str]) -> str:
    """What a message adds where names of columns are numbers, as those of a text table without a heading are."""
    if not any(_NUMBER.fullmatch(name) for name in names):
        return ""
    return f" (if the first row is no heading, `names: [...]` {ENTRY} says what the columns are)"


def few(values: Sequence[str]) -> str:
    """The first values, in a line."""
    return ", ".join(values[:5]) + (", …" if len(values) > 5 else "")


def _size(text: str) -> int:
    return 0 if _DATA.fullmatch(text.strip()) else len(text) + _han(text)


def _han(text: str) -> int:
    return len(re.findall(r"[\u4e00-\u9fff]", text))
