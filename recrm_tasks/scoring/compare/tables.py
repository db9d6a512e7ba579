"""The differences of a kind of answer, all computed at once: two runs' outcomes -> {metric: difference}.

Both protocols cannot be compared record by record: an unreadable answer is wrong here, as in the metrics without
`_valid`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from recrm_tasks.scoring.compare.difference import Difference
from recrm_tasks.scoring.compare.paired import of_areas, of_f1, of_means, of_shares
from recrm_tasks.scoring.metrics import columns
from recrm_tasks.scoring.metrics.columns import Columns, Rows
from recrm_tasks.scoring.metrics.estimate import Clusters, Floats, Ints
from recrm_tasks.scoring.metrics.tables import OF_LISTS, OfList
from recrm_tasks.scoring.outcomes import Outcome

Differences = Mapping[str, Difference]


def label_differences(first: Sequence[Outcome], second: Sequence[Outcome]) -> Differences:
    """Of answers that are one label out of a few.

    Args:
        first: outcomes of one run, at least one.
        second: outcomes of the other, on the same records in the same order.
    """
    one, other = Columns.of(first), Columns.of(second)
    values = [outcome.values for outcome in first]
    gold, before = columns.labels(one, values)
    _, after = columns.labels(other, values)
    return _classification(gold, before, after, Rows.of(one).clusters)


def probability_differences(first: Sequence[Outcome], second: Sequence[Outcome]) -> Differences:
    """Of answers that are the probability of a yes; arguments as for labels."""
    one, other = Columns.of(first), Columns.of(second)
    clusters = Rows.of(one).clusters
    gold, before = columns.probabilities(one)
    _, after = columns.probabilities(other)
    return {
        "auc": of_areas(gold, before, after, clusters),
        **_classification(gold, _decided(before), _decided(after), clusters),
        "brier": of_means(_losses(gold, before), _losses(gold, after), clusters),
    }


def ranking_differences(first: Sequence[Outcome], second: Sequence[Outcome]) -> Differences:
    """Of answers that order a list; arguments as for labels."""
    one, other = Columns.of(first), Columns.of(second)
    clusters = Rows.of(one).clusters
    before, after = columns.lists(one), columns.lists(other)
    return {
        name: of_means(_each(before, measure), _each(after, measure), clusters) for name, measure in OF_LISTS.items()
    }


def _each(lists: Sequence[tuple[tuple[int, ...], tuple[float, ...]]], measure: OfList) -> Floats:
    return np.array([measure(*one) if one[1] else 0.0 for one in lists], dtype=np.float64)


def _losses(gold: Ints, stated: Floats) -> Floats:
    return np.nan_to_num((stated - gold) ** 2, nan=1.0)


def _classification(gold: Ints, before: Ints, after: Ints, clusters: Clusters) -> Differences:
    return {
        "acc": of_shares(gold == before, gold == after, clusters),
        "f1": of_f1(gold, before, after, "weighted", clusters),
        "f1_macro": of_f1(gold, before, after, "macro", clusters),
    }


def _decided(stated: Floats) -> Ints:
    return np.where(np.isnan(stated), -1, stated >= 0.5).astype(np.int64)
