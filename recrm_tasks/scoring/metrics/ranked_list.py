"""Metrics of one ordered list. Ties count at their expected value under random order, never by input order.

A list is given as `grades` (0 is negative; higher is better) and `scores` (higher is ranked earlier; equal scores
tie), both of length m in the same order. Candidates that are missing from an answer tie at the bottom. A candidate with
the score minus infinity has no place in the order: nothing is gained by it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import groupby
from math import comb, fsum, inf, log2


def _tie_groups(grades: Sequence[int], scores: Sequence[float]) -> list[list[int]]:
    """Grades in ranked order, with tied candidates grouped."""
    order = sorted((i for i in range(len(scores)) if scores[i] != -inf), key=lambda i: -scores[i])
    return [[grades[i] for i in tied] for _, tied in groupby(order, key=lambda i: scores[i])]


def top_hit(grades: Sequence[int], scores: Sequence[float]) -> float:
    """Probability that the first item is a positive."""
    groups = _tie_groups(grades, scores)
    return sum(g > 0 for g in groups[0]) / len(groups[0]) if groups else 0.0


def list_auc(grades: Sequence[int], scores: Sequence[float]) -> float:
    """Share of (positive, negative) pairs in the correct order; ties count one half."""
    won = pairs = 0
    for grade, score in zip(grades, scores, strict=True):
        if grade > 0:
            for other, against in zip(grades, scores, strict=True):
                if other == 0:
                    pairs += 2
                    won += 2 if score > against else 1 if score == against else 0
    return won / pairs


def hit_rate(grades: Sequence[int], scores: Sequence[float], k: int) -> float:
    """Probability that at least one positive is among the first `k` (HR@k; ir_measures calls it Success@k)."""
    free = k
    for tied in _tie_groups(grades, scores):
        size, positives = len(tied), sum(g > 0 for g in tied)
        if positives:
            return 1 - comb(size - positives, min(free, size)) / comb(size, min(free, size))
        free -= size
        if free <= 0:
            break
    return 0.0


def ndcg(grades: Sequence[int], scores: Sequence[float], k: int) -> float:
    """Expected nDCG@k with linear gains and a log2 discount (Järvelin and Kekäläinen 2002; as in trec_eval)."""
    dcg: list[float] = []
    place = 0
    for tied in _tie_groups(grades, scores):
        discounts = fsum(1 / log2(i + 2) for i in range(place, min(place + len(tied), k)))
        dcg.append(sum(tied) / len(tied) * discounts)
        place += len(tied)
    ideal = fsum(g / log2(i + 2) for i, g in enumerate(sorted(grades, reverse=True)[:k]))
    return fsum(dcg) / ideal


def reciprocal_rank(grades: Sequence[int], scores: Sequence[float]) -> float:
    """Expected 1 / rank of the first positive."""
    place = 0
    for tied in _tie_groups(grades, scores):
        size, positives = len(tied), sum(g > 0 for g in tied)
        if positives:
            ways = comb(size, positives)
            return fsum(comb(size - j, positives - 1) / ways / (place + j) for j in range(1, size - positives + 2))
        place += size
    return 0.0


def chosen_place(scores: Sequence[float]) -> float:
    """The place of the first choice in the order shown: 1 at the start, -1 at the end, 0 in the middle.

    The order shown is by hash, so a model without position bias chooses every place equally often, and the mean over
    lists is 0. Tied first choices count at the mean of their places.

    Args:
        scores: of the candidates in the order shown, at least two.
    """
    best = max(scores)
    places = [i for i, score in enumerate(scores) if score == best]
    return 1 - 2 * (sum(places) / len(places)) / (len(scores) - 1)


def normalised_ranks(scores: Sequence[float]) -> tuple[float, ...]:
    """For each candidate the share of the others that rank below it, ties one half: 1 is first, 0 is last.

    Args:
        scores: at least two, in any order; higher is ranked earlier.
    """
    others = len(scores) - 1
    return tuple(points / (2 * others) for points in points_below(scores))


def points_below(scores: Sequence[float]) -> tuple[int, ...]:
    """For each candidate two points for every other one that ranks below it, and one for every tie: whole numbers, so
    that equal sums are equal.

    Args:
        scores: in any order; higher is ranked earlier.
    """
    ordered = sorted(scores)
    return tuple(bisect_left(ordered, s) + bisect_right(ordered, s) - 1 for s in scores)
