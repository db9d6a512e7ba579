"""Ranking with one row per candidate -> one row per list, or a list of its own for each row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.data.formats import Chunk, texts
from recrm_tasks.data.formats.paths import column_at
from recrm_tasks.data.mapping.look import columns_of
from recrm_tasks.data.mapping.mapping_file import LabelColumn, Source
from recrm_tasks.data.progress import progress
from recrm_tasks.data.store.arrow_store import Stored, Writer

_ROWS = 65_536
"""Rows that are in memory at once: each such part is one pass over the temporary file."""
CANDIDATES, LABELS = "candidates", "labels"
_IN_THE_PROMPT = "(in the prompt)"


def grouped(chunks: Iterator[Chunk], source: Source) -> Iterator[Chunk]:
    """The rows of each list as one row, in the order in which the lists begin.

    The rows of a list need not be adjacent. What they share (the user, the moment) is that of its first row. The rows
    are kept in a temporary file, so that only a part of them is in memory at a time.

    Returns:
        Chunks with the columns of the first rows, `candidates` (objects with `id` and `text`) and `labels`; for reading
        with `of_lists(source)`.
    """
    with tempfile.TemporaryDirectory() as folder:
        stored, names, numbers, problems, unit = _spooled(chunks, source, Path(folder) / "rows")
        codes, firsts = _groups(names)
        order = np.argsort(codes, kind="stable")
        bounds = np.append(np.searchsorted(codes[order], np.arange(len(firsts))), len(order))
        begin = 0
        while begin < len(firsts):
            end = max(begin + 1, int(np.searchsorted(bounds, bounds[begin] + _ROWS)) - 1)
            assert stored is not None
            parts = list(stored.gather(order[bounds[begin] : bounds[end]], stored.manifest["columns"]))
            rows = pa.concat_tables(parts).combine_chunks()
            yield Chunk(
                _lists(rows, bounds[begin : end + 1] - bounds[begin], source),
                numbers[firsts[begin:end]],
                unit,
                problems,
            )
            begin, problems = end, []
        if problems:
            yield Chunk(pa.RecordBatch.from_arrays([], []), np.array([], dtype=np.int64), unit, problems)


def of_lists(source: Source) -> Source:
    """The mapping of what `grouped` gives."""
    assert source.label is not None
    fields = {**source.fields, CANDIDATES: CANDIDATES}
    ranked = source.label.listed == "ranks"
    label = LabelColumn(column=LABELS, values=source.label.values, listed="ranks" if ranked else "labels")
    return source.model_copy(
        update={
            "fields": fields,
            "label": label,
            "id": source.id or source.list_id,
            "list_id": None,
            "no_lists": False,
            "candidate_id": None,
        }
    )


def each_alone(chunk: Chunk, source: Source) -> Chunk:
    """Rows with one candidate each as lists of one, for reading with `of_lists(source)`.

    A ready prompt may have its candidate in its text only.
    """
    batch, label = chunk.batch, source.label
    assert label is not None
    wanted = source.fields.get(CANDIDATES)
    parts = [column_at(batch, name) for name in columns_of(wanted)]
    if len(parts) > 1:
        assert isinstance(wanted, list)
        parts = [pa.StructArray.from_arrays(parts, wanted)]
    said = pc.fill_null(texts.objects(parts[0]), "") if parts else pa.repeat(_IN_THE_PROMPT, batch.num_rows)
    ids = (
        texts.plain(column_at(batch, source.candidate_id))
        if isinstance(source.candidate_id, str)
        else pa.repeat("1", batch.num_rows)
    )
    candidates = pa.StructArray.from_arrays([pc.fill_null(ids, ""), said], ["id", "text"])
    grades = pa.repeat(label.value, batch.num_rows)
    if label.column is not None:
        grades = texts.plain(column_at(batch, label.column))
    offsets = pa.array(np.arange(batch.num_rows + 1, dtype=np.int32))
    columns = {name: batch.column(name) for name in batch.schema.names if name not in (CANDIDATES, LABELS)}
    columns[CANDIDATES] = pa.ListArray.from_arrays(offsets, candidates)
    columns[LABELS] = pa.ListArray.from_arrays(offsets, grades)
    return Chunk(
        pa.RecordBatch.from_arrays(list(columns.values()), list(columns)), chunk.numbers, chunk.unit, chunk.problems
    )


def _spooled(
    chunks: Iterator[Chunk], source: Source, home: Path
) -> tuple[Stored | None, list[pa.StringArray], npt.NDArray[np.int64], list[tuple[int, str]], str]:
    """All rows in a file, as text: objects may have other fields from one part of a source to the next. Columns that
    nothing is read from, such as a prompt that patterns took apart, are left out."""
    assert isinstance(source.list_id, str)
    assert source.label is not None
    named = {c for key, value in source if key not in ("files", "label") for c in columns_of(value)}
    named.add(source.label.column or "")

    def used(column: str) -> bool:
        return column in named or any(path.startswith(f"{column}.") for path in named)

    names, numbers, problems, unit = [], [], [], "row"
    writer = None
    with progress("putting lists together") as bar:
        for chunk in chunks:
            bar.update(chunk.batch.num_rows)
            problems += chunk.problems
            unit = chunk.unit
            if not chunk.batch.num_rows:
                continue
            lists = texts.plain(column_at(chunk.batch, source.list_id))
            lists = pc.if_else(pc.equal(pc.utf8_trim_whitespace(lists), ""), pa.scalar(None, pa.string()), lists)
            said = f"no {source.list_id}: it is not known which list the row is in"
            problems += [
                (number, said) for number in chunk.numbers[lists.is_null().to_numpy(zero_copy_only=False)].tolist()
            ]
            batch = chunk.batch.filter(lists.is_valid())
            if writer is None:
                writer = Writer(pa.schema([(name, pa.string()) for name in batch.schema.names if used(name)]), home)
            known = [batch.column(n) if n in batch.schema.names else pa.nulls(len(batch)) for n in writer.schema.names]
            writer.write(pa.RecordBatch.from_arrays([texts.plain(c) for c in known], schema=writer.schema))
            names.append(lists.drop_null())
            numbers.append(chunk.numbers[lists.is_valid().to_numpy(zero_copy_only=False)])
    stored = writer.finish({}, pa.table({})) if writer is not None else None
    return stored, names, np.concatenate(numbers) if numbers else np.array([], dtype=np.int64), problems, unit


def _groups(names: list[pa.StringArray]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The number of each row's list, counted as lists begin, and the first row of each list."""
    if not names:
        return np.array([], dtype=np.int64), np.array([], dtype=np.int64)
    encoded = pa.chunked_array(names).combine_chunks().dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy()
    _, firsts = np.unique(codes, return_index=True)
    order = np.sort(firsts)
    renumber = np.searchsorted(order, firsts)
    return renumber[np.searchsorted(codes[firsts], codes)], order


def _lists(rows: pa.Table, bounds: npt.NDArray[np.int64], source: Source) -> pa.RecordBatch:
    assert source.label is not None
    batch = rows.to_batches()[0] if rows.num_rows else pa.RecordBatch.from_arrays([], [])
    column = source.fields[CANDIDATES]
    parts = [column_at(batch, name) for name in columns_of(column)]
    if len(parts) > 1:
        assert isinstance(column, list)
        parts = [pa.StructArray.from_arrays(parts, column)]
    said = pc.fill_null(texts.objects(parts[0]), "")
    places = np.arange(len(said)) - np.repeat(bounds[:-1], np.diff(bounds)) + 1
    ids = (
        texts.plain(column_at(batch, source.candidate_id))
        if isinstance(source.candidate_id, str)
        else pa.array(places).cast(pa.string())
    )
    offsets = pa.array(bounds.astype(np.int32))
    firsts = batch.take(pa.array(bounds[:-1]))
    columns = {n: firsts.column(n) for n in firsts.schema.names if n not in (CANDIDATES, LABELS)}
    columns[CANDIDATES] = pa.ListArray.from_arrays(
        offsets, pa.StructArray.from_arrays([pc.fill_null(ids, ""), said], ["id", "text"])
    )
    columns[LABELS] = pa.ListArray.from_arrays(offsets, texts.plain(batch.column(source.label.column)))
    return pa.RecordBatch.from_arrays(list(columns.values()), list(columns))
