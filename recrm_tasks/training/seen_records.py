"""Which records have something in common with the sets that a model was trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from recrm_tasks.errors import RecrmError
from recrm_tasks.training.compared_sets import ComparedSet, compared_set
from recrm_tasks.training.leaks import in_common
from recrm_tasks.training.manifest_keys import ManifestKeys, manifest_in
from recrm_tasks.training.samples import Sample


class TrainedSets:
    """The training sets of a model. Of a set with a manifest only that is read; of any other all its rows.

    Args:
        places: folders or files. A `recrm_manifest.json` needs no set beside it.
    """

    def __init__(self, places: Iterable[Path]) -> None:
        self.manifests: list[ManifestKeys] = []
        """Of the sets that have one."""
        self.others: list[ComparedSet] = []
        """The sets without a manifest."""
        self.problems: list[str] = []
        """One line for each set that cannot be read."""
        for place in places:
            file = manifest_in(place)
            try:
                if file is not None:
                    self.manifests.append(ManifestKeys(file))
                else:
                    self.others.append(compared_set("train", str(place), None, None, None, None))
            except RecrmError as error:
                self.problems.append(str(error))

    def shared(self, samples: Iterable[Sample]) -> Iterator[set[str]]:
        """What each record has in common with the sets: `user`, `evidence`, …, or `text` for all its texts.

        Raises:
            RecrmError: a set without manifest cannot be read, or a library that this needs is not installed.
        """
        marked: dict[int, set[str]] = {}
        if self.others:
            samples = list(samples)
            marked = in_common(chain.from_iterable(self.others), samples)
        for place, sample in enumerate(samples):
            found = set(marked.get(place, ()))
            for manifest in self.manifests:
                found |= manifest.shared(sample.all_keys)
            yield found
