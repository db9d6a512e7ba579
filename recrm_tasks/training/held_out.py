"""Leaves out what a training split has in common with the rest of its source, on which its model may be evaluated."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from recrm_tasks.data.dataset import Dataset
from recrm_tasks.errors import DataError
from recrm_tasks.training.group_keys import GroupIndex
from recrm_tasks.training.samples import TEXT, of_record


class Separate(NamedTuple):
    """Records that share no group and no text with those of other splits."""

    dataset: Dataset
    left_out: dict[str, int]
    """How many were left out, by what they share: `user`, `query`, `evidence`, …, or `text` for the whole question."""


def separate(train: Dataset, whole: Dataset) -> Separate:
    """The records of a split without those that share a group or a text with a record of another split.

    Args:
        train: the split.
        whole: all records of the source.

    Raises:
        DataError: none is left.
    """
    others = np.setdiff1d(whole.rows, train.rows)
    if not len(others):
        return Separate(train, {})
    index, texts = GroupIndex(), set()
    for record in replace(whole, rows=others).records():
        sample = of_record(record, source_known=True)
        index.add(sample.keys)
        texts.add(sample.identity)
    kept = np.ones(len(train), dtype=bool)
    why: Counter[str] = Counter()
    for place, record in enumerate(train.records()):
        sample = of_record(record, source_known=True)
        shared = sorted({key.kind for key in index.shared(sample.keys)})
        if shared or sample.identity in texts:
            kept[place] = False
            why[shared[0] if shared else TEXT] += 1
    if not kept.any():
        raise DataError(
            f"{train.provenance['source']}: all {len(train):,} records of {train.dimension.key} in split "
            f"{train.provenance['split']!r} share {' or '.join(why)} with records of other splits, so a model trained "
            "on them could not be evaluated. Give the source a `group`, so that what belongs together is in one split"
        )
    return Separate(replace(train, rows=train.rows[kept]), dict(sorted(why.items())))
