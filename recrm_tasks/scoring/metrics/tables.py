"""The metrics of a kind of answer, all computed at once: outcomes -> {metric: estimate}.

A `_valid` metric takes readable answers only, as the published table seems to; its plain twin counts an unreadable
answer as wrong (an accuracy of 0, a lost pair, the worst loss).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from recrm_tasks.scoring.metrics import columns, ranking
from recrm_tasks.scoring.metrics.auc import auc
from recrm_tasks.scoring.metrics.calibration import Binned, binned, brier, decomposition, ece
from recrm_tasks.scoring.metrics.columns import Columns, Rows
from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Estimate, Floats, Ints, mean, share
from recrm_tasks.scoring.metrics.f1 import f1
from recrm_tasks.scoring.outcomes import Outcome, Reason

Metrics = Mapping[str, Estimate]


def label_metrics(outcomes: Sequence[Outcome]) -> Metrics:
    """Metrics of answers that are one label out of a few.

    Raises:
        HarnessError: outcomes that no run can have; see `columns`.
    """
    table = Columns.of(outcomes)
    rows = Rows.of(table)
    gold, predicted = columns.labels(table, [outcome.values for outcome in outcomes])
    strict = _classification(gold, predicted, rows.clusters)
    kept = rows.readable
    valid = strict if kept.all() else _classification(gold[kept], predicted[kept], rows.kept())
    return {**strict, **_valid(valid), **_counts(rows, _majority(gold))}


def probability_metrics(outcomes: Sequence[Outcome]) -> Metrics:
    """Metrics of answers that are the probability of a yes. A probability of 0.5 or more is the answer yes.

    Raises:
        HarnessError: outcomes that no run can have; see `columns`.
    """
    table = Columns.of(outcomes)
    rows = Rows.of(table)
    gold, probability, rows = columns.by_probability(*columns.probabilities(table), rows)
    first = slice(int(rows.readable.sum()))  # unreadable ones stand at the end
    readable = binned(gold[first], probability[first])
    strict = _probabilities(gold, probability, readable, rows.clusters)
    kept = rows.kept()
    valid = strict if rows.readable.all() else _probabilities(gold[first], probability[first], readable, kept)
    parts = decomposition(gold[first], readable, kept)
    return {**strict, **_valid({**valid, **parts}), **_counts(rows, _majority(gold))}


def ranking_metrics(outcomes: Sequence[Outcome]) -> Metrics:
    """Metrics of answers that order a list: means over lists.

    Raises:
        HarnessError: outcomes that no run can have; see `columns`.
    """
    table = Columns.of(outcomes)
    rows = Rows.of(table)
    lists = columns.lists(table)
    kept, clusters = rows.readable, rows.kept()
    strict: dict[str, Estimate] = {}
    valid: dict[str, Estimate] = {}
    for name, measure in OF_LISTS.items():
        values = np.array([measure(*one) if one[1] else 0.0 for one in lists], dtype=np.float64)
        strict[name] = mean(values, rows.clusters)
        valid[name] = mean(values[kept], clusters)
    places = [ranking.chosen_place(scores) for _, scores in lists if scores]
    chance = np.array([ranking.top_hit(grades, (0.0,) * len(grades)) for grades, _ in lists], dtype=np.float64)
    return {
        **strict,
        **_valid(valid),
        "position_bias": mean(np.array(places, dtype=np.float64), clusters),
        **_counts(rows, mean(chance, None).value),
    }


OfList = Callable[[Sequence[int], Sequence[float]], float]

OF_LISTS: Mapping[str, OfList] = {
    "auc": ranking.list_auc,
    "acc": ranking.top_hit,
    "hr@3": lambda grades, scores: ranking.hit_rate(grades, scores, 3),
    "hr@5": lambda grades, scores: ranking.hit_rate(grades, scores, 5),
    "ndcg@3": lambda grades, scores: ranking.ndcg(grades, scores, 3),
    "ndcg@5": lambda grades, scores: ranking.ndcg(grades, scores, 5),
    "mrr": ranking.reciprocal_rank,
}
"""Metrics of one list, from its grades and scores; 0 without an answer."""


def _probabilities(gold: Ints, probability: Floats, readable: Binned, clusters: Clusters) -> Metrics:
    predicted = np.where(np.isnan(probability), -1, probability >= 0.5).astype(np.int64)
    return {
        "auc": auc(gold, probability, clusters),
        **_classification(gold, predicted, clusters),
        "brier": brier(gold, probability, clusters),
        "ece": ece(probability, readable, clusters),
    }


def _classification(gold: Ints, predicted: Ints, clusters: Clusters) -> Metrics:
    return {
        "acc": share(gold == predicted, clusters),
        "f1": f1(gold, predicted, "weighted", clusters),
        "f1_macro": f1(gold, predicted, "macro", clusters),
    }


def _valid(metrics: Metrics) -> Metrics:
    return {f"{name}_valid": estimate for name, estimate in metrics.items()}


def _majority(gold: Ints) -> float:
    return int(np.bincount(gold).max()) / len(gold) if len(gold) else NAN


def _counts(rows: Rows, baseline: float) -> Metrics:
    counts = {
        "n": len(rows.readable),
        "clusters": rows.cluster_count,
        **{f"invalid_{reason.value}": rows.invalid[reason.value] for reason in Reason},
    }
    return {
        "coverage": share(rows.readable, rows.clusters),
        "acc_baseline": Estimate(baseline, None),
        **{name: Estimate(float(count), None) for name, count in counts.items()},
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
