"""The candidates of a list with their grades, from every form that logs have."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import polars as pl

from recrm_tasks.build.label_values import label_of, mapped
from recrm_tasks.build.left_out import LeftOut
from recrm_tasks.build.recipe import ChoicePart
from recrm_tasks.build.source_tables import Table, as_id
from recrm_tasks.build.templates import Rendered, Templates
from recrm_tasks.errors import DataError

Row = dict[str, Any]


class Candidate(NamedTuple):
    """One item of a list."""

    id: str
    text: Rendered
    grade: int
    """0 is a negative."""


class CandidateReader(NamedTuple):
    """How the candidates of a row are read."""

    read: Callable[[Row], list[Candidate] | str]
    """The candidates in the order of the source, or the reason why the list cannot be used."""
    columns: frozenset[str]
    """The columns that this needs."""


def one_row_per_list(table: Table, part: ChoicePart, templates: Templates, where: str, left_out: LeftOut) -> Table:
    """Rows of one candidate each -> one row per list, with the lists `__items`, `__labels` and `__texts` (JSON).

    Other columns are kept if they do not differ within any list: one that differs may show what was chosen. The time
    of a list is that of its first row.
    """
    assert part.item is not None
    assert part.label is not None
    own = [table.ids(part.item, f"{where}.item").alias("__items")]
    own.append(table.frame[table.column(part.label.column, f"{where}.label.column")].alias("__labels"))
    if part.text is not None:
        known = set(table.frame.columns) - {part.label.column}
        text = templates.text(part.text, f"{where}.text", {n for n in known if not n.startswith("__")})
        small = table.with_frame(table.frame.select(sorted(text.names) or table.frame.columns[:1]))
        own.append(pl.Series("__texts", [json.dumps(text(row)) for row in small.rows()], pl.String))
    frame = table.frame.with_columns(own)
    missing = frame["__list"].is_null() | frame["__items"].is_null()
    left_out.add("candidates: no list id or no item id", int(missing.sum()))
    frame = frame.filter(~missing)
    if frame.is_empty():
        raise DataError(f"{where}: no row has a list id and an item id")
    plain = [n for n, t in frame.schema.items() if not isinstance(t, pl.List) and not n.startswith("__")]
    lists = frame.group_by("__list", maintain_order=True)
    most = lists.agg(pl.col(plain).n_unique()).select(pl.col(plain).max()).row(0, named=True)
    constant = [name for name in plain if most[name] == 1]
    grouped = lists.agg(
        pl.col(constant).first(),
        *([pl.col("__user").first(), pl.col("__user").n_unique().alias("__users")] if part.user else []),
        *([pl.col("__time").min()] if part.time else []),
        *(pl.col(series.name) for series in own),
    )
    if part.user:
        left_out.add("lists: rows of different users", int((grouped["__users"] > 1).sum()))
        grouped = grouped.filter(pl.col("__users") == 1).drop("__users")
    return table.with_frame(grouped)


def candidates_of(
    part: ChoicePart,
    table: Table,
    templates: Templates,
    items: dict[str, Rendered] | None,
    where: str,
    left_out: LeftOut,
) -> CandidateReader:
    """The reader for a part's form.

    Raises:
        DataError: a column is missing, or nothing says what items are shown as.
    """
    raw, columns = _raw(part, table, templates, where)
    if part.text is None and (part.candidates is None or part.candidates.text is None) and items is None:
        raise DataError(f"{where}: what are the items shown as? Give an items section, or text")

    def read(row: Row) -> list[Candidate] | str:
        found = raw(row)
        if isinstance(found, str):
            return found
        best: dict[str, Candidate] = {}
        for item, text, grade in found:
            if text is None and item not in (items or {}):
                left_out.add("candidates: item not in the catalogue")
                continue
            if item in best:
                left_out.add("candidates: item again in its list")
            shown = text if text is not None else (items or {})[item]
            grade = max(grade, best[item].grade) if item in best else grade
            best[item] = Candidate(item, best[item].text if item in best else shown, grade)
        return list(best.values())

    return CandidateReader(read, columns)


_Raw = list[tuple[str, "Rendered | None", int]]


def _raw(
    part: ChoicePart, table: Table, templates: Templates, where: str
) -> tuple[Callable[[Row], _Raw | str], frozenset[str]]:
    if part.one_row_per == "candidate":
        assert part.label is not None
        names = mapped(part.label)
        with_text = part.text is not None

        def of_rows(row: Row) -> _Raw | str:
            texts = [json.loads(t) for t in row["__texts"]] if with_text else [None] * len(row["__items"])
            grades = _all([_grade(value, names) for value in row["__labels"]])
            if isinstance(grades, str):
                return grades
            return list(zip(row["__items"], texts, grades, strict=True))

        return of_rows, frozenset({"__items", "__labels", "__texts"})
    if part.candidates is None:
        item = table.column(str(part.item), f"{where}.item")

        def of_one(row: Row) -> _Raw | str:
            name = as_id(row[item])
            return "no item" if name is None else [(name, None, 1)]

        return of_one, frozenset({item})
    return _of_column(part, table, templates, where)


def _of_column(
    part: ChoicePart, table: Table, templates: Templates, where: str
) -> tuple[Callable[[Row], _Raw | str], frozenset[str]]:
    spec = part.candidates
    assert spec is not None
    column = table.column(spec.column, f"{where}.candidates.column")
    name = None if spec.id is None else templates.text(spec.id, f"{where}.candidates.id", {"item"})
    text = None if spec.text is None else templates.text(spec.text, f"{where}.candidates.text", {"item"})
    key, told = next((k, n) for k, n in (
        ("labels.column", part.labels.column if part.labels else None),
        ("chosen", part.chosen), ("chosen_index", part.chosen_index),
    ) if n is not None)  # fmt: skip
    table.column(told, f"{where}.{key}")
    names = mapped(part.labels) if part.labels else None

    def read(row: Row) -> _Raw | str:
        values = row[column]
        if isinstance(values, str):
            if spec.separator is None:
                raise DataError(f"{where}.candidates: column {column!r} is text ({values[:40]!r}): give a separator")
            values = values.split(spec.separator)
        if not isinstance(values, list):
            return "no candidate"
        ids = [as_id(v) if name is None else name({"item": v}) for v in values]
        if None in ids or "" in ids:
            return "a candidate without id"
        grades = _grades(key, row[told], ids, names)
        if isinstance(grades, str):
            return grades
        texts = [text({"item": v}) if text else None for v in values]
        return [(str(i), t, g) for i, t, g in zip(ids, texts, grades, strict=True)]

    return read, frozenset({column, told})


def _grades(key: str, told: Any, ids: list[str | None], names: dict[str, int | str] | None) -> list[int] | str:
    """What each candidate is worth, or the reason why that is not known."""
    if key == "chosen":
        chosen = {as_id(v) for v in told} if isinstance(told, list) else {as_id(told)} - {None}
        if not chosen <= set(ids):
            return "what was chosen is not among the candidates"
        return [int(i in chosen) for i in ids]
    if key == "chosen_index":
        index = as_id(told)
        if index is None:
            return [0] * len(ids)
        if not index.isdecimal() or int(index) >= len(ids):
            return "the index of what was chosen is not one of the list"
        return [int(i == int(index)) for i in range(len(ids))]
    if not isinstance(told, list) or len(told) != len(ids):
        return "not one label for each candidate"
    return _all([_grade(value, names) for value in told])


def _all(grades: list[int | str]) -> list[int] | str:
    """The grades, or the first reason why one is not known."""
    known = [g for g in grades if isinstance(g, int)]
    return known if len(known) == len(grades) else next(g for g in grades if isinstance(g, str))


def _grade(value: Any, names: dict[str, int | str] | None) -> int | str:
    """A grade from 0, or the reason why the value is none."""
    label, reason = label_of(value, names)
    if reason is not None:
        return reason
    grade = as_id(label)
    if isinstance(label, bool):
        return int(label)
    if grade is None or not grade.isdecimal():
        return f"label {str(label)[:40]!r} is no grade from 0: give a map"
    return int(grade)
