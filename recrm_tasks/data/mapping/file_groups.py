"""Which files of a dimension are read the same way: those with the same columns, classes and kind of label."""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from recrm_tasks.data.convert.problems import Problems
from recrm_tasks.data.formats import TextForm, read, texts
from recrm_tasks.data.mapping.class_names import all_class_names, with_card
from recrm_tasks.data.mapping.column_words import words_of
from recrm_tasks.data.mapping.layout import Placed
from recrm_tasks.data.mapping.look import Look
from recrm_tasks.data.mapping.mapping_file import OPEN
from recrm_tasks.data.mapping.recognise import recognise
from recrm_tasks.data.sources.origin import Origin
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.errors import DataError

_LOOKED_AT = 1_000
"""Rows per file that a proposal is made from."""
_IN_ALL, _FEWEST = 200_000, 20
"""With many files fewer rows are taken of each, down to the fewest."""
_KEPT = 1 << 20
"""Bytes of rows that are kept for the next dimension: many small files take longer to read than a few large ones."""

Group = tuple[list[Placed], pa.RecordBatch]
"""Files that are read the same way, with their first rows."""


class _Label(NamedTuple):
    """What the labels of some files are like."""

    place: tuple[str | None, str, str | None]
    """The column, how it is read, and the key of the answers in it; the column is None where it is not known."""
    words: frozenset[str]


def file_groups(
    origin: Origin, placed: list[Placed], dimension: Dimension, form: TextForm | None = None
) -> list[Group]:
    """The files in groups that are read the same way.

    Args:
        origin: the source.
        placed: files that may be of the dimension.
        dimension: the dimension. Files whose labels say something else are read apart: one may have a key
            `is_consistent` in its answers, and the other `is_hallucination`.
        form: how the files are written, where a mapping says it.

    Raises:
        DataError: no row of a file can be read.
    """
    groups: dict[tuple[tuple[str, ...], str], list[tuple[Placed, pa.RecordBatch]]] = {}
    root = origin.local([p.name for p in placed]) if placed else Path()
    card = origin.card()
    looked_at = min(_LOOKED_AT, max(_FEWEST, _IN_ALL // max(1, len(placed))))
    for member in placed:
        batch = _first_rows(origin, root / member.name, looked_at, form)
        if batch is None:
            continue
        batch = with_card(batch, card, member)
        same = (tuple(sorted(batch.schema.names)), json.dumps(all_class_names(batch), sort_keys=True))
        groups.setdefault(same, []).append((member, batch))
    apart = [part for group in groups.values() for part in _by_labels(group, dimension)]
    return [([m for m, _ in part], _together([b for _, b in part])) for part in apart]


def first_rows_of(origin: Origin, placed: Placed) -> pa.RecordBatch | None:
    """The first rows of a file; None if it has none.

    Raises:
        DataError: no row can be read.
    """
    batch = _first_rows(origin, origin.local([placed.name]) / placed.name, _FEWEST)
    return None if batch is None else with_card(batch, origin.card(), placed)


def _first_rows(origin: Origin, file: Path, count: int, form: TextForm | None = None) -> pa.RecordBatch | None:
    known = origin.known.get((file, form))
    if known is not None:
        return known.slice(0, count)
    for chunk in islice(read(file, form), 1):
        if chunk.problems and not chunk.batch.num_rows:
            problems = Problems()
            problems.add(file, chunk.unit, ((n, "unreadable", said) for n, said in chunk.problems))
            more = f" The first of {problems.total}:" if problems.total > len(problems.first) else ""
            raise DataError(f"{file}: no row can be read.{more}\n  " + "\n  ".join(problems.first))
        if chunk.batch.nbytes < _KEPT:
            origin.known[file, form] = chunk.batch
        return chunk.batch.slice(0, count)
    return None


def first_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows that a proposal is made from."""
    return batch.slice(0, _LOOKED_AT)


def _by_labels(
    group: list[tuple[Placed, pa.RecordBatch]], dimension: Dimension
) -> list[list[tuple[Placed, pa.RecordBatch]]]:
    """Files with the same columns, apart where their labels are not the same."""
    parts: dict[str, list[tuple[Placed, pa.RecordBatch]]] = {}
    for member, batch in group:
        parts.setdefault(_without_numbers(member), []).append((member, batch))
    if len(parts) < 2:
        return [group]
    found: list[tuple[_Label, list[tuple[Placed, pa.RecordBatch]]]] = []
    for part in parts.values():
        label = _label_of(_together([batch for _, batch in part]), dimension)
        like = next((known for other, known in found if not _differ(label, other)), None)
        if like is None:
            found.append((label, list(part)))
        else:
            like += part
    return [part for _, part in found]


def _without_numbers(member: Placed) -> str:
    """What the names of parts of one file have in common."""
    return re.sub(r"\d+", "#", member.name)


def _label_of(batch: pa.RecordBatch, dimension: Dimension) -> _Label:
    proposal = recognise(batch, dimension, {}, None)
    label = proposal.sources[0].label
    if proposal.sources[0].own or label is None or label.column in (None, OPEN) or label.key == OPEN:
        return _Label((None, "", None), frozenset())
    assert label.column is not None
    words = words_of(Look(batch, dimension, None), label.column, label.key)
    seen = words.seen if words is not None and len(proposal.sources) == 1 else []
    return _Label((label.column, label.read, label.key), frozenset(seen))


def _differ(one: _Label, other: _Label) -> bool:
    """Whether labels are read in another way, or have none of several words in common."""
    if one.place[0] is None or other.place[0] is None:
        return False
    several = min(len(one.words), len(other.words)) > 1
    return one.place != other.place or (several and not one.words & other.words)


def _together(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    names = batches[0].schema.names
    columns = [texts.column_of([v for b in batches for v in b.column(n).to_pylist()]) for n in names]
    return pa.RecordBatch.from_arrays(columns, names).replace_schema_metadata(batches[0].schema.metadata)
