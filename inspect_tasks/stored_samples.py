"""Samples in a file: as objects they take 10 kB of memory each."""

from __future__ import annotations

import pickle
import tempfile
from array import array
from collections.abc import Iterable, Sequence
from sys import intern
from threading import Lock
from typing import IO, Any, NoReturn, overload

import pyarrow as pa
from inspect_ai.dataset import Sample

from recrm_tasks.errors import DataError

_READING = Lock()
_MOST_SHARED = 10_000
"""Different values among the metadata of samples that are kept to be shared."""


class Shared(dict[str, Any]):
    """A value that many samples have in common, such as the question around their records. It cannot be changed.

    Inspect copies the metadata of every sample twice, and keeps both copies until the end of the run.
    """

    def __deepcopy__(self, memo: Any) -> Shared:
        return self

    def __reduce__(self) -> tuple[type[Shared], tuple[dict[str, Any]]]:
        return Shared, (dict(self),)

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("many samples share this value: put a changed copy of it into the metadata")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


class StoredSamples(Sequence[Sample]):
    """Samples in a temporary file without a name, which the system keeps as long as a process uses it.

    Each access makes a new object, so that changes of one are lost.

    Args:
        file: it has the samples, pickled.
        starts: where each begins in the file, in the order of this sequence.
        sizes: their bytes.
        shared: what samples have in common, by its content.
    """

    def __init__(self, file: IO[bytes], starts: array[int], sizes: array[int], shared: dict[bytes, Shared]) -> None:
        self._file, self._starts, self._sizes, self._shared = file, starts, sizes, shared

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
        pa.default_memory_pool().release_unused()  # what reading the records has used
        return cls(file, starts, sizes, {})

    def chosen(self, places: Iterable[int]) -> StoredSamples:
        """Some of the samples, in the order given, without a copy."""
        wanted = array("Q", places)
        starts, sizes = (array("Q", (each[place] for place in wanted)) for each in (self._starts, self._sizes))
        return StoredSamples(self._file, starts, sizes, self._shared)

    @overload
    def __getitem__(self, index: int) -> Sample: ...

    @overload
    def __getitem__(self, index: slice) -> StoredSamples: ...

    def __getitem__(self, index: int | slice) -> Sample | StoredSamples:
        if isinstance(index, slice):
            return StoredSamples(self._file, self._starts[index], self._sizes[index], self._shared)
        with _READING:  # a file has one position for all threads
            self._file.seek(self._starts[index])
            found = self._file.read(self._sizes[index])
        sample: Sample = pickle.loads(found)
        sample.metadata = {intern(name): self._in_common(value) for name, value in (sample.metadata or {}).items()}
        return sample

    def _in_common(self, value: Any) -> Any:
        """A value, or an equal one that other samples have too."""
        if isinstance(value, str):
            return intern(value)
        if not isinstance(value, dict):
            return value
        content = pickle.dumps(value)
        if content not in self._shared and len(self._shared) >= _MOST_SHARED:
            return value
        return self._shared.setdefault(content, Shared(value))

    def __len__(self) -> int:
        return len(self._starts)

    def __deepcopy__(self, memo: Any) -> StoredSamples:
        return self  # it never changes
