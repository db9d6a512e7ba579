"""Samples in a file: as objects they take 10 kB of memory each."""

from __future__ import annotations

import pickle
import tempfile
from array import array
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import IO, Any, overload

from inspect_ai.dataset import Sample

from recrm_tasks.errors import DataError

_READING = Lock()


class StoredSamples(Sequence[Sample]):
    """Samples in a temporary file without a name, which the system keeps as long as a process uses it.

    Each access makes a new object, so that changes of one are lost.

    Args:
        file: it has the samples, pickled.
        starts: where each begins in the file, in the order of this sequence.
        sizes: their bytes.
    """

    def __init__(self, file: IO[bytes], starts: array[int], sizes: array[int]) -> None:
        self._file, self._starts, self._sizes = file, starts, sizes

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> StoredSamples:
        """Writes samples one by one.

        Raises:
            DataError: there is no room for them.
        """
        sizes = array("Q")
        try:
            file = tempfile.TemporaryFile(prefix="recrm-samples-")  # noqa: SIM115  (kept open)
            for sample in samples:
                sizes.append(file.write(pickle.dumps(sample, pickle.HIGHEST_PROTOCOL)))
            file.flush()
        except OSError as error:
            raise DataError(
                f"the samples cannot be written to {tempfile.gettempdir()}: {error.strerror or error}"
            ) from None
        starts, end = array("Q"), 0
        for size in sizes:
            starts.append(end)
            end += size
        return cls(file, starts, sizes)

    def chosen(self, places: Iterable[int]) -> StoredSamples:
        """Some of the samples, in the order given, without a copy."""
        wanted = array("Q", places)
        starts, sizes = (array("Q", (each[place] for place in wanted)) for each in (self._starts, self._sizes))
        return StoredSamples(self._file, starts, sizes)

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> StoredSamples: ...

    def __getitem__(self, index: int | slice) -> Sample | StoredSamples:
        if isinstance(index, slice):
            return StoredSamples(self._file, self._starts[index], self._sizes[index])
        with _READING:  # a file has one position for all threads
            self._file.seek(self._starts[index])
            found = self._file.read(self._sizes[index])
        sample: Sample = pickle.loads(found)
        return sample

    def __len__(self) -> int:
        return len(self._starts)

    def __deepcopy__(self, memo: Any) -> StoredSamples:
        return self  # it never changes
