"""Repeated answers to the same records -> how often they differ, and how often all of them are right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from math import comb
from typing import NamedTuple

import numpy as np

from recrm_tasks.scoring.metrics.estimate import Clusters, Estimate, mean
from recrm_tasks.scoring.metrics.intervals import of_share


class Repetition(NamedTuple):
    """One of several answers to a record."""

    record: str
    question: str
    """How it was asked. Answers to different questions about one record can be right or wrong, but not equal: a list in
    another order has other first places."""
    decision: Hashable
    """What the answer comes down to; None if it is unreadable."""
    right: bool
    group: str | None = None
    """As in `Outcome`."""


class Figure(NamedTuple):
    """One figure of consistency."""

    name: str
    estimate: Estimate
    n: int
    """The number of records, or of questions about records, that it is a mean of."""
    clusters: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval."""
        assert self.estimate.stderr is not None
        return of_share(self.estimate.value, self.estimate.stderr, self.clusters)


MEANINGS = {
    "flip": "share of records whose repeated answers are not all the same; it grows with the number of repetitions",
    "differ": "probability that two answers to one record differ, whatever the number of repetitions",
    "unstable": "share of records that are answered right at times and wrong at others",
    "pass^k": "probability that k answers to a record are all right",
}
"""The figures, as tables and docs/judges.md explain them."""


def consistency(repetitions: Sequence[Repetition]) -> list[Figure]:
    """The figures of `MEANINGS`; pass^k for k = 1, 2, 4, … and the largest number of repetitions.

    An unreadable answer is wrong, and differs from every answer that could be read. `pass^k` is the mean over records
    with n ≥ k answers, c of them right, of C(c, k) / C(n, k), which is unbiased (Yao et al. 2024, arXiv 2406.12045).
    Errors are robust to clusters: records of one `group`.
    """
    questions: dict[tuple[str, str], list[Repetition]] = defaultdict(list)
    records: dict[str, list[Repetition]] = defaultdict(list)
    for one in repetitions:
        questions[one.record, one.question].append(one)
        records[one.record].append(one)
    by_question = [questions[key] for key in sorted(questions)]
    by_record = [records[key] for key in sorted(records)]
    most = max(map(len, by_record), default=0)
    ks = sorted({1 << i for i in range(most.bit_length())} | {most}) if most else []
    return [
        _mean("flip", by_question, 2, lambda several: float(len({one.decision for one in several}) > 1)),
        _mean("differ", by_question, 2, _differ),
        _mean("unstable", by_record, 2, lambda several: float(len({one.right for one in several}) > 1)),
        *(_mean(f"pass^{k}", by_record, k, lambda several, k=k: _passes(several, k)) for k in ks),  # type: ignore[misc]
    ]


def _differ(several: Sequence[Repetition]) -> float:
    """The share of unequal ones among all pairs."""
    equal = sum(comb(n, 2) for n in Counter(one.decision for one in several).values())
    return 1 - equal / comb(len(several), 2)


def _passes(several: Sequence[Repetition], k: int) -> float:
    return comb(sum(one.right for one in several), k) / comb(len(several), k)


def _mean(
    name: str, groups: Sequence[Sequence[Repetition]], least: int, of: Callable[[Sequence[Repetition]], float]
) -> Figure:
    """A mean over those with at least so many repetitions."""
    kept = [several for several in groups if len(several) >= least]
    values = np.array([of(several) for several in kept], dtype=np.float64)
    codes: dict[tuple[str | None, str], int] = {}
    keys = [(one[0].group, "" if one[0].group is not None else one[0].record) for one in kept]
    clusters: Clusters = np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.int64)
    return Figure(name, mean(values, clusters if len(codes) < len(kept) else None), len(kept), len(codes))
