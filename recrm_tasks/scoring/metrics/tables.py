"""The metrics of a kind of answer, all computed at once: outcomes -> {metric: estimate}.

A `_valid` metric takes readable answers only, as the published table seems to; its plain twin counts an unreadable
answer as wrong (an accuracy of 0, a lost pair, the worst loss).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from recrm_tasks.scoring.answers import Outcome
from recrm_tasks.scoring.metrics import ranking
from recrm_tasks.scoring.metrics.auc import auc
from recrm_tasks.scoring.metrics.calibration import brier, ece
from recrm_tasks.scoring.metrics.estimate import NAN, Estimate, mean
from recrm_tasks.scoring.metrics.f1 import confusion, f1

Metrics = Mapping[str, Estimate]


def in_order(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Outcomes by record id: no metric may depend on the order in which a harness hands them over."""
    return sorted(outcomes, key=lambda o: (o.id, repr(o.value)))


def label_metrics(outcomes: Sequence[Outcome]) -> Metrics:
    """Metrics of answers that are one label out of a few."""
    rows = in_order(outcomes)
    gold, predicted = _labels(rows)
    return {**_classification(rows, gold, predicted), **_counts(rows, gold)}


def probability_metrics(outcomes: Sequence[Outcome]) -> Metrics:
    """Metrics of answers that are the probability of a yes. A probability of 0.5 or more is the answer yes."""
    rows = in_order(outcomes)
    ids = [o.id for o in rows]
    gold = np.array([o.gold for o in rows], dtype=np.int64)
    probability = np.array([NAN if o.reason else o.value for o in rows], dtype=np.float64)
    predicted = np.where(np.isnan(probability), -1, probability >= 0.5).astype(np.int64)
    kept = ~np.isnan(probability)
    kept_ids = [i for i, keep in zip(ids, kept, strict=True) if keep]
    return {
        "auc": auc(ids, gold, probability),
        **_classification(rows, gold, predicted),
        "brier": brier(ids, gold, probability),
        "ece": ece(ids, gold, probability),
        "auc_valid": auc(kept_ids, gold[kept], probability[kept]),
        "brier_valid": brier(kept_ids, gold[kept], probability[kept]),
        "ece_valid": ece(kept_ids, gold[kept], probability[kept]),
        **_counts(rows, gold),
    }


def ranking_metrics(outcomes: Sequence[Outcome]) -> Metrics:
    """Metrics of answers that order a list: means over lists."""
    rows = in_order(outcomes)
    ids = [o.id for o in rows]
    valid = [o for o in rows if o.reason is None]
    valid_ids = [o.id for o in valid]

    def over(measure: Callable[[Sequence[int], Sequence[float]], float]) -> Estimate:
        return mean(ids, [0.0 if o.reason else measure(*_list(o)) for o in rows])

    def over_valid(measure: Callable[[Sequence[int], Sequence[float]], float]) -> Estimate:
        return mean(valid_ids, [measure(*_list(o)) for o in valid])

    chance = [ranking.top_hit(grades, (0.0,) * len(grades)) for grades, _ in map(_list, rows)]
    return {
        "auc": over(ranking.list_auc),
        "acc": over(ranking.top_hit),
        "hr@3": over(lambda grades, scores: ranking.hit_rate(grades, scores, 3)),
        "hr@5": over(lambda grades, scores: ranking.hit_rate(grades, scores, 5)),
        "ndcg@3": over(lambda grades, scores: ranking.ndcg(grades, scores, 3)),
        "ndcg@5": over(lambda grades, scores: ranking.ndcg(grades, scores, 5)),
        "mrr": over(ranking.reciprocal_rank),
        "auc_valid": over_valid(ranking.list_auc),
        "acc_valid": over_valid(ranking.top_hit),
        "coverage": mean(ids, [float(o.reason is None) for o in rows]),
        "acc_baseline": Estimate(mean(ids, chance).value, None),
        "n": Estimate(float(len(rows)), None),
    }


def _labels(rows: Sequence[Outcome]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    gold = np.array([o.gold for o in rows], dtype=np.int64)
    predicted = np.array([-1 if o.reason else o.value for o in rows], dtype=np.int64)
    return gold, predicted


def _list(outcome: Outcome) -> tuple[tuple[int, ...], tuple[float, ...]]:
    assert isinstance(outcome.gold, tuple)
    scores = outcome.value if isinstance(outcome.value, tuple) else ()
    return outcome.gold, scores


def _classification(rows: Sequence[Outcome], gold: NDArray[np.int64], predicted: NDArray[np.int64]) -> Metrics:
    ids = [o.id for o in rows]
    records = len(set(ids))
    kept = predicted >= 0
    kept_ids = [i for i, keep in zip(ids, kept, strict=True) if keep]
    hits = (gold == predicted).astype(np.float64)
    counts = confusion(gold, predicted)
    return {
        "acc": mean(ids, hits.tolist()),
        "f1": f1(counts, "weighted", records),
        "f1_macro": f1(counts, "macro", records),
        "acc_valid": mean(kept_ids, hits[kept].tolist()),
        "f1_valid": f1(confusion(gold[kept], predicted[kept]), "weighted", len(set(kept_ids))),
    }


def _counts(rows: Sequence[Outcome], gold: NDArray[np.int64]) -> Metrics:
    majority = int(np.bincount(gold).max()) / len(gold) if len(gold) else NAN
    return {
        "coverage": mean([o.id for o in rows], [float(o.reason is None) for o in rows]),
        "acc_baseline": Estimate(majority, None),
        "n": Estimate(float(len(rows)), None),
    }


def flat(metrics: Metrics) -> dict[str, float]:
    """{"acc": value, "acc_stderr": error, …}: the form in which both harnesses carry metrics."""
    numbers: dict[str, float] = {}
    for name, estimate in metrics.items():
        numbers[name] = estimate.value
        if estimate.stderr is not None:
            numbers[f"{name}_stderr"] = estimate.stderr
    return numbers


def mean_score(scores: Sequence[Estimate]) -> Estimate:
    """The plain mean of the dimensions' primary metrics; dimensions are independent, so their variances add.

    Plain `sum` and `** 2` in the order of the dimensions: so lm-eval's groups do it, and the bits must agree.
    """
    if not scores:
        return Estimate(NAN, NAN)
    errors = [NAN if s.stderr is None else s.stderr for s in scores]
    return Estimate(sum(s.value for s in scores) / len(scores), math.sqrt(sum(e**2 for e in errors)) / len(scores))
