"""Weighted and macro F1 from a confusion matrix, with an unreadable answer as a predicted class that is never gold."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.scoring.metrics.estimate import NAN, Estimate

_DRAWS = 2000
_SEED = 0


def confusion(gold: NDArray[np.int64], predicted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Counts of (gold, predicted).

    Args:
        gold: shape (n,), label indices from 0.
        predicted: shape (n,), label indices, or -1 for an unreadable answer.

    Returns:
        Shape (k, k + 1): rows are gold labels, the last column is "unreadable"; k is the highest label seen + 1.
    """
    k = int(max(gold.max(initial=0), predicted.max(initial=0))) + 1
    columns = np.where(predicted < 0, k, predicted)
    return np.bincount(gold * (k + 1) + columns, minlength=k * (k + 1)).reshape(k, k + 1)


def f1(counts: NDArray[np.int64], average: Literal["weighted", "macro"], records: int) -> Estimate:
    """F1 averaged over labels.

    Per label F1 = 2 TP / (gold + predicted). `weighted` weighs by gold count; `macro` is the plain mean over labels
    that occur as gold or as an answer ("unreadable" is no label). Both equal scikit-learn's `f1_score` with
    `zero_division=0`. With one gold class, weighted F1 is 2 acc / (1 + acc).

    The standard error is the spread over 2,000 multinomial draws of the whole confusion matrix (seeded), so that its
    cost does not depend on the number of rows.

    Args:
        counts: as `confusion` returns them.
        average: which mean over labels.
        records: number of different records behind the counts, the size of each draw.
    """
    total = int(counts.sum())
    if total == 0:
        return Estimate(NAN, NAN)
    value = float(_f1(counts[None].astype(np.float64), average)[0])
    if records < 2:
        return Estimate(value, NAN)
    shares = (counts / total).ravel()
    draws = np.random.default_rng(_SEED).multinomial(records, shares, size=_DRAWS).reshape(_DRAWS, *counts.shape)
    return Estimate(value, float(_f1(draws.astype(np.float64), average).std(ddof=1)))


def _f1(counts: NDArray[np.float64], average: Literal["weighted", "macro"]) -> NDArray[np.float64]:
    """F1 of many matrices at once: (draws, k, k + 1) -> (draws,)."""
    k = counts.shape[1]
    support = counts.sum(axis=2)
    answers = counts[:, :, :k].sum(axis=1)
    hits = np.diagonal(counts[:, :, :k], axis1=1, axis2=2)
    seen = support + answers
    per_label = np.divide(2 * hits, seen, out=np.zeros_like(seen), where=seen > 0)
    if average == "weighted":
        result: NDArray[np.float64] = (per_label * support).sum(axis=1) / support.sum(axis=1)
        return result
    present = seen > 0
    result = np.where(present, per_label, 0.0).sum(axis=1) / present.sum(axis=1)
    return result
