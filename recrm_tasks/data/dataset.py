"""A data choice -> checked records in evaluation order, and where they came from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks import __version__
from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import LANGS, Ask, Lang, Mode, Prompt
from recrm_tasks.data.mapping.files_as_found import files_as_found
from recrm_tasks.data.mapping.plan import plan, stop_for
from recrm_tasks.data.prepare import has_order, prepare
from recrm_tasks.data.progress import progress
from recrm_tasks.data.sources.origin import origin_of
from recrm_tasks.data.store.arrow_store import Stored, codes_of
from recrm_tasks.data.store.content_digests import as_digests, dataset_hash
from recrm_tasks.data.store.record_index import CONTENT, IDS
from recrm_tasks.data.store.sampling import LITE, id_digests, stratified_order
from recrm_tasks.data.store.schema import records_of, schema_of
from recrm_tasks.data.store.shards import Shard, divide, division_hash, groups_of
from recrm_tasks.data.store.splits import choose_split
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.base import PLAIN, Dimension, Form
from recrm_tasks.errors import DataError, RecrmError


@dataclass(frozen=True)
class Dataset:
    """Checked records of one dimension, in evaluation order, with their label set and provenance.

    The records are in a file. Each pass over them reads the file again, a part at a time.
    """

    dimension: Dimension
    labels: LabelSet | None
    provenance: dict[str, Any]
    """What every result carries: source, revision, content hash, counts, choices made, versions."""
    stored: Stored
    rows: npt.NDArray[np.int64]
    """The records' places in the store, in order."""

    def __len__(self) -> int:
        return len(self.rows)

    def tables(self) -> Iterator[pa.Table]:
        """The records as Arrow tables of `schema_of(dimension)`, in order, part by part."""
        renamed = self.stored.manifest["renamed"]
        done = 0
        for table in self.stored.gather(self.rows, schema_of(self.dimension.key).names):
            if renamed:
                places = self.rows[done : done + table.num_rows].tolist()
                ids = [i + renamed.get(str(row), "") for i, row in zip(table["id"].to_pylist(), places, strict=True)]
                table = table.set_column(0, "id", pa.array(ids))
            done += table.num_rows
            yield table
            del table  # before the next one is made: each is large

    def records(self) -> Iterator[Any]:
        """The records, as objects of the dimension's `record_type`."""
        with progress(f"reading {self.dimension.key}", len(self)) as bar:
            for table in self.tables():
                for batch in table.to_batches(_PART):
                    yield from records_of(self.dimension, batch)
                    bar.update(batch.num_rows)
                del table, batch  # as in `tables`

    def ids(self) -> list[str]:
        """The records' ids, in order."""
        names: list[str] = self._ids().to_pylist()
        return names

    def _ids(self) -> pa.ChunkedArray:
        return self.stored.index.column("id").take(pa.array(self.rows))

    def only(self, ids: Collection[str]) -> Dataset:
        """The records with these ids, in the same order.

        Raises:
            DataError: an id is not among them.
        """
        wanted = pa.array(list(ids), pa.string())
        here = self._ids()
        chosen = pc.is_in(here, wanted).to_numpy()
        if missing := sorted(set(ids) - set(here.filter(pa.array(chosen)).to_pylist())):
            elsewhere = pc.any(pc.is_in(self.stored.index.column("id"), pa.array(missing, pa.string()))).as_py()
            raise DataError(
                f"{self.provenance['source']}: no record of {self.dimension.key} has the id {missing[0]!r}"
                + (f" in split {self.provenance['split']!r}; split=all has all records" if elsewhere else "")
            )
        return replace(self, rows=self.rows[chosen])

    def shard(self, shard: Shard) -> Dataset:
        """One part of the records, in the same order; those of one group are in one part.

        Its provenance is that of all records, with the part's own number of rows and content hash in `shard`, and a
        hash of how the records were divided: so the parts of one run can be recognised, and put together.

        Raises:
            DataError: there are fewer groups than parts.
        """
        codes, names = groups_of(self.stored, self.rows)
        if len(names) < shard.of:
            raise DataError(
                f"{self.provenance['source']}: shard={shard} cannot be made: the {len(self)} records of "
                f"{self.dimension.key} have only {len(names)} users or queries, and those of one stay together; divide "
                f"them into at most {len(names)} shards"
            )
        shards = divide(codes, names, shard.of, self.provenance["seed"])
        rows = self.rows[shards == shard.number]
        entry = {
            "number": shard.number,
            "of": shard.of,
            "rows": len(rows),
            "sha256": _hash(self.stored, rows, self.labels),
            # The content hash of all records says nothing about their groups.
            "division": division_hash(as_digests(self.stored.index.column(IDS))[self.rows], shards),
        }
        return replace(self, rows=rows, provenance={**self.provenance, "shard": entry})

    def prompts(
        self, mode: Mode, lang: Lang | None = None, orders: int = 1, form: Form = PLAIN, ask: Ask = "list"
    ) -> Iterator[Prompt]:
        """The records as questions, in the same order.

        Args:
            mode: how the answers will be read.
            lang: language of the prompts; by default each record's own.
            orders: in how many seeded orders each list is asked; other dimensions are asked once.
            form: style and examples.
            ask: whether each list is asked about as a whole, or each of its candidates.
        """
        return chain.from_iterable(
            self.dimension.prompts(record, self.labels, mode, lang, orders, form, ask) for record in self.records()
        )


_PART = 4_096

NOT_LISTED = "those in the hub's cache; the hub's own list was not available"
"""Provenance of data of which nobody can tell whether files are missing."""


def load(
    dimension: str,
    data: str | None = None,
    *,
    split: str | None = None,
    lang: str | None = None,
    limit: int | str | None = None,
    seed: int = 0,
    mapping: str | None = None,
    revision: str | None = None,
    ask: Ask | None = "list",
) -> Dataset:
    """Loads one dimension.

    Args:
        dimension: its key.
        data: `hub`, `sample` or a path; by default the environment's `RECRM_DATA`, else `hub`. One never replaces
            another.
        split: which split, see `recrm_tasks.data.store.splits.choose_split`.
        lang: only records in this language.
        limit: at most this many records: a prefix of the seeded stratified order. `lite` is the fixed choice of 1,000.
        seed: of that order.
        mapping: a mapping.yaml; by default the environment's `RECRM_MAPPING`, else what is recognised.
        revision: of the hub's data; by default the environment's `RECRM_REVISION`, else the pinned one.
        ask: how lists will be asked about. With `item`, lists without a positive or without a negative are records too;
            with None, if there are no others.

    Raises:
        RecrmError: a mistake that the user can correct, in one message.
    """
    registered = dimension_of(dimension)
    if lang is not None and lang not in LANGS:
        raise RecrmError(f"unknown language {lang!r}: records are in {' or '.join(LANGS)}")
    count = _count(limit, seed)
    origin = origin_of(data, revision)
    made = plan(origin, registered, mapping)
    if made.doubts:
        raise stop_for(made.doubts, origin, registered)
    ordered = has_order(origin, registered, made) if ask is None else ask == "list"
    stored, problems = prepare(origin, registered, made, ordered=ordered)
    rows, split = choose_split(stored, split, hashed=origin.choice == "hub")
    if lang is not None:
        codes, langs = codes_of(stored.index.column("lang"))
        rows = rows[codes[rows] == (langs.index(lang) if lang in langs else -1)]
        if not len(rows):
            raise DataError(f"{origin.name}: no records of dimension {registered.key!r} in language {lang!r}")
    available = len(rows)
    rows = in_order(stored, registered, rows, seed)[:count]
    provenance: dict[str, Any] = {
        "data": origin.choice,
        "source": origin.name,
        "revision": origin.commit,
        "mapping": "given" if made.given else "recognised",
        "sha256": _hash(stored, rows, made.labels),
        "rows": len(rows),
        "rows_available": available,
        "rows_skipped": dict(problems.reasons),
        "split": split,
        "lang": lang,
        "limit": limit,
        "seed": seed,
        "balance": _balance(stored, registered, rows),
        "prompt_version": registered.version,
        "recrm_tasks": __version__,
    }
    misses = {place: count for place, count in stored.manifest["misses"].items() if count}
    if misses:
        provenance["pattern_misses"] = misses
    as_found = files_as_found(origin, made)
    if as_found:
        provenance["files_as_found"] = as_found
    if made.elsewhere:
        provenance["mapping_note"] = made.elsewhere
    if not origin.whole:
        provenance["files"] = NOT_LISTED
    return Dataset(registered, made.labels, provenance, stored, rows)


def _hash(stored: Stored, rows: npt.NDArray[np.int64], labels: LabelSet | None) -> str:
    content, ids = (as_digests(stored.index.column(name))[rows] for name in (CONTENT, IDS))
    return dataset_hash(ids, content, labels)


LIMITS = "'lite' or a whole number of at least 1"


def limit_of(value: object) -> int | Literal["lite"]:
    """The limit that a user wrote; a number may be text.

    Raises:
        ValueError: it is not one of `LIMITS`.
    """
    if value == "lite":
        return "lite"
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"limit must be {LIMITS}, not {value!r}")
    return value


def _count(limit: int | str | None, seed: int) -> int | None:
    if limit is None:
        return None
    try:
        number = limit_of(limit)
    except ValueError as error:
        raise RecrmError(str(error)) from None
    if number == "lite":
        if seed != 0:
            raise RecrmError("limit 'lite' is the fixed choice of seed 0: with another seed, give a number")
        return LITE
    return number


def _balance(stored: Stored, dimension: Dimension, rows: npt.NDArray[np.int64]) -> dict[str, int] | None:
    """How many records each gold label has; None for lists, which have none."""
    if "label" not in dimension.strata:
        return None
    codes, values = codes_of(stored.index.column("label"))
    return {str(values[code]): int(n) for code, n in zip(*np.unique(codes[rows], return_counts=True), strict=True)}


def in_order(stored: Stored, dimension: Dimension, rows: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.int64]:
    """The rows in the seeded stratified order."""
    if seed == 0:
        names = as_digests(stored.index.column(IDS))[rows]
    else:
        names = id_digests((i for part in stored.index.column("id").chunks for i in part.to_pylist()), seed)[rows]
    strata, keys = _strata(stored, dimension.strata, rows)
    return rows[stratified_order(names, strata, keys, seed)]


def _strata(
    stored: Stored, fields: Sequence[str], rows: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], list[tuple[str, ...]]]:
    """The stratum of every row, and what the strata are called: the language, then the fields' values."""
    columns = []
    for name in ("lang", *fields):
        column = stored.index.column(name)
        codes, values = codes_of(column)
        is_length = pa.types.is_int32(column.type)
        columns.append((codes[rows], ["" if v is None else f"{v:04}" if is_length else str(v) for v in values]))
    # One number per row, in the order of the columns: rows of several numbers are sorted thirty times as slowly.
    combined = np.zeros(len(rows), dtype=np.int64)
    for codes, words in columns:
        combined = combined * len(words) + codes
    found, numbers = np.unique(combined, return_inverse=True)
    keys = []
    for number in found.tolist():
        key: list[str] = []
        for _, words in reversed(columns):
            number, code = divmod(number, len(words))
            key.append(words[code])
        keys.append(tuple(reversed(key)))
    return numbers.reshape(-1), keys
