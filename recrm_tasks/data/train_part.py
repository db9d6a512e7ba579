"""The records of a source that are not evaluated, to learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from recrm_tasks.data.dataset import Dataset, in_order
from recrm_tasks.data.store.arrow_store import codes_of
from recrm_tasks.data.store.content_digests import as_digests
from recrm_tasks.data.store.record_index import CONTENT
from recrm_tasks.data.store.splits import HASHED, choose_split
from recrm_tasks.errors import DataError


def train_split(dataset: Dataset) -> str:
    """The split to learn from: the source's `train`, or `hash-train` where it has none."""
    return "train" if "train" in codes_of(dataset.stored.index.column("split"))[1] else HASHED[1]


def all_evaluated(dataset: Dataset) -> bool:
    """Whether the evaluated split leaves no records to learn from."""
    return dataset.provenance["split"] in (None, "all", train_split(dataset))


def shares_with_evaluated(dataset: Dataset) -> npt.NDArray[np.bool_]:
    """Which records of the source have the text, the user or the query of one of the evaluated split.

    Returns:
        Shape (all stored records,). The evaluated records themselves are among them.
    """
    index = dataset.stored.index
    rows, _ = choose_split(dataset.stored, dataset.provenance["split"], hashed=False)
    content = as_digests(index.column(CONTENT))[:, 0]
    groups, names = codes_of(index.column("group"))
    same_group = np.isin(groups, np.unique(groups[rows])) & (groups != (names.index(None) if None in names else -1))
    shared: npt.NDArray[np.bool_] = np.isin(content, content[rows]) | same_group
    return shared


def train_part(dataset: Dataset) -> Dataset | None:
    """The records to learn from, in the languages and the seeded, balanced order of the evaluated ones.

    Those that share a text, user or query with the evaluated split are left out.

    Returns:
        The records, perhaps none; None if all records of the source are evaluated.
    """
    if all_evaluated(dataset):
        return None
    name = train_split(dataset)
    try:
        rows, _ = choose_split(dataset.stored, name, hashed=False)
    except DataError:  # no record is in it
        rows = np.array([], dtype=np.int64)
    rows = rows[~shares_with_evaluated(dataset)[rows]]
    lang = dataset.provenance["lang"]
    if lang is not None:
        codes, langs = codes_of(dataset.stored.index.column("lang"))
        rows = rows[codes[rows] == (langs.index(lang) if lang in langs else -1)]
    rows = in_order(dataset.stored, dataset.dimension, rows, dataset.provenance["seed"]) if len(rows) else rows
    return replace(dataset, rows=rows, provenance={**dataset.provenance, "split": name, "rows": len(rows)})
