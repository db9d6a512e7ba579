"""Records -> pairs of responses or items in the same situation, the better one first.

Every content that is not among the best of its situation is the worse one of one pair, or of several if the user wants
so (`better`). The better ones are drawn from all that are better, so the number of pairs grows with the records and not
with their square.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from recrm_tasks.data.dataset import Dataset
from recrm_tasks.data.store.sampling import digests, fraction
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.errors import DataError
from recrm_tasks.training.content import Content, content_of
from recrm_tasks.training.options import SetOptions
from recrm_tasks.training.rows import Row

Indices = npt.NDArray[np.int64]


def content_pairs(dataset: Dataset, options: SetOptions) -> Iterator[tuple[tuple[Any, ...], Row]]:
    """The pairs, each with the records that it is made of, in the order of the worse contents.

    Raises:
        DataError: no two different contents of one situation differ in their grade.
    """
    found = _within_lists if is_list(dataset.dimension.record_type) else _across_records
    count = 0
    for records, row in found(dataset, options):
        count += 1
        yield records, row
    if not count:
        what = dataset.dimension.judged or "content"
        raise DataError(
            f"{dataset.provenance['source']}: {dataset.dimension.key} has no content pairs: no two records of the "
            f"{len(dataset):,} in split {dataset.provenance['split']!r} have the same situation, another {what} and "
            "another label. --dimension names others; --pairs verdict needs no such groups"
        )


def _within_lists(dataset: Dataset, options: SetOptions) -> Iterator[tuple[tuple[Any, ...], Row]]:
    for record in dataset.records():
        content = content_of(dataset, record, options)
        grades = np.array(content.grades)
        texts = list(map(hash, content.texts))
        for better, worse in _pairs(grades, texts, options.better, f"{options.seed}\n{record.id}"):
            yield (record,), _row(dataset, record, (record.id,), content, better, content, worse)


def _across_records(dataset: Dataset, options: SetOptions) -> Iterator[tuple[tuple[Any, ...], Row]]:
    better, worse = _matched(dataset, options)
    interleaved = np.stack([better, worse], axis=1).reshape(-1)
    several = replace(dataset, rows=dataset.rows[interleaved]).records()
    for good, bad in zip(several, several, strict=True):
        content, other = (content_of(dataset, one, options) for one in (good, bad))
        yield (good, bad), _row(dataset, good, (good.id, bad.id), content, 0, other, 0)


def _matched(dataset: Dataset, options: SetOptions) -> tuple[Indices, Indices]:
    """The places of better and worse records among the dataset's, pair by pair."""
    grades = np.zeros(len(dataset))
    texts = np.zeros(len(dataset), dtype=np.int64)

    def situations() -> Iterator[bytes]:
        for place, record in enumerate(dataset.records()):
            content = content_of(dataset, record, options)
            grades[place] = content.grades[0]
            texts[place] = hash(content.texts[0])
            yield content.situation.encode()

    keys = digests(situations())
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    changes = np.any(keys[order][1:] != keys[order][:-1], axis=1)
    better: list[int] = []
    worse: list[int] = []
    for group in np.split(order, np.flatnonzero(changes) + 1) if len(order) else ():
        if len(group) < 2:
            continue
        group = np.sort(group)
        seed = f"{options.seed}\n{keys[group[0]].tolist()}"
        for high, low in _pairs(grades[group], texts[group].tolist(), options.better, seed):
            better.append(int(group[high]))
            worse.append(int(group[low]))
    by_worse = np.argsort(np.array(worse, dtype=np.int64), kind="stable")
    return np.array(better, dtype=np.int64)[by_worse], np.array(worse, dtype=np.int64)[by_worse]


def _pairs(grades: npt.NDArray[np.float64], texts: Sequence[int], most: int, seed: str) -> Iterator[tuple[int, int]]:
    """Better ones with another text, at most so many, for each that is not among the best. Texts are their hashes."""
    order = np.argsort(-grades, kind="stable").tolist()
    above = np.searchsorted(-grades[order], -grades, side="left")
    for worse, count in enumerate(above.tolist()):
        first = int(fraction(f"{seed}\n{worse}") * count)
        better = (order[(first + i) % count] for i in range(count))
        others = (one for one in better if texts[one] != texts[worse])
        yield from ((one, worse) for one in islice(others, most))


def _row(
    dataset: Dataset, record: Any, ids: tuple[str, ...], good: Content, better: int, bad: Content, worse: int
) -> Row:
    high, low = good.grades[better], bad.grades[worse]
    return Row(
        dimension=dataset.dimension.key,
        lang=record.lang,
        ids=ids,
        label=f"{high:.3g} over {low:.3g}",
        messages=good.messages,
        answer=good.texts[better],
        rejected=bad.texts[worse],
        margin=round(high - low, 6),
    )
