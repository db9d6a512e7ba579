"""Leaves out what training splits share with the rest of their source, on which their model may be evaluated."""

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
    splits: tuple[str, ...]
    """The source's own splits of this dimension; empty if it has none."""


class HeldOut:
    """The groups and texts of records that are not trained on, over all dimensions of a set: the user of a list that
    one dimension holds out may be in the train split of another."""

    def __init__(self) -> None:
        self._index = GroupIndex()
        self._texts: set[str] = set()

    def add(self, train: Dataset, whole: Dataset) -> None:
        """Adds the records of a dimension that are not in its training split.

        Args:
            train: the split.
            whole: all records of the source.
        """
        others = np.setdiff1d(whole.rows, train.rows)
        for record in replace(whole, rows=others).records() if len(others) else ():
            sample = of_record(record, source_known=True)
            self._index.add(sample.keys)
            self._texts.add(sample.identity)

    def separate(self, train: Dataset, splits: tuple[str, ...]) -> Separate:
        """The records of a split without those that share a group or a text with what is held out.

        Args:
            train: the split.
            splits: see `Separate`.

        Raises:
            DataError: none is left.
        """
        if not self._texts:
            return Separate(train, {}, splits)
        kept = np.ones(len(train), dtype=bool)
        why: Counter[str] = Counter()
        for place, record in enumerate(train.records()):
            sample = of_record(record, source_known=True)
            shared = sorted({key.kind for key in self._index.shared(sample.keys)})
            if shared or sample.identity in self._texts:
                kept[place] = False
                why[shared[0] if shared else TEXT] += 1
        if not kept.any():
            raise DataError(
                f"{train.provenance['source']}: all {len(train):,} records of {train.dimension.key} in split "
                f"{train.provenance['split']!r} share {' or '.join(why)} with records of other splits, so a model "
                "trained on them could not be evaluated. Give the source a `group`, so that what belongs together is "
                "in one split"
            )
        return Separate(replace(train, rows=train.rows[kept]), dict(sorted(why.items())), splits)
