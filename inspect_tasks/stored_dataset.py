"""Inspect's datasets over stored samples."""

from __future__ import annotations

from typing import Any, cast

from inspect_ai._util.error import PrerequisiteError
from inspect_ai.dataset import MemoryDataset, Sample

from inspect_tasks.stored_samples import StoredSamples


class StoredDataset(MemoryDataset):
    """Samples that stay in their file until something changes them or their order.

    Args:
        samples: the samples.
        name: where their records come from.
        shuffled: whether Inspect has shuffled them.
    """

    def __init__(self, samples: StoredSamples, name: str | None, shuffled: bool = False) -> None:
        super().__init__(cast(list[Sample], samples), name=name, shuffled=shuffled)

    def __getitem__(self, index: Any) -> Any:
        """A sample, or a part of the dataset. Inspect takes a slice in any case, and a smaller one with `--limit`."""
        if isinstance(index, slice) and isinstance(self.samples, StoredSamples):
            return StoredDataset(self.samples[index], self.name, self.shuffled)
        return super().__getitem__(index)

    def shuffle(self, seed: int | None = None) -> None:
        """See `Dataset.shuffle`."""
        self._load()
        super().shuffle(seed)

    def shuffle_choices(self, seed: int | None = None) -> None:
        """See `Dataset.shuffle_choices`."""
        self._load()
        super().shuffle_choices(seed)

    def sort(self, *arguments: Any, **options: Any) -> None:
        """See `Dataset.sort`."""
        self._load()
        super().sort(*arguments, **options)

    def _load(self) -> None:
        self.samples = list(self.samples)


class GroupedDataset(StoredDataset):
    """Samples of `order=grouped`, of which a part is refused: the first N are all records of a few users or queries."""

    def __getitem__(self, index: Any) -> Any:
        """A sample, or all of them.

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
