"""Which records a model is trained on: the train split, in a seeded order, with natural or balanced labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from recrm_tasks.data.dataset import Dataset, load
from recrm_tasks.data.store.arrow_store import codes_of
from recrm_tasks.data.store.splits import HASHED
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError, NoRecords
from recrm_tasks.training.held_out import HeldOut, Separate
from recrm_tasks.training.options import SetOptions

TRAIN = "train"
_HASH_TEST, _HASH_TRAIN = HASHED


def training_records(options: SetOptions) -> tuple[list[Separate], list[str]]:
    """The records of each dimension that a model may be trained on: none shares a group or a text with a record of
    another split, whatever dimension that is of.

    Args:
        options: the set's.

    Returns:
        The records, and the keys of dimensions that the source has none of.

    Raises:
        NoRecords: the source has none of a dimension that the options name, or none at all.
        DataError: a dimension has no train split, and cannot be divided without a leak; or all its records have one
            label.
    """
    divided, absent, problem = [], [], None
    keys = dimensions() if options.dimensions is None else [dimension_of(key).key for key in options.dimensions]
    for key in keys:
        try:
            whole = _load(key, options, "all")
            divided.append((_load(key, options, options.split or _train_split(whole)), whole))
        except NoRecords as error:
            if options.dimensions is not None:
                raise
            absent.append(key)
            problem = problem or error
    if not divided and problem is not None:
        raise problem
    held_out = HeldOut()
    for train, whole in divided:
        held_out.add(train, whole)
    return [_wanted(held_out.separate(train, _splits(whole)), options) for train, whole in divided], absent


def _wanted(separate: Separate, options: SetOptions) -> Separate:
    """The records in the language and with the shares of labels that the options name."""
    key, found = separate.dataset.dimension.key, separate.dataset
    if options.lang is not None:
        codes, langs = codes_of(found.stored.index.column("lang"))
        rows = found.rows[codes[found.rows] == (langs.index(options.lang) if options.lang in langs else -1)]
        if not len(rows):
            raise DataError(
                f"{found.provenance['source']}: split {found.provenance['split']!r} has no records of {key} in "
                f"language {options.lang!r}"
            )
        found = replace(found, rows=rows)
    if _has_labels(found):
        _check_labels(found)
        if options.shares == "balanced":
            found = replace(found, rows=_balanced(found))
    return separate._replace(dataset=found)


def evaluated_splits(chosen: Separate) -> tuple[str, ...]:
    """The splits that a model trained on these records may be evaluated on, as a run's `split` names them; `test`
    first. Empty if nothing of the source is left."""
    split = chosen.dataset.provenance["split"]
    if split in HASHED:
        return tuple(one for one in HASHED if one != split)
    found = [] if split is None else [one for one in chosen.splits if split not in (one, "all")]
    return tuple(sorted(found, key=lambda one: (one != "test", one)))


def _load(key: str, options: SetOptions, split: str) -> Dataset:
    return load(
        key,
        options.data,
        split=split,
        seed=options.seed,
        mapping=options.mapping,
        revision=options.revision,
        ask=options.asked,
    )


def _train_split(whole: Dataset) -> str:
    """The source's own train split; without splits, nine tenths of its groups.

    Raises:
        DataError: neither is possible.
    """
    source, key = whole.provenance["source"], whole.dimension.key
    splits = _splits(whole)
    if TRAIN in splits:
        return TRAIN
    if splits:
        raise DataError(
            f"{source}: {key} has no split {TRAIN!r}, only {', '.join(splits)}. --split names the one to train on; or "
            f"--split {_HASH_TRAIN} takes nine tenths of all records, and the rest is evaluated with split={_HASH_TEST}"
        )
    without = pc.sum(whole.stored.index.column("group").take(whole.rows).is_null()).as_py() or 0
    if without:
        raise DataError(
            f"{source}: {key} has no splits, and {without:,} of {len(whole):,} records have no group, so records of "
            "one user, query, list or text could be trained on and evaluated. Say in a mapping.yaml or recipe which "
            f"column is the `group`, or add splits; if no two records belong together, --split {_HASH_TRAIN} divides "
            "them one by one"
        )
    return _HASH_TRAIN


def _splits(whole: Dataset) -> tuple[str, ...]:
    codes, names = codes_of(whole.stored.index.column("split"))
    return tuple(sorted({str(names[code]) for code in np.unique(codes[whole.rows]) if names[code] is not None}))


def _has_labels(dataset: Dataset) -> bool:
    return "label" in dataset.stored.index.column_names


def _check_labels(dataset: Dataset) -> None:
    codes, names = codes_of(dataset.stored.index.column("label"))
    present = np.unique(codes[dataset.rows])
    if len(present) == 1:
        raise DataError(
            f"{dataset.provenance['source']}: all {len(dataset.rows):,} records of {dataset.dimension.key} in split "
            f"{dataset.provenance['split']!r} have the label {names[present[0]]!r}: a model would learn to always say "
            "it. Choose another split or language, or leave the dimension out"
        )


def _balanced(dataset: Dataset) -> npt.NDArray[np.int64]:
    """As many records of each label as of the rarest, language by language, so that the language tells nothing.

    In the order of the records, with labels and languages spread evenly.

    Raises:
        DataError: no language has all labels.
    """
    rows = dataset.rows
    labels, names = codes_of(dataset.stored.index.column("label"))
    langs, _ = codes_of(dataset.stored.index.column("lang"))
    present = np.unique(labels[rows])
    kept: list[npt.NDArray[np.int64]] = []
    places: list[npt.NDArray[np.float64]] = []
    for lang in np.unique(langs[rows]):
        parts = [np.flatnonzero((langs[rows] == lang) & (labels[rows] == label)) for label in present]
        least = min(len(part) for part in parts)
        for i, part in enumerate(parts if least else ()):
            kept.append(part[:least])
            places.append((np.arange(least) + (i + 0.5) / len(parts)) / least)
    if not kept:
        raise DataError(
            f"{dataset.provenance['source']}: no language has records of all labels of {dataset.dimension.key} "
            f"({', '.join(str(names[label]) for label in present)}), so they cannot be balanced: use --shares natural"
        )
    order = np.argsort(np.concatenate(places), kind="stable")
    chosen: npt.NDArray[np.int64] = rows[np.concatenate(kept)[order]]
    return chosen


def source_of(chosen: Separate) -> dict[str, Any]:
    """Where the records come from, for the manifest."""
    dataset = chosen.dataset
    names = ("data", "source", "revision", "mapping", "mapping_note", "split", "rows_skipped", "files")
    said = {name: dataset.provenance[name] for name in names if name in dataset.provenance}
    return {**said, "records": len(dataset.rows), "left_out": chosen.left_out, "version": dataset.dimension.version}
