"""The candidates of a list with their grades, from every form that logs have."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import polars as pl

from recrm_tasks.build.label_values import label_of, mapped
from recrm_tasks.build.left_out import LeftOut
from recrm_tasks.build.list_columns import entries
from recrm_tasks.build.recipe import ChoicePart, ListColumn
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
        return _of_item(part, table, where)
    return _of_column(part, table, templates, where)


def _of_item(part: ChoicePart, table: Table, where: str) -> tuple[Callable[[Row], _Raw | str], frozenset[str]]:
    item = table.column(str(part.item), f"{where}.item")
    label = None if part.label is None else table.column(part.label.column, f"{where}.label.column")
    names = None if part.label is None else mapped(part.label)

    def read(row: Row) -> _Raw | str:
        name = as_id(row[item])
        grade = 1 if label is None else _grade(row[label], names)
        if name is None or isinstance(grade, str):
            return "no item" if name is None else str(grade)
        return [(name, None, grade)]

    return read, frozenset({item} if label is None else {item, label})


def _of_column(
    part: ChoicePart, table: Table, templates: Templates, where: str
) -> tuple[Callable[[Row], _Raw | str], frozenset[str]]:
    spec = part.candidates
    assert spec is not None
    column = table.column(spec.column, f"{where}.candidates.column")
    name = None if spec.id is None else templates.text(spec.id, f"{where}.candidates.id", {"item"})
    text = None if spec.text is None else templates.text(spec.text, f"{where}.candidates.text", {"item"})
    grades_of, used = _grader(part, table, templates, where)

    def read(row: Row) -> _Raw | str:
        values = entries(row[column], spec, f"{where}.candidates")
        if values is None:
            return "no candidate"
        ids = [as_id(v) if name is None else name({"item": v}) for v in values]
        if None in ids or "" in ids:
            return "a candidate without id"
        grades = grades_of(row, values, ids)
        if isinstance(grades, str):
            return grades
        texts = [text({"item": v}) if text else None for v in values]
        return [(str(i), t, g) for i, t, g in zip(ids, texts, grades, strict=True)]

    return read, frozenset({column, *used})


_Grader = Callable[[Row, list[Any], list[str | None]], list[int] | str]
"""From a row, its candidates and their ids: what each is worth, or the reason why that is not known."""


def _grader(part: ChoicePart, table: Table, templates: Templates, where: str) -> tuple[_Grader, frozenset[str]]:
    """How the grades of a row's candidates are read, and the columns that this needs."""
    assert part.candidates is not None
    if part.candidates.label is not None:
        label = templates.text(part.candidates.label, f"{where}.candidates.label", {"item"})
        return lambda row, values, ids: _all([_grade(label({"item": v}), None) for v in values]), frozenset()
    if part.labels is not None:
        labels, names = part.labels, mapped(part.labels)
        table.column(labels.column, f"{where}.labels.column")

        def by_labels(row: Row, values: list[Any], ids: list[str | None]) -> list[int] | str:
            told = entries(row[labels.column], labels, f"{where}.labels")
            if told is None or len(told) != len(ids):
                return "not one label for each candidate"
            return _all([_grade(value, names) for value in told])

        return by_labels, frozenset({labels.column})
    if part.chosen_index is not None:
        index = table.column(part.chosen_index, f"{where}.chosen_index")
        return lambda row, values, ids: _at_index(row[index], len(ids)), frozenset({index})
    # A text without a separator is one id.
    spec = part.chosen if isinstance(part.chosen, ListColumn) else None
    column = table.column(str(part.chosen) if spec is None else spec.column, f"{where}.chosen")

    def by_choice(row: Row, values: list[Any], ids: list[str | None]) -> list[int] | str:
        told = row[column]
        if spec is not None and isinstance(told, str):
            told = entries(told, spec, f"{where}.chosen")
        chosen = {as_id(v) for v in (told if isinstance(told, list) else [told])} - {None}
        if not chosen <= set(ids):
            return "what was chosen is not among the candidates"
        return [int(i in chosen) for i in ids]

    return by_choice, frozenset({column})


def _at_index(told: Any, count: int) -> list[int] | str:
    index = as_id(told)
    if index is None:
        return [0] * count
    if not index.isdecimal() or int(index) >= count:
        return "the index of what was chosen is not one of the list"
    return [int(i == int(index)) for i in range(count)]


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
