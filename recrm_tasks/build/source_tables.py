"""The tables of a recipe: files of every format that data is read from -> polars frames."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from recrm_tasks.build.recipe import JoinKeys, Recipe, TableSpec, Value
from recrm_tasks.build.template_names import unknown
from recrm_tasks.build.templates import Templates
from recrm_tasks.data.formats import Rows, TextForm, read_values, taken
from recrm_tasks.data.formats.zipped import on_disk
from recrm_tasks.errors import DataError

MOST_NAMES = 20
"""Files that a message lists."""
CHUNK = 50_000
"""Rows that are Python objects at a time."""
_KEY = "__key"


@dataclass(frozen=True)
class Table:
    """The rows of a table."""

    name: str
    frame: pl.DataFrame
    nested: frozenset[str]
    """Columns of JSON text of objects and lists, which may differ from row to row where a frame has one type."""

    def column(self, name: str, where: str) -> str:
        """The name, if there is such a column.

        Raises:
            DataError: there is not; says which there are.
        """
        if name not in self.frame.columns:
            raise DataError(f"{where}: table {self.name!r}: {unknown(name, 'column', self.frame.columns)}")
        return name

    def ids(self, name: str, where: str) -> pl.Series:
        """A column of ids as texts, each in one form whatever the column's type: 4.0 is 4.

        Raises:
            DataError: no such column.
        """
        return as_ids(self.frame[self.column(name, where)])

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows, with objects and lists decoded."""
        nested = [name for name in self.frame.columns if name in self.nested]
        for piece in self.frame.iter_slices(CHUNK):
            for row in piece.iter_rows(named=True):
                for name in nested:
                    if row[name] is not None:
                        row[name] = json.loads(row[name])
                yield row

    def with_frame(self, frame: pl.DataFrame) -> Table:
        """The same table with other rows or columns."""
        return Table(self.name, frame, self.nested)


class Tables:
    """The tables of a recipe, each read once, and the files that they came from."""

    def __init__(self, recipe: Recipe, folder: Path, templates: Templates) -> None:
        self._specs, self._folder, self._templates = recipe.tables, folder, templates
        self._paths = _paths(recipe.tables, folder)
        self._read: dict[str, Table] = {}
        self.files: dict[str, dict[str, Any]] = {}
        """Name, size in bytes and SHA-256 of each file; how it is written, as the recipe says and as was found out."""

    def __getitem__(self, name: str) -> Table:
        if name not in self._read:
            if name not in self._specs:
                raise DataError(unknown(name, "table", self._specs))
            self._read[name] = self._make(name, self._specs[name])
        return self._read[name]

    def _make(self, name: str, spec: TableSpec) -> Table:
        form = _form(name, spec)
        parts = [read_table(file, form) for file in self._paths[name]]
        for file in self._paths[name]:
            found = {"written_as": words} if (words := taken(file, form)) else {}
            self.files[file.relative_to(self._folder).as_posix()] = {**_fingerprint(file), **_said(form), **found}
        try:
            frame, nested = _stack(parts)
        except pl.exceptions.PolarsError as error:
            raise DataError(f"tables.{name}.file: the files do not fit together: {_line(error)}") from None
        if frame.is_empty():
            raise DataError(f"tables.{name}: {spec.file} has no rows")
        table = Table(name, frame, nested)
        earlier = list(self._specs)[: list(self._specs).index(name)]
        for other, keys in spec.join.items():
            if other not in earlier:
                raise DataError(f"tables.{name}.join: {unknown(other, 'earlier table', earlier)}")
            table = _join(table, self[other], keys, f"tables.{name}.join.{other}")
        return self._added(table, spec.add)

    def _added(self, table: Table, add: Mapping[str, Value]) -> Table:
        for column, spec in add.items():
            where = f"tables.{table.name}.add.{column}"
            if column in table.frame.columns:
                raise DataError(f"{where}: the table has a column of that name")
            if not isinstance(spec, str):
                table = table.with_frame(table.frame.with_columns(pl.lit(spec).alias(column)))
                continue
            template = self._templates.text(spec, where, table.frame.columns)
            small = table.with_frame(table.frame.select(sorted(template.names) or table.frame.columns[:1]))
            values = pl.Series(column, [template(row) for row in small.rows()], pl.String)
            table = table.with_frame(table.frame.with_columns(values))
        return table


def _paths(specs: Mapping[str, TableSpec], folder: Path) -> dict[str, list[Path]]:
    """The files of each table.

    Raises:
        DataError: some are not there; names them all, and what is there.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; --from names the folder of the recipe's files")
    found: dict[str, list[Path]] = {}
    for name, spec in specs.items():
        if Path(spec.file).is_absolute():
            raise DataError(f"tables.{name}.file: {spec.file}: write it as it is called in the folder of --from")
        found[name] = sorted(folder.glob(spec.file)) if any(c in spec.file for c in "*?[") else [
            file for file in [folder / spec.file] if on_disk(file).exists()
        ]  # fmt: skip
    missing = [f"{specs[name].file} (tables.{name})" for name, files in found.items() if not files]
    if missing:
        found_there = (file for file in islice(folder.iterdir(), 1000) if not file.name.startswith("."))
        there = sorted(f"{file.name}/" if file.is_dir() else file.name for file in found_there)
        more = f", … ({len(there)})" if len(there) > MOST_NAMES else ""
        raise DataError(
            f"not in {folder}: {', '.join(missing)}. There are: {', '.join(there[:MOST_NAMES]) or 'no files'}{more}. "
            "Is it the recipe of another log, or --from another folder?"
        )
    return found


def _form(name: str, spec: TableSpec) -> TextForm:
    try:
        return TextForm(**{field.name: getattr(spec, field.name) for field in fields(TextForm)})
    except DataError as error:
        raise DataError(f"tables.{name}.{error}") from None


def _said(form: TextForm) -> dict[str, Any]:
    return {key: value for key, value in asdict(form).items() if value is not None}


def read_table(file: Path, form: TextForm | None = None) -> tuple[pl.DataFrame, frozenset[str]]:
    """A file's rows, and which columns are JSON text. All columns of CSV and TSV are text: 007 stays what it is.

    Raises:
        DataError: it cannot be read, or a row of it cannot; names the row.
    """
    parts: list[tuple[pl.DataFrame, frozenset[str]]] = []
    for piece in read_values(file, form):
        for number, reason in piece.problems[:1]:
            raise DataError(f"{file}, {piece.unit} {number}: {reason}")
        parts.append(_frame(piece.values) if isinstance(piece, Rows) else _of_columns(piece.batch))
    return _stack(parts) if parts else (pl.DataFrame(), frozenset())


def _of_columns(batch: pa.RecordBatch) -> tuple[pl.DataFrame, frozenset[str]]:
    frame = pl.DataFrame(batch)
    nested = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Struct)]
    return _as_json(frame, nested), frozenset(nested)


def as_ids(values: pl.Series) -> pl.Series:
    """Ids as texts: whole floats without their .0; empty texts are null."""
    if values.dtype.is_float() and not ((values % 1) != 0).any():
        values = values.cast(pl.Int64)
    values = values.cast(pl.String)
    return values.set(values == "", None)


def as_id(value: Any) -> str | None:
    """The same for one value."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None or value == "" else str(value)


def _frame(rows: Sequence[dict[str, Any]]) -> tuple[pl.DataFrame, frozenset[str]]:
    """Columns of plain values; a column with objects or lists in it becomes JSON text, one of several kinds text."""
    columns, nested = {}, set()
    for name in dict.fromkeys(key for row in rows for key in row):
        values = [row.get(name) for row in rows]
        kinds = {type(v) for v in values if v is not None}
        if kinds & {dict, list}:
            nested.add(name)
            columns[name] = _json(name, values)
        elif len(kinds) > 1 and kinds != {int, float}:
            columns[name] = pl.Series(name, [None if v is None else str(v) for v in values], pl.String)
        else:
            columns[name] = pl.Series(name, values, pl.Float64 if kinds == {int, float} else None)
    return pl.DataFrame(columns), frozenset(nested)


def _stack(parts: Sequence[tuple[pl.DataFrame, frozenset[str]]]) -> tuple[pl.DataFrame, frozenset[str]]:
    """One frame below the other. A column may have objects in one of them and be plain or absent in another."""
    nested: frozenset[str] = frozenset().union(*(own for _, own in parts))
    return pl.concat([_as_json(frame, nested - own) for frame, own in parts], how="diagonal_relaxed"), nested


def _as_json(frame: pl.DataFrame, names: Iterable[str]) -> pl.DataFrame:
    """Those columns as JSON text, where the frame has them."""
    return frame.with_columns([_json(name, frame[name]) for name in names if name in frame.columns])


def _json(name: str, values: Iterable[Any]) -> pl.Series:
    texts = (None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in values)
    return pl.Series(name, list(texts), pl.String)


def _join(table: Table, other: Table, keys: str | JoinKeys, where: str) -> Table:
    """Adds the other table's columns, as `<column>_<table>` where a name is taken. Rows without a match have nulls."""
    this, that = (keys, keys) if isinstance(keys, str) else (keys.this, keys.that)
    right = other.frame.with_columns(other.ids(that, where).alias(_KEY)).drop(that)
    refuse_duplicates(right[_KEY], f"{where}: column {that!r} of table {other.name!r}")
    left = table.frame.with_columns(table.ids(this, where).alias(_KEY))
    taken = {name: f"{name}_{other.name}" for name in right.columns if name in table.frame.columns}
    frame = left.join(right.rename(taken), on=_KEY, how="left", maintain_order="left").drop(_KEY)
    nested = table.nested | {taken.get(name, name) for name in other.nested if name != that}
    return Table(table.name, frame, nested)


def refuse_duplicates(ids: pl.Series, what: str) -> None:
    """Refuses ids that do not differ.

    Raises:
        DataError: there is a duplicate.
    """
    twice = ids.drop_nulls()
    twice = twice.filter(twice.is_duplicated())
    if len(twice):
        raise DataError(f"{what}: ids must differ, but {twice[0]!r} is a duplicate ({twice.n_unique()} such ids)")


def _fingerprint(file: Path) -> dict[str, Any]:
    with on_disk(file).open("rb") as stream:
        digest = hashlib.sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return {"bytes": on_disk(file).stat().st_size, "sha256": digest.hexdigest()}


def _line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
