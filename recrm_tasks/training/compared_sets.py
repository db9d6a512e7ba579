"""A data choice -> the records or rows that a leak check compares."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from recrm_tasks.data.dataset import Dataset, load
from recrm_tasks.data.sources.origin import Origin, origin_of
from recrm_tasks.data.store.splits import HASHED
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError, NoRecords
from recrm_tasks.training.manifest_keys import ManifestKeys, manifest_in
from recrm_tasks.training.samples import Sample, names_source, of_record
from recrm_tasks.training.training_rows import TrainingFile, samples_of, training_files

Role = Literal["train", "test"]
ROLES: tuple[Role, ...] = ("train", "test")


@dataclass(frozen=True)
class ComparedSet:
    """One of the two sets. Each pass over it reads the data again."""

    name: str
    splits: tuple[str, ...]
    """The splits that are in it; empty if the source has none."""
    datasets: tuple[Dataset, ...] = ()
    files: tuple[TrainingFile, ...] = ()
    """Of a set of rows of prompts; then there are no data sets."""
    keys: ManifestKeys | None = None
    """Of such a set that `recrm data export` wrote, what its records have in common with others."""

    def __iter__(self) -> Iterator[Sample]:
        for dataset in self.datasets:
            for record in dataset.records():
                yield of_record(record, names_source(record, dataset.provenance))
        for file in self.files:
            yield from samples_of(file)

    @property
    def content(self) -> dict[str, str]:
        """The SHA-256 of its records by dimension; of a set that another tool wrote, its files."""
        return {d.dimension.key: d.provenance["sha256"] for d in self.datasets} or {f.name: "" for f in self.files}

    @property
    def provenance(self) -> dict[str, Any]:
        """What it is, for the result's file."""
        if self.files:
            return {"source": self.name, "splits": list(self.splits), "files": [file.name for file in self.files]}
        kept = ("data", "source", "revision", "split", "rows", "sha256")
        return {d.dimension.key: {name: d.provenance[name] for name in kept} for d in self.datasets}


def compared_set(
    role: Role, data: str, split: str | None, keys: Sequence[str] | None, mapping: str | None, revision: str | None
) -> ComparedSet:
    """Reads one of the two sets.

    Args:
        role: which one it is: the default split depends on it.
        data: `hub`, `sample`, the path of a source that `recrm data inspect` reads, or the path of a training set: a
            file or folder whose rows have columns such as `messages`, `prompt`, `text` or `chosen`.
        split: a split of the source, `hash-train`, `hash-test`, or `all`. By default that of the role: of the hub's
            data the hashed one if it has no such split; of a source without splits all records.
        keys: the dimensions; None for all that the source has records of. A training set that another tool wrote has
            none.
        mapping: a mapping.yaml.
        revision: of the hub's data.

    Raises:
        RecrmError: the set cannot be read, is empty, or has no such split or dimension.
    """
    origin = origin_of(data, revision)
    mapped = mapping or os.environ.get("RECRM_MAPPING")
    if role == "train" and origin.choice == "path" and not (mapped or split in HASHED):
        # What could be records is seen by its labels; to look for records in prompts takes long.
        files = training_files(origin)
        if files and not any(file.labelled for file in files):
            return _rows_of(role, origin, files, split, data)
    datasets: list[Dataset] = []
    absent: list[DataError] = []
    for key in dimensions() if keys is None else keys:
        try:
            datasets.append(_load(role, key, data, split, mapping, revision, origin))
        except NoRecords as error:
            absent.append(error)
        except DataError as error:
            absent.append(DataError(f"{key}: {error}"))
    real = [error for error in absent if not isinstance(error, NoRecords)]
    if datasets and not real:
        if keys is not None and absent:
            raise absent[0]
        splits = tuple(dict.fromkeys(d.provenance["split"] for d in datasets if d.provenance["split"]))
        return ComparedSet(origin.name, splits, tuple(datasets))
    if not datasets and origin.choice == "path" and not mapped:
        files = training_files(origin)
        if files:
            return _rows_of(role, origin, files, split, data)
    raise (real or absent)[0]


def _load(
    role: Role, key: str, data: str, split: str | None, mapping: str | None, revision: str | None, origin: Origin
) -> Dataset:
    """The records of a dimension; without a named split, those of the role's own."""
    if split is None and role == "train":
        whole = load(key, data, split="all", mapping=mapping, revision=revision, ask=None)
        names = {name for name in whole.stored.index.column("split").unique().to_pylist() if name is not None}
        if "train" in names or (names and origin.choice != "hub"):
            split = "train"
        elif origin.choice == "hub":
            split = HASHED[1]
        else:
            return whole
    return load(key, data, split=split, mapping=mapping, revision=revision, ask=None)


def _rows_of(role: Role, origin: Origin, files: list[TrainingFile], split: str | None, data: str) -> ComparedSet:
    names = sorted({file.split for file in files if file.split is not None})
    if split in HASHED:
        raise DataError(
            f"{origin.name}: its rows name no groups, so there is no split {split!r}; its files are of "
            f"{', '.join(names) or 'no split'}"
        )
    wanted = split or (role if names else "all")
    chosen = [f for f in files if wanted == "all" or f.split == wanted]
    if not chosen:
        raise DataError(f"{origin.name}: no file of split {wanted!r}; it has {', '.join(names) or 'no splits'}")
    manifest = manifest_in(Path(data))
    keys = None if manifest is None else ManifestKeys(manifest)
    return ComparedSet(origin.name, (wanted,) if wanted != "all" else (), files=tuple(chosen), keys=keys)
