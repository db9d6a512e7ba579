"""A plan -> checked records, streamed from the source's files into a store; later runs read the store."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from queue import Full, Queue
from threading import Event, Thread
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.data.convert import grouped_rows
from recrm_tasks.data.convert.list_entries import each_entry
from recrm_tasks.data.convert.problems import FileRows, Problems
from recrm_tasks.data.convert.rows import Converted, convert
from recrm_tasks.data.formats import Chunk, read, size_of
from recrm_tasks.data.mapping.layout import split_of, split_word
from recrm_tasks.data.mapping.mapping_file import Source
from recrm_tasks.data.mapping.plan import Plan
from recrm_tasks.data.mapping.text_parts import Fits, with_text_parts, without_parts
from recrm_tasks.data.progress import progress
from recrm_tasks.data.sources.origin import Origin
from recrm_tasks.data.store.arrow_store import Stored, Writer, cache_folder, stored
from recrm_tasks.data.store.code_digest import code_digest
from recrm_tasks.data.store.content_digests import content_digests, content_ids, repeated
from recrm_tasks.data.store.record_index import index_of, index_schema, renamed
from recrm_tasks.data.store.sampling import Digests, id_digests
from recrm_tasks.data.store.schema import schema_of
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import field_type, is_list, own_fields
from recrm_tasks.errors import DataError, NoRecords

_SMALL = 8 << 20
"""Bytes of source files below which records stay in memory."""
_PART = 4_096
"""Rows per part of the store: what is read at once to reach one of them."""
_WITHOUT_ID = (
    "without an `id` in a mapping.yaml they are made of the content, and a column that is unique in all files may be "
    "the `id`"
)

T = TypeVar("T")


def prepare(
    origin: Origin, dimension: Dimension, plan: Plan, stop: bool = True, ordered: bool = True
) -> tuple[Stored, Problems]:
    """Checks every record of a dimension.

    Args:
        origin: the source.
        dimension: the dimension.
        plan: how its files are read.
        stop: whether it is an error if rows cannot be used or there are none; if the mapping says to skip unusable
            rows, those are no error.
        ordered: whether each list must have a positive and a negative, so that it can be put in order.

    Returns:
        The records, and what was wrong with the rows that could not be used.

    Raises:
        DataError: a file cannot be read, rows cannot be used, or there are no records.
    """
    names = [name for files in plan.files for name, _ in files]
    home = _home(origin, dimension, plan, names, ordered)
    strict = stop and plan.mapping.unusable == "stop"
    found = stored(home) if home else None
    if found is not None:
        problems = Problems.of(found.manifest["problems"])
        if strict:
            _refuse(problems, found.manifest["rows"], dimension, found.manifest["partial"])
    else:
        with _Check(origin, dimension, plan, home, ordered) as check:
            problems = check.run()
            if strict:
                partial = [said for fits in check.fits for said in fits.partial()]
                _refuse(problems, check.rows - len(check.dropped), dimension, partial)
            found = check.finish()
    if stop:
        refuse_files(rows_of_files(found), dimension)
    if not found.manifest["rows"] and stop:
        others = ", ".join(sorted({key for rows in found.manifest["files"].values() for key in rows["others"]}))
        raise NoRecords(
            f"no records of dimension {dimension.key!r} in {', '.join(names)}"
            + (f"; there are records of: {others}" if others else "")
        )
    return found, problems


def has_order(origin: Origin, dimension: Dimension, plan: Plan) -> bool:
    """Whether some list can be put in order, so that the others are mistakes; else they are rows without lists."""
    if not is_list(dimension.record_type):
        return True
    if any(source.no_lists for source in plan.mapping.sources):
        return False
    found, problems = prepare(origin, dimension, plan, stop=False)
    return bool(found.manifest["rows"] or not problems.total)


def _refuse(problems: Problems, rows: int, dimension: Dimension, partial: Sequence[str]) -> None:
    if problems.total:
        raise DataError("\n".join([problems.message(rows, dimension.key), *partial]))


def rows_of_files(found: Stored) -> dict[str, FileRows]:
    """What became of the rows of each file, by its name."""
    return {name: FileRows(**rows) for name, rows in found.manifest["files"].items()}


def refuse_files(files: Mapping[str, FileRows], dimension: Dimension) -> None:
    """Refuses a source with a file of which no row can be used, also where unusable rows may be left out: such a file
    is read in a wrong way, or does not belong to the others.

    Raises:
        DataError: there is one; its last line is what is wrong with its first row.
    """
    failed = {name: rows for name, rows in files.items() if rows.all_unusable}
    if not failed:
        return
    name, rows = next(iter(failed.items()))
    more = f", and so of {len(failed) - 1} more files" if len(failed) > 1 else ""
    raise DataError(
        f"{name}: none of its {rows.unusable} rows can be used as {dimension.key}{more}. Correct the file or its "
        "mapping, or leave it out: `files` in a mapping.yaml say which files a dimension has. The first row:\n"
        f"  {rows.first}"
    )


def _home(origin: Origin, dimension: Dimension, plan: Plan, names: list[str], ordered: bool) -> Path | None:
    """The place of the records in the cache; None for sources that are small."""
    root = origin.local(names)
    if sum(size_of(root / name) for name in names) < _SMALL:
        return None
    labels = plan.labels.model_dump_json() if plan.labels else None
    of_any = [] if ordered or not is_list(dimension.record_type) else ["lists of any grades"]
    what = [code_digest(), dimension.key, plan.mapping.model_dump_json(), labels, origin.key(names), *of_any]
    return cache_folder() / hashlib.sha256(json.dumps(what).encode()).hexdigest()[:32]


class _Check:
    """One pass over all rows of a dimension."""

    def __init__(self, origin: Origin, dimension: Dimension, plan: Plan, home: Path | None, ordered: bool) -> None:
        self.origin, self.dimension, self.plan, self.ordered = origin, dimension, plan, ordered
        self.problems, self.files = Problems(), dict[str, FileRows]()
        self.fits = [Fits() for _ in plan.mapping.sources]
        self.rows, self.dropped = 0, np.array([], dtype=np.int64)
        self.renamed: dict[str, str] = {}
        self._splits: dict[str, dict[str, str]] = {}
        """Of each split, the words for it in the source, each with the file that has it."""
        self._ids: list[Digests] = []
        self._places: list[tuple[int, str, Path, str, npt.NDArray[np.int64], bool]] = []
        self._index: list[pa.RecordBatch] = []
        self._writer = Writer(schema_of(dimension.key), home)

    def __enter__(self) -> _Check:
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.discard()

    def run(self) -> Problems:
        """Reads and checks everything."""
        with progress(f"checking {self.dimension.key}") as bar:
            for name, file, chunk, source, split in _ahead(_chunks(self.origin, self.dimension, self.plan, self.fits)):
                bar.update(len(chunk.numbers))
                converted = convert(
                    chunk, self.dimension, source, self.plan.labels, split, self.origin.name, self.ordered
                )
                self.problems.add(file, chunk.unit, converted.problems)
                self._count(name, converted, f"{file}, {chunk.unit}")
                if converted.batch.num_rows:
                    self._name_splits(converted.batch, name, source, split)
                    self._keep(converted.batch, source.id is None)
                    self._places.append((self.rows, name, file, chunk.unit, converted.numbers, source.id is None))
                    self.rows += converted.batch.num_rows
        for number, fits in enumerate(self.fits):
            fits.check(f"mapping of {self.dimension.key}: sources.{number}")
        if not self.plan.given:
            self._same_splits()
        self._same_ids()
        return self.problems

    def finish(self) -> Stored:
        """Keeps the records."""
        manifest = {
            "rows": self.rows - len(self.dropped),
            "dropped": self.dropped.tolist(),
            "renamed": self.renamed,
            "files": {name: rows.to_json() for name, rows in self.files.items()},
            "problems": self.problems.to_json(),
            "misses": self._misses(),
            "partial": [said for fits in self.fits for said in fits.partial()],
        }
        index = pa.Table.from_batches(self._index, index_schema(self.dimension))
        return self._writer.finish(manifest, renamed(index, self.renamed))

    def _misses(self) -> dict[str, int]:
        """Per place in the mapping with a pattern: the texts that it does not fit."""
        misses = Counter[str]()
        for fits in self.fits:
            misses.update(fits.misses)
        return dict(misses)

    def _count(self, name: str, converted: Converted, where: str) -> None:
        rows = self.files.setdefault(name, FileRows())
        rows.records += converted.batch.num_rows
        rows.unusable += len(converted.problems)
        for key, count in converted.others.items():
            rows.others[key] = rows.others.get(key, 0) + count
        if converted.problems and not rows.first:
            number, _, said = converted.problems[0]
            rows.first = f"{where} {number}: {said}"

    def _name_splits(self, batch: pa.RecordBatch, name: str, source: Source, split: str | None) -> None:
        """Notes by which words the source names the splits of some records."""
        words = {new: word for word, new in source.split.values.items()} if source.split else {}
        if split is not None and split_of(name) == split:
            words.setdefault(split, split_word(name) or split)
        for found in pc.unique(batch.column("split").drop_null()).to_pylist():
            self._splits.setdefault(found, {}).setdefault(words.get(found, found), name)

    def _same_splits(self) -> None:
        """Refuses files with different words for one split, such as `evaluation` in one and `test` in another."""
        for split, words in self._splits.items():
            if len(words) > 1:
                (one, file), (other, another) = list(words.items())[:2]
                raise DataError(
                    f"{self.origin.name}: {one!r} in {file} and {other!r} in {another} would both become the split "
                    f"{split!r} of {self.dimension.key}. A mapping.yaml says what they are: by file (`files: {{{one}: "
                    f"[{json.dumps(file, ensure_ascii=False)}]}}`), or by value (`split: {{column: COLUMN, values: "
                    "{}}`)"
                )

    def _keep(self, batch: pa.RecordBatch, content_id: bool) -> None:
        content = content_digests(batch, self.dimension)
        if content_id:
            batch = batch.set_column(0, "id", content_ids(content))
        ids = id_digests(batch.column("id").to_pylist(), 0)
        self._ids.append(ids)
        self._index.append(index_of(batch, self.dimension, content, ids))
        for start in range(0, batch.num_rows, _PART):
            self._writer.write(batch.slice(start, _PART))

    def _same_ids(self) -> None:
        """Refuses records with the id of an earlier one; ids that are made of the content get a number instead."""
        if not self._ids:
            return
        ids = np.concatenate(self._ids)
        again = repeated(ids)
        if not len(again):
            return
        keys = ids[:, 0]
        first = {int(keys[i]): int(i) for i in reversed(np.flatnonzero(np.isin(keys, keys[again])).tolist())}
        counts: Counter[int] = Counter()
        refused = []
        for row in again.tolist():
            key = int(keys[row])
            name, file, unit, number, own = self._place(row)
            if own:
                counts[key] += 1
                self.renamed[str(row)] = f"-{counts[key] + 1}"
                continue
            _, before, before_unit, before_number, _ = self._place(first[key])
            refused.append(row)
            said = f"id: duplicate of {before}, {before_unit} {before_number}; ids must be unique ({_WITHOUT_ID})"
            self.problems.add(file, unit, [(number, "repeated id", said)])
            rows = self.files[name]
            rows.records, rows.unusable = rows.records - 1, rows.unusable + 1
            rows.first = rows.first or f"{file}, {unit} {number}: {said}"
        self.dropped = np.array(refused, dtype=np.int64)

    def _place(self, row: int) -> tuple[str, Path, str, int, bool]:
        at = bisect_right(self._places, row, key=lambda place: place[0]) - 1
        start, name, file, unit, numbers, content_id = self._places[at]
        return name, file, unit, int(numbers[row - start]), content_id


def _chunks(
    origin: Origin, dimension: Dimension, plan: Plan, fits: list[Fits]
) -> Iterator[tuple[str, Path, Chunk, Source, str | None]]:
    """All rows of all files, each chunk with its file, mapping and split. Patterns count how often they fit."""
    names = [name for files in plan.files for name, _ in files]
    root = origin.local(names)
    record = dimension.record_type
    lists = {name for name in own_fields(record) if field_type(record, name).is_list}
    for number, (source, files) in enumerate(zip(plan.mapping.sources, plan.files, strict=True)):
        columns = without_parts(source)
        for name, split in files:
            file = root / name
            rows = read(file, source.form)
            if source.each is not None:
                rows = each_entry(rows, source.each)
            rows = with_text_parts(rows, source, lists, fits[number])
            if source.list_id is not None:
                for chunk in grouped_rows.grouped(rows, columns):
                    yield name, file, chunk, grouped_rows.of_lists(columns), split
            elif source.no_lists:
                for chunk in rows:
                    yield name, file, grouped_rows.each_alone(chunk, columns), grouped_rows.of_lists(columns), split
            else:
                for chunk in rows:
                    yield name, file, chunk, columns, split


def _ahead(items: Iterator[T], depth: int = 2) -> Iterator[T]:
    """The items, made by a thread while earlier ones are used."""
    queue: Queue[tuple[str, Any]] = Queue(depth)
    stopped = Event()

    def put(kind: str, value: Any) -> bool:
        while not stopped.is_set():
            try:
                queue.put((kind, value), timeout=0.2)
                return True
            except Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put("item", item):
                    return
            put("end", None)
        except BaseException as error:  # raised again in the waiting thread
            put("error", error)

    Thread(target=work, daemon=True).start()
    try:
        while True:
            kind, value = queue.get()
            if kind == "end":
                return
            if kind == "error":
                raise value
            yield value
    finally:
        stopped.set()
