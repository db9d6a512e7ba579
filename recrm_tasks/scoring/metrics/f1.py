"""Weighted and macro F1 from a confusion matrix, with an unreadable answer as a predicted class that is never gold."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np

from recrm_tasks.scoring.metrics.estimate import (
    NAN,
    Clusters,
    Estimate,
    Floats,
    Ints,
    design_effect,
)

Average: TypeAlias = Literal["weighted", "macro"]

DRAWS = 2000
_SEED = 0


def cells(gold: Ints, predicted: Ints) -> tuple[Ints, int]:
    """Each row's cell of the confusion matrix, row by row, and the number of labels k.

    Args:
        gold: shape (n,), label indices from 0.
        predicted: shape (n,), label indices, or -1 for an unreadable answer, which is in the last column.

    Returns:
        Shape (n,), numbers below k (k + 1); and k, the highest label that occurs + 1.
    """
    k = int(max(gold.max(initial=0), predicted.max(initial=0))) + 1
    return cells_of(gold, predicted, k), k


def cells_of(gold: Ints, predicted: Ints, k: int) -> Ints:
    """Like `cells`, for a known number of labels."""
    found: Ints = gold * (k + 1) + np.where(predicted < 0, k, predicted)
    return found


def confusion(gold: Ints, predicted: Ints) -> Ints:
    """Counts of (gold, predicted): shape (k, k + 1), rows are gold labels, the last column is "unreadable"."""
    cell, k = cells(gold, predicted)
    return np.bincount(cell, minlength=k * (k + 1)).reshape(k, k + 1)


def f1(gold: Ints, predicted: Ints, average: Average, clusters: Clusters) -> Estimate:
    """F1 averaged over labels.

    Per label F1 = 2 TP / (gold + predicted). `weighted` uses gold counts as weights; `macro` is the plain mean over
    labels that occur as gold or as an answer ("unreadable" is not a label). Both equal scikit-learn's `f1_score` with
    `zero_division=0`. With one gold class, weighted F1 is 2 acc / (1 + acc).

    The standard error is the standard deviation over 2,000 seeded multinomial draws of the whole confusion matrix, so
    its cost does not depend on the number of rows. With clusters fewer rows are drawn: their number is divided by the
    design effect (Kish 1965) of the linearised F1.

    Args:
        gold: shape (n,), label indices from 0.
        predicted: shape (n,), label indices, or -1 for an unreadable answer.
        average: which mean over labels.
        clusters: shape (n,) or None.
    """
    if not len(gold):
        return Estimate(NAN, NAN)
    counts = confusion(gold, predicted)
    value = float(f1_of(counts[None].astype(np.float64), average)[0])
    rows = len(gold) if clusters is None else _effective(gold, predicted, average, clusters)
    if rows < 2:
        return Estimate(value, NAN)
    return Estimate(value, float(f1_of(resampled(counts, rows), average).std(ddof=1)))


def resampled(counts: Ints, rows: int) -> Floats:
    """2,000 seeded multinomial draws of a table of counts.

    Args:
        counts: any shape.
        rows: the number of rows in each draw.

    Returns:
        Shape (2000, *shape of counts).
    """
    shares = (counts / counts.sum()).ravel()
    draws = np.random.default_rng(_SEED).multinomial(rows, shares, size=DRAWS)
    return draws.reshape(DRAWS, *counts.shape).astype(np.float64)


def matrices(drawn: Floats, cells: Ints, k: int) -> Floats:
    """Counts by type of row -> confusion matrices: (draws, types) -> (draws, k, k + 1).

    Args:
        drawn: the number of rows of each type.
        cells: shape (types,), the cell of the matrix that each type belongs to; types may share one.
        k: number of labels.
    """
    belongs = (cells[:, None] == np.arange(k * (k + 1))).astype(np.float64)
    found: Floats = (drawn @ belongs).reshape(len(drawn), k, k + 1)
    return found


def gradient(cell: Ints, k: int, average: Average) -> Floats:
    """The gradient of F1: the effect of one more row in each cell, shape (k (k + 1),).

    Args:
        cell: shape (n,), the rows' cells of the confusion matrix.
        k: number of labels.
        average: which mean over labels.
    """
    counts = np.bincount(cell, minlength=k * (k + 1)).reshape(k, k + 1)
    return _slopes(counts.astype(np.float64), average).ravel()


def f1_of(counts: Floats, average: Average) -> Floats:
    """F1 of many matrices at once: (draws, k, k + 1) -> (draws,)."""
    support, _, hits, seen = _margins(counts)
    per_label = np.divide(2 * hits, seen, out=np.zeros_like(seen), where=seen > 0)
    if average == "weighted":
        result: Floats = (per_label * support).sum(axis=1) / support.sum(axis=1)
        return result
    result = per_label.sum(axis=1) / (seen > 0).sum(axis=1)
    return result


def _margins(counts: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    k = counts.shape[1]
    support = counts.sum(axis=2)
    answers = counts[:, :, :k].sum(axis=1)
    hits = np.diagonal(counts[:, :, :k], axis1=1, axis2=2)
    return support, answers, hits, support + answers


def _effective(gold: Ints, predicted: Ints, average: Average, clusters: Ints) -> int:
    """The number of independent rows with the same information; 0 with fewer than two clusters."""
    cell, k = cells(gold, predicted)
    effect = design_effect(gradient(cell, k, average)[cell], clusters)
    return 0 if math.isnan(effect) else round(len(gold) / effect)


def _slopes(counts: Floats, average: Average) -> Floats:
    """The gradient of F1 by counts: (k, k + 1) -> (k, k + 1)."""
    k = len(counts)
    support, _, hits, seen = (x[0] for x in _margins(counts[None]))
    per_label = np.divide(2 * hits, seen, out=np.zeros(k), where=seen > 0)
    weights = support / support.sum() if average == "weighted" else (seen > 0) / (seen > 0).sum()
    one = np.divide(weights, seen, out=np.zeros(k), where=seen > 0)
    slopes = np.zeros_like(counts)
    slopes -= (one * per_label)[:, None]  # the gold label's denominator grows
    slopes[:, :k] -= (one * per_label)[None, :]  # and the answered label's
    slopes[range(k), range(k)] += 2 * one
    if average == "weighted":
        mean = float((weights * per_label).sum())
        slopes += ((per_label - mean) / support.sum())[:, None]  # the gold label's weight grows
    return slopes
