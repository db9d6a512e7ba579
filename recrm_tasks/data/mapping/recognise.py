"""The columns of a source -> a mapping of them. What is not certain is left open, with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pyarrow as pa

from recrm_tasks.answers.label_sets import Label, LabelSet
from recrm_tasks.answers.prompt import LANGS
from recrm_tasks.data.formats import texts
from recrm_tasks.data.formats.candidates import to_candidates
from recrm_tasks.data.formats.turns import is_turns, last_answers
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.layout import split_of
from recrm_tasks.data.mapping.mapping_file import OPEN, LabelColumn, Source, Values
from recrm_tasks.data.store.schema import required_fields
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.names import ITEM
from recrm_tasks.dimensions.record_fields import own_fields

_MANY = 30
"""A column with more different values than this has texts, not labels."""
_SHOWN = 40
"""Columns in one message."""
_PATTERNS = (
    r"<answer>\s*(.*?)\s*</answer>",
    r"\\boxed\{\s*([^{}]*?)\s*\}",
    r'"(?:answer|label|答案|标签)"\s*:\s*"?([^",}]*)"?',
)
_LANGS = {
    "zh": "zh",
    "cn": "zh",
    "zh-cn": "zh",
    "chinese": "zh",
    "中文": "zh",
    "en": "en",
    "en-us": "en",
    "english": "en",
    "英文": "en",
}


@dataclass
class Proposal:
    """The proposed mapping of some files."""

    source: Source
    labels: LabelSet | None = None
    """Where the labels are not the dimension's default ones."""
    doubts: list[str] = field(default_factory=list)
    """What a person has to decide: each with the candidates and the line for the mapping."""
    unused: list[str] = field(default_factory=list)


def recognise(
    batch: pa.RecordBatch, dimension: Dimension, files: dict[str, list[str]], declared: LabelSet | None
) -> Proposal:
    """Proposes a mapping for rows of one dimension.

    Args:
        batch: the first rows of every file that has these columns.
        dimension: the dimension.
        files: patterns of their names by split, which become part of the mapping.
        declared: a label set that is declared beside the files.
    """
    return _Recognition(batch, dimension, declared).run(files)


def is_own_form(names: Sequence[str], dimension: Dimension) -> bool:
    """Whether columns are those of the project's own records."""
    own = {"id", "lang", *own_fields(dimension.record_type)}
    return {"id", "dimension", "lang", "source"} <= set(names) or own <= set(names)


class _Recognition:
    def __init__(self, batch: pa.RecordBatch, dimension: Dimension, declared: LabelSet | None) -> None:
        self.batch, self.dimension, self.declared = batch, dimension, declared
        self.columns = self._columns()
        self.doubts: list[str] = []
        self.used: set[str] = set()

    def run(self, files: dict[str, list[str]]) -> Proposal:
        names = self.batch.schema.names
        if is_own_form(names, self.dimension):
            return Proposal(self._own(files))
        taken: dict[str, Any] = {name: self._one(name, column_names.COMMON[name]) for name in ("id", "group")}
        for name in ("split", "lang"):
            column = self._one(name, column_names.COMMON[name])
            if column is not None:
                taken[name] = self._values_of(name, column)
        prompt = self._prompt()
        before = len(self.doubts)
        structured, missing = self._structured()
        if prompt is not None and missing:
            del self.doubts[before:]  # about fields that are not there as a whole
            taken |= {"messages": prompt, "fields": self._beside(prompt)}
        elif prompt is not None:
            self._doubt(
                f"two readings are possible: the columns {', '.join(_names(structured['fields']))} as fields, or "
                f"{_joined(prompt)} as a ready prompt",
                f"messages: {_joined(prompt)}   # or leave `messages` out: the prompt is then made of the fields",
            )
            taken |= {**structured, "messages": OPEN}
        else:
            taken |= structured
            if missing:
                self._missing(missing)
        label, labels = self._label(ready=taken.get("messages") is not None, taken=taken)
        taken["label"] = label
        self.used |= {c for v in taken.values() for c in _names(v)}
        unused = [n for n in names if n not in self.used and not any(u.startswith(f"{n}.") for u in self.used)]
        source = Source(files=files, **{k: v for k, v in taken.items() if v is not None})
        return Proposal(source, labels, self.doubts, unused)

    def column(self, path: str) -> pa.Array:
        """The values of a column or of a field in it."""
        return self.columns[path]

    def _columns(self) -> dict[str, pa.Array]:
        """All columns, and the fields one level inside of objects and of JSON text."""
        found: dict[str, pa.Array] = {}
        for name in self.batch.schema.names:
            column = self.batch.column(name)
            found[name] = column
            for inner in texts.inner_names(column):
                found.setdefault(f"{name}.{inner}", texts.inner_field(column, inner))
        return found

    def _own(self, files: dict[str, list[str]]) -> Source:
        names = self.batch.schema.names
        own = (name for name in own_fields(self.dimension.record_type) if name not in ("label", "labels"))
        fields: dict[str, Any] = {name: name for name in own}
        present: dict[str, Any] = {n: n for n in ("id", "group", "source", "meta", "messages") if n in names}
        if "split" in names:
            present["split"] = Values(column="split")
        label = LabelColumn(column="labels" if "candidates" in fields else "label")
        return Source(
            files=files,
            own=True,
            id="id",
            lang=Values(column="lang"),
            fields=fields,
            label=label,
            **{k: v for k, v in present.items() if k != "id"},
        )

    def _doubt(self, what: str, *lines: str) -> None:
        self.doubts.append("\n".join([what, *(f"    {line}" for line in lines)]))

    def _one(self, name: str, names: Sequence[str], required: bool = False) -> str | None:
        """The column for something. Two are a doubt, unless one has exactly the name."""
        found = [c for c in column_names.named(self.columns, names) if c not in self.used]
        if not found:
            return None
        if len(found) > 1 and column_names.same(found[0]) != column_names.same(name):
            if required:
                self._doubt(
                    f"{name}: each of the columns {', '.join(found)} may be it",
                    f"fields: {{{name}: {found[0]}}}   # or: {', '.join(found[1:])}",
                )
                return OPEN
            return found[0] if name in ("id", "group", "category") else None
        return found[0]

    def _values_of(self, name: str, column: str) -> Values | None:
        seen = _distinct(self.column(column))
        if name == "split":
            return Values(column=column, values={v: split_of(v) or v for v in seen if (split_of(v) or v) != v})
        meant = {v: _LANGS.get(v.strip().casefold()) for v in seen}
        if not all(meant.values()):
            return None
        return Values(column=column, values={v: m for v, m in meant.items() if m and v not in LANGS})

    def _missing(self, names: list[str]) -> None:
        lines = [f"fields: {{{', '.join(f'{name}: COLUMN' for name in names)}}}   # or null, if the source has none"]
        if "candidates" in names:
            lines.append(
                "list_id: COLUMN   # with `fields: {candidates: COLUMN}`, where each row is one candidate of a list"
            )
        self._doubt(
            f"no column for {', '.join(names)} of a {self.dimension.key} record; the columns are {self._shown}",
            *lines,
            "messages: COLUMN   # instead of `fields`, if a column holds ready prompts",
        )

    def _structured(self) -> tuple[dict[str, Any], list[str]]:
        """The record's fields by column, and those that are missing, left open."""
        record = self.dimension.record_type
        fields: dict[str, Any] = {}
        missing = []
        for name in own_fields(record):
            if name in ("label", "labels"):
                continue
            required = name in required_fields(record)
            column = self._one(name, (name, *self.dimension.columns.get(name, ())), required)
            if column is not None:
                fields[name] = column
            elif required:
                missing.append(name)
        if missing == ["candidates"]:
            rows = self._rows_of_lists(fields)
            if rows is not None:
                return rows, []
        return {"fields": {**fields, **dict.fromkeys(missing, OPEN)}}, missing

    def _rows_of_lists(self, fields: dict[str, Any]) -> dict[str, Any] | None:
        """One row per candidate: an item, and a column that names the list."""
        item = self._one("item", ("item", *ITEM))
        lists = column_names.named(self.columns, column_names.LIST_ID)
        if item is None or not lists:
            return None
        taken: dict[str, Any] = {"fields": {**fields, "candidates": item}, "list_id": lists[0]}
        if len(lists) > 1:
            self._doubt(
                f"list_id: each of the columns {', '.join(lists)} may name the list",
                f"list_id: {lists[0]}   # or: {', '.join(lists[1:])}",
            )
            taken["list_id"] = OPEN
        candidate = column_names.named(self.columns, column_names.CANDIDATE_ID)
        return {**taken, "candidate_id": candidate[0]} if candidate else taken

    def _prompt(self) -> str | list[str] | None:
        """The columns of a ready prompt."""
        found = column_names.named(self.columns, column_names.COMMON["messages"])
        if found:
            if len(found) > 1:
                self._doubt(
                    f"messages: each of the columns {', '.join(found)} may be the prompt",
                    f"messages: {found[0]}   # or: {', '.join(found[1:])}",
                )
                return OPEN
            return [*self._system(), found[0]] if self._system() else found[0]
        instruction, said = (column_names.named(self.columns, n) for n in (("instruction", "指令"), ("input", "输入")))
        return [*self._system(), instruction[0], said[0]] if instruction and said else None

    def _system(self) -> list[str]:
        """The column of a system prompt beside the others."""
        return [c for c in column_names.named(self.columns, ("system",)) if self.column(c).null_count < len(self.batch)]

    def _beside(self, prompt: str | list[str]) -> dict[str, Any]:
        """Fields beside a ready prompt that are more than its parts: categories, candidates."""
        found = {}
        for name in own_fields(self.dimension.record_type):
            if name in self.dimension.record_type.shown or name in ("label", "labels"):
                continue
            column = self._one(name, (name, *self.dimension.columns.get(name, ())))
            if column is not None and column not in (prompt if isinstance(prompt, list) else [prompt]):
                found[name] = column
            elif name in required_fields(self.dimension.record_type):
                key = self.dimension.key
                self._doubt(f"{name}: a ready prompt of {key} needs them too", f"fields: {{{name}: COLUMN}}")
                found[name] = OPEN
        return found

    def _label(self, ready: bool, taken: dict[str, Any]) -> tuple[LabelColumn | None, LabelSet | None]:
        fields = {c for v in (taken.get("fields") or {}).values() for c in _names(v)} | set(
            _names(taken.get("messages"))
        )
        is_list = "labels" in own_fields(self.dimension.record_type)
        names = column_names.LABELS + column_names.LABEL if is_list else column_names.LABEL
        telling = [c for c in column_names.named(self.columns, self.dimension.telling) if c not in fields]
        plain = [c for c in column_names.named(self.columns, names) if c not in fields]
        found = telling if len(telling) == 1 and not plain else (plain or telling) if not telling else telling + plain
        if not found and ready:
            answered = [c for c in _names(taken["messages"]) if c in self.columns and _answers(self.column(c))]
            found = answered
        if len(found) != 1:
            what = f"label: each of the columns {', '.join(found)} may be it" if found else "label: no column for it"
            others = f"   # or: {', '.join(found[1:])}" if found else ""
            self._doubt(
                f"{what}; the columns are {self._shown}",
                f"label: {{column: {(found or ['COLUMN'])[0]}}}{others}",
            )
            return LabelColumn(column=OPEN), None
        column = found[0]
        if is_list:
            return self._list_label(column, taken), None
        return self._meaning(
            column, bool(telling) or column_names.same(column) in {column_names.same(t) for t in self.dimension.telling}
        )

    def _list_label(self, column: str, taken: dict[str, Any]) -> LabelColumn:
        if "list_id" in taken:
            return LabelColumn(column=column)
        values = self.column(column)
        values = last_answers(values) if is_turns(values) else texts.parsed(values)
        if pa.types.is_list(values.type):
            return self._grades(column, values)
        seen = _distinct(values)
        if not seen:
            return self._empty(column)
        if not all(v.isdecimal() and len(v) < 10 for v in seen):
            return LabelColumn(column=column)
        name = (taken.get("fields") or {}).get("candidates")
        shown = (
            to_candidates(self.column(name))[0].to_pylist() if isinstance(name, str) and name in self.columns else []
        )
        rows = [(v, row) for v, row in zip(texts.plain(values).to_pylist(), shown, strict=False) if v is not None]
        # Candidates without ids have their numbers as ids, which prove nothing.
        named = any(c["id"] != str(i) for _, row in rows for i, c in enumerate(row, 1))
        fits: dict[Any, bool] = {
            "labels": named and all(any(v == c["id"] for c in row) for v, row in rows),
            "from 0": all(int(v) < len(row) for v, row in rows),
            "from 1": all(0 < int(v) <= len(row) for v, row in rows),
        }
        possible: list[Any] = [way for way, fit in fits.items() if fit and rows]
        if len(possible) != 1:
            said: dict[Any, str] = {
                "labels": "be the ids of candidates",
                "from 0": "count them from 0",
                "from 1": "count them from 1",
            }
            ways: list[Any] = possible or list(said)
            self._doubt(
                f"label: the numbers {_few(seen)} in {column} name candidates and may "
                + " or ".join(said[way] for way in ways),
                f"label: {{column: {column}, numbers: {ways[0]}}}   # or: {', '.join(ways[1:])}",
            )
            return LabelColumn(column=column, numbers=OPEN)
        return LabelColumn(column=column, numbers=possible[0])

    def _grades(self, column: str, values: pa.Array) -> LabelColumn:
        """A label per candidate: not where the lists may as well be orders of the candidates."""
        rows = [[str(v) for v in row] for row in values.to_pylist() if row]
        if any(len(r) > 2 for r in rows) and all(set(r) == {str(i) for i in range(len(r))} for r in rows):
            self._doubt(
                f"label: each list in {column} holds every number from 0 on once: are they grades, or an order?",
                f"label: {{column: {column}, numbers: labels}}   # grades, higher is better; an order cannot be read",
            )
            return LabelColumn(column=column, numbers=OPEN)
        return LabelColumn(column=column)

    @property
    def _shown(self) -> str:
        """The columns in words; a message of thousands of them helps nobody."""
        names = list(self.columns)
        more = f", … and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return ", ".join(names[:_SHOWN]) + more

    def _empty(self, column: str) -> LabelColumn:
        self._doubt(
            f"label: {column} is empty in the first rows; the columns are {self._shown}",
            "label: {column: COLUMN}",
        )
        return LabelColumn(column=OPEN)

    def _meaning(self, column: str, telling: bool) -> tuple[LabelColumn, LabelSet | None]:
        """What each value of the label column means, where that is certain."""
        raw = self.column(column)
        pattern = None
        if is_turns(raw):
            raw = last_answers(raw)
        seen = _distinct(raw)
        if len(seen) > _MANY or any(len(v) > 60 or v.startswith("{") or "<answer>" in v for v in seen):
            pattern, seen = self._pattern(seen)
        if not seen:
            return self._empty(column), None
        if len(seen) > _MANY:
            self._doubt(
                f"label: {column} holds texts, not labels, like {seen[0][:80]!r}",
                f"label: {{column: {column}, pattern: 'REGULAR EXPRESSION WITH (THE LABEL)', values: {{WORD: LABEL}}}}",
            )
            return LabelColumn(column=column, pattern=OPEN), None
        labels = self.declared or self.dimension.default_labels
        meant = self._plain_meaning(seen, labels, telling)
        new = None
        if meant is None and labels is not None and not self.declared:
            new = _scale(seen, self.dimension, telling)
            meant = {v: v for v in seen} if new else None
        if meant is None:
            allowed = f"{', '.join(labels.names)}, or of your own `labels`" if labels else "0, 1"
            shown = ", ".join(f"{v!r}: …" for v in seen)
            self._doubt(
                f"label: what do the values {', '.join(map(repr, seen))} of {column} mean?",
                f"label: {{column: {column}, values: {{{shown}}}}}   # each one of {allowed}",
            )
            return LabelColumn(column=column, pattern=pattern, values=dict.fromkeys(seen, OPEN)), None
        changed = {v: m for v, m in meant.items() if v != m}
        return LabelColumn(column=column, pattern=pattern, values=meant if changed else {}), new

    def _pattern(self, seen: list[str]) -> tuple[str | None, list[str]]:
        import re

        for pattern in _PATTERNS:
            found = [re.search(pattern, v, re.DOTALL) for v in seen]
            if seen and all(found):
                return pattern, sorted({m.group(1) for m in found if m})
        return None, seen

    def _plain_meaning(self, seen: list[str], labels: LabelSet | None, telling: bool) -> dict[str, str] | None:
        """Each value's label, or None if one of them is not certain."""
        folded = {v: v.strip().casefold() for v in seen}
        if labels is None:
            return _each(folded, {**dict.fromkeys(column_names.YES, "1"), **dict.fromkeys(column_names.NO, "0")})
        general = {*column_names.YES, *column_names.NO}
        known: dict[str, str] = {}
        for label in labels.labels:
            # "yes" and "1" mean nothing unless the column's name says what is asked.
            known |= {w: label.name for w in label.spoken if w not in general or label.name.casefold() == w}
        if telling and len(labels.labels) == 2:
            best, worst = sorted(labels.labels, key=lambda x: -x.value)
            known |= {**dict.fromkeys(column_names.YES, best.name), **dict.fromkeys(column_names.NO, worst.name)}
        return _each(folded, known)


def _few(values: Sequence[str]) -> str:
    return ", ".join(values[:5]) + (", …" if len(values) > 5 else "")


def _each(values: dict[str, str], known: dict[str, str]) -> dict[str, str] | None:
    return {v: known[w] for v, w in values.items()} if all(w in known for w in values.values()) else None


def _scale(seen: list[str], dimension: Dimension, telling: bool) -> LabelSet | None:
    """A label set for graded words in common use, or for numbers that are grades by their column's name."""
    if len(dimension.default_labels.labels if dimension.default_labels else ()) < 3 or len(seen) < 2:
        return None
    folded = {v.strip().casefold(): v for v in seen}
    for scale in column_names.SCALES:
        order = [next((folded[w] for w in same if w in folded), None) for same in scale]
        if all(any(w in same for same in scale) for w in folded):
            return _graded(
                [(name, "/".join(same)) for name, same in zip(order, scale, strict=True) if name is not None]
            )
    numbers = sorted((int(v) for v in seen if v.isdecimal() and len(v) < 10), reverse=True)
    if telling and len(numbers) == len(seen) and numbers[-1] == 0 and all(a - b == 1 for a, b in pairwise(numbers)):
        top = numbers[0]
        return LabelSet(
            labels=tuple(
                Label(name=str(n), value=n / top, zh=f"{top} 级中的 {n} 级", en=f"grade {n} of {top}") for n in numbers
            )
        )
    return None


def _graded(grades: list[tuple[str, str]]) -> LabelSet:
    last = len(grades) - 1
    return LabelSet(
        labels=tuple(
            Label(name=name, value=(last - i) / last, zh=name, en=word.split("/")[0])
            for i, (name, word) in enumerate(grades)
        )
    )


def _answers(column: pa.Array) -> bool:
    """Whether lists of turns end with what the assistant says."""
    return is_turns(column) and last_answers(column).null_count == 0


def _distinct(column: pa.Array) -> list[str]:
    return sorted(str(v) for v in pa.compute.unique(texts.plain(column)).to_pylist() if v is not None)


def _names(value: Any) -> list[str]:
    """The columns that a part of a mapping names."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Values):
        return [value.column]
    if isinstance(value, dict):
        return [c for v in value.values() for c in _names(v)]
    return [c for v in value for c in _names(v)] if isinstance(value, list) else []


def _joined(prompt: str | list[str]) -> str:
    return prompt if isinstance(prompt, str) else f"[{', '.join(prompt)}]"
