"""Samples in an order whose first N are no sample of the rest."""

from __future__ import annotations

from typing import Any

from inspect_ai._util.error import PrerequisiteError
from inspect_ai.dataset import MemoryDataset


class GroupedDataset(MemoryDataset):
    """Samples of `order=grouped`, of which a part is refused: the first N are all records of a few users or queries."""

    def __getitem__(self, index: Any) -> Any:
        """A sample, or all of them. Inspect takes a slice in any case, and a smaller one with `--limit`.

        Raises:
            PrerequisiteError: the slice is of some samples only.
        """
        if isinstance(index, slice) and not self.shuffled and 0 < len(range(*index.indices(len(self)))) < len(self):
            raise PrerequisiteError(
                f"with order=grouped the first of {len(self)} questions are those of a few users or queries, so "
                "Inspect's --limit would take no balanced sample: use -T limit=N, which chooses the records before "
                "they are put in this order, or -T order=balanced"
            )
        return super().__getitem__(index)
