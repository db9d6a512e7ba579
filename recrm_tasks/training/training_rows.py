"""Files of training sets, as trainers read them -> rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks.data.formats import Chunk, Rows, read_values
from recrm_tasks.data.mapping.layout import place
from recrm_tasks.data.sources.origin import Origin
from recrm_tasks.errors import DataError
from recrm_tasks.training.samples import Sample, is_training_set, of_row


class TrainingFile(NamedTuple):
    """One file of a training set."""

    path: Path
    name: str
    """Within its folder."""
    split: str | None
    """What its name says."""
    labelled: bool
    """Whether its rows have a label in a column of that name."""


def training_files(origin: Origin) -> list[TrainingFile]:
    """The files of a source whose rows have columns that trainers read, such as `messages`, `prompt` or `chosen`.

    Raises:
        DataError: a file beside them cannot be read, so that its rows would not be compared.
    """
    found = []
    unread: DataError | None = None
    for placed in place(origin.names, origin.card()):
        path = origin.local([placed.name]) / placed.name
        try:
            first = _first(path)
        except DataError as error:
            if not _is_object(path):
                unread = unread or error
            continue
        if first is not None and is_training_set(first):
            labelled = not {"label", "labels"}.isdisjoint(first)
            found.append(TrainingFile(path, placed.name, placed.split, labelled))
    if found and unread is not None:
        raise unread
    return found


def samples_of(file: TrainingFile) -> Iterator[Sample]:
    """The rows of a file.

    Raises:
        DataError: it cannot be read, or a row of it cannot or has no text; names the row.
    """
    for unit, number, row in _rows(file.path):
        sample = of_row(row, f"{file.name}:{number}")
        if sample is None:
            raise DataError(
                f"{file.path}, {unit} {number}: no text in any column that trainers read; it has {', '.join(row)}"
            )
        yield sample


def _first(path: Path) -> dict[str, Any] | None:
    """The first row that can be read; None if the file has no rows.

    Raises:
        DataError: no row can be read.
    """
    problem: DataError | None = None
    for piece in read_values(path):
        values = piece.values if isinstance(piece, Rows) else piece.batch.slice(0, 1).to_pylist()
        if values:
            return values[0]
        problem = problem or _problem(path, piece)
    if problem is not None:
        raise problem
    return None


def _is_object(path: Path) -> bool:
    """Whether a file is one JSON object, such as a manifest, and not rows."""
    try:
        return path.suffix == ".json" and isinstance(json.loads(path.read_bytes()), dict)
    except (ValueError, OSError):  # also of a file in an archive
        return False


def _problem(path: Path, piece: Chunk | Rows) -> DataError | None:
    for number, reason in islice(piece.problems, 1):
        return DataError(f"{path}, {piece.unit} {number}: {reason}")
    return None


def _rows(path: Path) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The rows with their place in the file, which counts lines or rows from 1."""
    for piece in read_values(path):
        if problem := _problem(path, piece):
            raise problem
        values = piece.values if isinstance(piece, Rows) else piece.batch.to_pylist()
        yield from ((piece.unit, int(number), row) for number, row in zip(piece.numbers, values, strict=True))
