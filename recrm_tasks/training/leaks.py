"""What a training set has in common with the records that its model is evaluated on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from recrm_tasks.training.contained_texts import ContainedTexts
from recrm_tasks.training.manifest import MANIFEST
from recrm_tasks.training.manifest_keys import ManifestKeys
from recrm_tasks.training.near_equal import CommonShingles, NearEqual
from recrm_tasks.training.samples import TEXT, Sample

_EXAMPLES = 3
_SHOWN = 80
"""Characters of an example's text."""


class Pair(NamedTuple):
    """One test record and a training record or row that it has something in common with."""

    test: str
    train: str
    text: str
    """How the text that they share begins; of ids and of near-equal texts, how the test record's begins."""


@dataclass
class Shared:
    """One kind of thing that test records have in common with the training set."""

    records: int = 0
    """Test records."""
    examples: list[Pair] = field(default_factory=list)


@dataclass
class Part:
    """The test records of one dimension; or all rows of a test set that names no dimension."""

    dimension: str | None
    records: int = 0
    without_group: int = 0
    """Records that neither an id nor a text connects with others."""
    shared: dict[str, Shared] = field(default_factory=dict)
    """By kind: groups (`user`, `evidence`, …), and `text` for whole records."""
    near_equal: Shared | None = None
    """Those nearly the same as something in the training set, and not the same; None if they were not looked for."""


@dataclass
class Leaks:
    """The result."""

    train: int
    """Records or rows of the training set."""
    parts: list[Part]

    @property
    def found(self) -> bool:
        """Whether a group or a text is shared. Texts that are nearly the same are only reported."""
        return any(part.shared for part in self.parts)

    def as_json(self) -> dict[str, Any]:
        """The result as an object."""
        return {
            "leak": self.found,
            "train_records": self.train,
            "test": [
                {
                    "dimension": part.dimension,
                    "records": part.records,
                    "without_group": part.without_group,
                    "shared": {kind: _shared_json(shared) for kind, shared in part.shared.items()},
                    "near_equal": None if part.near_equal is None else _shared_json(part.near_equal),
                }
                for part in self.parts
            ],
        }


def _shared_json(shared: Shared) -> dict[str, Any]:
    return {"records": shared.records, "examples": [pair._asdict() for pair in shared.examples]}


def leaks(
    train: Iterable[Sample], test: Sequence[Sample], near: float | None = None, keys: ManifestKeys | None = None
) -> Leaks:
    """Compares a training set with test records.

    The training set is read once, and once more before if near-equal texts are looked for. Of it, only what one record
    needs is in memory, unless the test set has ready prompts, in which the texts of its records are looked for.

    Args:
        train: the training set; can be iterated more than once.
        test: all records or rows of the test set.
        near: the Jaccard index of character 5-grams from which on two texts are nearly the same, above 0 and up to 1;
            None if such texts are not looked for.
        keys: those of the records that the training set was made of, if its manifest is there.

    Raises:
        RecrmError: a library that this needs is not installed.
    """
    count, marks = _marked(train, test, near, keys)
    return Leaks(count, marks.parts(near is not None))


def in_common(train: Iterable[Sample], test: Sequence[Sample]) -> dict[int, set[str]]:
    """What each test record has in common with a training set; near-equal texts do not count.

    Args:
        train: the training set; iterated once.
        test: all records of the test set.

    Returns:
        The kinds of what is shared, as in `Part.shared`, by the place of each test record that shares something.

    Raises:
        RecrmError: a library that this needs is not installed.
    """
    _, marks = _marked(train, test, None, None)
    return {number: set(kinds) for number, kinds in marks.of.items()}


def _marked(
    train: Iterable[Sample], test: Sequence[Sample], near: float | None, keys: ManifestKeys | None
) -> tuple[int, _Marks]:
    """The number of training records or rows, and which test records have what in common with them."""
    marks = _Marks(test)
    known = _Known(test)
    alike = _Alike(train, test, near) if near is not None else None
    contained: ContainedTexts | None = None
    prompts = [(number, sample.prompt) for number, sample in enumerate(test) if sample.prompt is not None]
    of_fields: list[Sample] = []
    count = 0
    for sample in train:
        count += 1
        for number, kind in known.shared(sample):
            marks.add(number, kind, sample.name)
        if sample.prompt is not None:
            contained = contained or ContainedTexts([other.texts for other in test])
            for number, kind in contained.found(sample.prompt):
                marks.add(number, kind, sample.name)
        elif prompts:
            of_fields.append(sample)
        if alike is not None:
            for number in alike.found(sample):
                marks.add(number, _NEAR, sample.name)
    if of_fields:
        contained = ContainedTexts([sample.texts for sample in of_fields])
        for number, prompt in prompts:
            for owner, kind in contained.found(prompt):
                marks.add(number, kind, of_fields[owner].name)
    if keys is not None:
        for number, sample in enumerate(test):
            for kind in keys.shared(sample.all_keys):
                marks.add(number, kind, MANIFEST)
    return count, marks


_NEAR = ""
"""The kind of mark of near-equal texts: no group has an empty name."""


class _Marks:
    """Which test records have what in common with the training set."""

    def __init__(self, test: Sequence[Sample]) -> None:
        self._test = test
        self.of: dict[int, dict[str, str]] = defaultdict(dict)
        """For each marked test record its kinds, each with the name of the first training record."""

    def add(self, number: int, kind: str, train: str) -> None:
        self.of[number].setdefault(kind, train)

    def parts(self, near: bool) -> list[Part]:
        """The counts by dimension, and of each kind the first examples."""
        parts: dict[str | None, Part] = {}
        for number, sample in enumerate(self._test):
            part = parts.setdefault(sample.dimension, Part(sample.dimension, near_equal=Shared() if near else None))
            part.records += 1
            part.without_group += not sample.keys
            marks = self.of.get(number, {})
            for kind, train in marks.items():
                if kind != _NEAR:
                    text = " ".join(sample.texts.get(kind, (sample.whole,)))
                    _count(part.shared.setdefault(kind, Shared()), Pair(sample.name, train, text[:_SHOWN]))
                elif TEXT not in marks and part.near_equal is not None:
                    _count(part.near_equal, Pair(sample.name, train, sample.whole[:_SHOWN]))
        for part in parts.values():
            part.shared = dict(sorted(part.shared.items(), key=lambda entry: (entry[0] == TEXT, entry[0])))
        return list(parts.values())


def _count(shared: Shared, pair: Pair) -> None:
    shared.records += 1
    if len(shared.examples) < _EXAMPLES:
        shared.examples.append(pair)


class _Known:
    """The keys and texts of test records. What was found once is not looked for again."""

    def __init__(self, test: Sequence[Sample]) -> None:
        self._keys: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._texts: dict[str, list[int]] = defaultdict(list)
        for number, sample in enumerate(test):
            for kind, value, source in sample.keys:
                self._keys[kind, value][source].append(number)
            self._texts[sample.identity].append(number)

    def shared(self, sample: Sample) -> Iterator[tuple[int, str]]:
        for kind, value, source in sample.keys:
            sources = self._keys.get((kind, value), {})
            # As in GroupIndex.
            for known in [k for k in sources if k == source or not k or not source]:
                yield from ((number, kind) for number in sources.pop(known))
        yield from ((number, TEXT) for number in self._texts.pop(sample.identity, ()))


class _Alike:
    """The test records that nearly have the text of a training record. Each is found once."""

    def __init__(self, train: Iterable[Sample], test: Sequence[Sample], near: float) -> None:
        common = CommonShingles(), CommonShingles()
        for counted, samples in zip(common, (train, test), strict=True):
            for sample in samples:
                counted.add(sample.whole)
        self._near = NearEqual(near, common)
        self._same: dict[str, list[int]] = defaultdict(list)
        for number, sample in enumerate(test):
            if not self._same[sample.whole]:
                self._near.add(number, sample.whole)
            self._same[sample.whole].append(number)
        self._test = test

    def found(self, sample: Sample) -> Iterator[int]:
        for number in self._near.alike(sample.whole):
            text = self._test[number].whole
            if text != sample.whole:
                self._near.remove(number)
                yield from self._same[text]
