"""Files of training sets, as trainers read them -> rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks.data.formats import Rows, read_values
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
    """The files of a source whose rows have columns that trainers read, such as `messages`, `prompt` or `chosen`."""
    found = []
    for placed in place(origin.names, origin.card()):
        path = origin.local([placed.name]) / placed.name
        try:
            first = next(_rows(path), None)
        except DataError:  # not a file of rows, such as a manifest
            continue
        if first is not None and is_training_set(first[2]):
            labelled = not {"label", "labels"}.isdisjoint(first[2])
            found.append(TrainingFile(path, placed.name, placed.split, labelled))
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


def _rows(path: Path) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The rows with their place in the file, which counts lines or rows from 1."""
    for piece in read_values(path):
        for number, reason in islice(piece.problems, 1):
            raise DataError(f"{path}, {piece.unit} {number}: {reason}")
        values = piece.values if isinstance(piece, Rows) else piece.batch.to_pylist()
        yield from ((piece.unit, int(number), row) for number, row in zip(piece.numbers, values, strict=True))
