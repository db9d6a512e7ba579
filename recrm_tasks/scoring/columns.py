"""Outcomes -> checked columns, the input of all metrics."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import repeat
from operator import is_, itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.metrics.estimate import Clusters, Floats, Ints
from recrm_tasks.scoring.outcomes import Outcome, Reason

MOST_LABELS = 26
"""The number of letters."""
_LAST = np.float64(1.5)
"""A sort key above every probability; its bits can still be shifted left by one."""
_REASONS = {reason.value for reason in Reason}


class Columns(NamedTuple):
    """The fields of `Outcome` that all kinds of answers use, one tuple each."""

    ids: Sequence[str] = ()
    golds: Sequence[Any] = ()
    values: Sequence[Any] = ()
    reasons: Sequence[str | None] = ()
    groups: Sequence[str | None] = ()

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Columns:
        """Outcomes, transposed. `zip` is far slower for a million outcomes."""
        return cls(*(tuple(map(itemgetter(place), outcomes)) for place in range(len(cls._fields))))


class Rows(NamedTuple):
    """The columns that all kinds of answers share."""

    readable: NDArray[np.bool_]
    """Shape (n,)."""
    clusters: Clusters
    invalid: Counter[str]
    """Numbers of unreadable answers, by reason."""

    @classmethod
    def of(cls, columns: Columns) -> Rows:
        """The shared columns.

        Raises:
            HarnessError: an answer is neither a value nor a known reason, or one id has two gold answers.
        """
        count = len(columns.ids)
        readable = np.fromiter(map(is_, columns.reasons, repeat(None)), np.bool_, count)
        missing = np.fromiter(map(is_, columns.values, repeat(None)), np.bool_, count)
        invalid = Counter(filter(None, columns.reasons))
        if not np.array_equal(readable, ~missing) or not invalid.keys() <= _REASONS:
            for record_id, value, reason in zip(columns.ids, columns.values, columns.reasons, strict=True):
                if (reason is not None) if value is not None else reason not in _REASONS:
                    raise HarnessError(
                        f"record {record_id}: value {value!r} with reason {reason!r}; an answer has either a value or "
                        f"one of the reasons {', '.join(sorted(_REASONS))}"
                    )
        return cls(readable, _clusters(columns), invalid)

    @property
    def cluster_count(self) -> int:
        """The number of clusters."""
        return len(self.readable) if self.clusters is None else len(np.unique(self.clusters))

    def kept(self) -> Clusters:
        """The clusters of the readable rows."""
        return None if self.clusters is None else self.clusters[self.readable]

    def ordered(self, order: Ints) -> Rows:
        """The same rows in another order."""
        return Rows(self.readable[order], None if self.clusters is None else self.clusters[order], self.invalid)


def labels(columns: Columns, values: Sequence[tuple[float, ...]]) -> tuple[Ints, Ints]:
    """Gold and answered label indices, each of shape (n,); -1 is an unreadable answer.

    Args:
        columns: the outcomes.
        values: by outcome, the values of the labels in its set; empty if the set is not known.

    Raises:
        HarnessError: a label is outside its set.
    """
    for record_id, gold, value, worth in zip(columns.ids, columns.golds, columns.values, values, strict=True):
        for label in (gold, value):
            if label is not None and not (type(label) is int and 0 <= label < (len(worth) or MOST_LABELS)):
                allowed = f"0 to {len(worth) - 1}" if worth else "a whole number from 0"
                raise HarnessError(f"record {record_id}: label {label!r} is outside its set ({allowed})")
    predicted = [-1 if value is None else value for value in columns.values]
    return np.array(columns.golds, dtype=np.int64), np.array(predicted, dtype=np.int64)


def probabilities(columns: Columns) -> tuple[Ints, Floats]:
    """Gold (0 or 1) and stated probability, each of shape (n,); NaN is an unreadable answer.

    Raises:
        HarnessError: a gold is not 0 or 1, or a probability is not a number from 0 to 1.
    """
    count = len(columns.ids)
    try:
        gold = np.array(columns.golds, dtype=np.int64).reshape(count)
        stated = np.array(columns.values, dtype=np.float64).reshape(count) + 0.0  # no minus zero
        in_range = int(((stated >= 0) & (stated <= 1)).sum())  # None has become NaN
        numbers = set(map(type, columns.values)) <= {float, int, type(None)}  # numpy would also convert text
        if numbers and in_range == count - columns.values.count(None) and bool(((gold == 0) | (gold == 1)).all()):
            return gold, stated
    except (TypeError, ValueError, OverflowError):
        pass
    for record_id, label, value in zip(columns.ids, columns.golds, columns.values, strict=True):
        if label not in (0, 1):
            raise HarnessError(f"record {record_id}: gold {label!r} is not 0 or 1")
        if value is not None and not (type(value) in (float, int) and 0 <= value <= 1):
            raise HarnessError(f"record {record_id}: probability {value!r} is not a number from 0 to 1")
    raise HarnessError("gold answers or probabilities are not plain numbers")


def by_probability(gold: Ints, stated: Floats, rows: Rows) -> tuple[Ints, Floats, Rows]:
    """The rows in ascending order of probability, then gold, unreadable ones last: one sort for all metrics.

    The bits of non-negative floats, read as integers, have the order of the floats. So one sort of integers orders
    both columns.
    """
    key = (np.where(rows.readable, stated, _LAST).view(np.int64) << 1) | gold
    if rows.clusters is not None:
        order = np.argsort(key)
        return gold[order], stated[order], rows.ordered(order)
    key.sort()
    readable = key < (_LAST.view(np.int64) << 1)
    return key & 1, np.where(readable, (key >> 1).view(np.float64), np.nan), Rows(readable, None, rows.invalid)


def lists(columns: Columns) -> list[tuple[tuple[int, ...], tuple[float, ...]]]:
    """Grades and scores of each list; no scores for an unreadable answer.

    Raises:
        HarnessError: a list has no positive or no negative, or an answer has NaN or another number of scores.
    """
    found = []
    for record_id, grades, scores in zip(columns.ids, columns.golds, columns.values, strict=True):
        if not isinstance(grades, tuple) or not any(g > 0 for g in grades) or not any(g == 0 for g in grades):
            raise HarnessError(f"record {record_id}: grades {grades!r} lack a positive (above 0) or a negative (0)")
        if scores is not None and (not isinstance(scores, tuple) or len(scores) != len(grades)):
            raise HarnessError(f"record {record_id}: scores {scores!r} for {len(grades)} candidates")
        if scores is not None and any(math.isnan(s) for s in scores):
            raise HarnessError(f"record {record_id}: scores {scores!r} contain NaN")
        found.append((grades, scores or ()))
    return found


def _clusters(columns: Columns) -> Clusters:
    """Rows are clustered by group, else by record id (a record may be asked several times).

    Raises:
        HarnessError: one id has two gold answers.
    """
    ids, groups = columns.ids, columns.groups
    if len(set(ids)) < len(ids):
        golds: dict[str, object] = {}
        for record_id, gold in zip(ids, columns.golds, strict=True):
            if golds.setdefault(record_id, gold) != gold:
                raise HarnessError(
                    f"record {record_id} has two gold answers, {golds[record_id]!r} and {gold!r}: two records share "
                    "an id, or two runs are mixed"
                )
    elif groups.count(None) == len(groups):
        return None
    codes: dict[tuple[object, object], int] = {}
    keys = ((None, i) if g is None else (g, None) for i, g in zip(ids, groups, strict=True))
    return np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.int64)
