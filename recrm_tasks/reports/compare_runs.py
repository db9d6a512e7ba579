"""Pairs of runs -> the difference of every metric with its test, and the records on which the two differ most."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import Suite, complete_suite
from recrm_tasks.reports.pairing import Pair
from recrm_tasks.scoring.aggregate.forms import FORMS, Form, name_of
from recrm_tasks.scoring.aggregate.hybrid import hybrid_differences
from recrm_tasks.scoring.compare.difference import Difference, holm, normal_p
from recrm_tasks.scoring.content_scores import reads_of
from recrm_tasks.scoring.outcomes import Outcome

ALPHA = 0.05
"""A difference is called significant if its p, after Holm's correction, is below."""


class MetricDifference(NamedTuple):
    """One metric of one dimension in both runs."""

    mode: str
    dimension: str
    metric: str
    difference: Difference
    adjusted: float
    """p after Holm's correction over the dimensions that share the metric's family; NaN for the aggregate."""
    unseen: tuple[int, int] = (0, 0)
    """Records of either run with an allowed answer whose log-probability was not reported."""
    primary: bool = False
    """Whether it is the metric that the dimension's score is."""

    @property
    def significant(self) -> bool:
        """Whether the corrected p is below `ALPHA`."""
        return self.adjusted < ALPHA


class Disputed(NamedTuple):
    """A record on which the runs scored differently."""

    mode: str
    dimension: str
    first: Outcome
    second: Outcome
    credits: tuple[float, float]


def compare_pairs(pairs: Sequence[Pair], forms: Mapping[str, Form] = FORMS) -> list[MetricDifference]:
    """All differences, second minus first.

    Holm's correction is over dimensions: the primary metrics of one answer mode are a family, and every other metric
    is a family over the dimensions that have it.

    Args:
        pairs: by dimension and answer mode.
        forms: of the hybrid score, whose draws take most of the time.
    """
    found: list[tuple[Pair, str, Difference, bool]] = []
    families: dict[tuple[str, str], list[int]] = defaultdict(list)
    for pair in pairs:
        dimension = dimension_of(pair.dimension)
        differences = dimension.kind.compare(pair.first, pair.second)
        primary = dimension.primary_of({metric: difference.first for metric, difference in differences.items()})
        for metric, difference in differences.items():
            families[pair.mode, "score" if metric == primary else metric].append(len(found))
            found.append((pair, metric, difference, metric == primary))
    adjusted = [math.nan] * len(found)
    for places in families.values():
        for place, p in zip(places, holm([found[i][2].p for i in places]), strict=True):
            adjusted[place] = p
    rows = [
        MetricDifference(pair.mode, pair.dimension, metric, difference, p, pair.unseen, primary)
        for (pair, metric, difference, primary), p in zip(found, adjusted, strict=True)
    ]
    for mode in dict.fromkeys(pair.mode for pair in pairs):
        asked = {pair.dimension: pair for pair in pairs if pair.mode == mode}
        if suite := complete_suite((pair.suite for pair in asked.values()), asked):
            scores = {row.dimension: row.difference for row in rows if row.mode == mode and row.primary}
            mixed = {"mean_score": _mean([scores[key] for key in suite.keys]), **_hybrid(suite, asked, forms)}
            first, second = (sum(pair.unseen[side] for pair in asked.values()) for side in (0, 1))
            rows += [
                MetricDifference(mode, "all", metric, difference, math.nan, (first, second))
                for metric, difference in mixed.items()
            ]
    return rows


def disputed(pairs: Sequence[Pair], most: int) -> list[Disputed]:
    """The records with the most different credits, at most `most` of each dimension; none with equal credits."""
    found: list[Disputed] = []
    for pair in pairs:
        credit = dimension_of(pair.dimension).kind.credit
        rows = [
            Disputed(pair.mode, pair.dimension, one, other, (credit(one), credit(other)))
            for one, other in zip(pair.first, pair.second, strict=True)
        ]
        differing = [row for row in rows if row.credits[0] != row.credits[1]]
        found += sorted(differing, key=lambda row: (-abs(row.credits[1] - row.credits[0]), row.first.id))[:most]
    return found


def _mean(primary: Sequence[Difference]) -> Difference:
    """The mean score's. The dimensions are independent, so the variances of their differences add up."""
    first, second = (sum(x) / len(primary) for x in zip(*((d.first, d.second) for d in primary), strict=True))
    stderr = math.sqrt(sum(d.stderr**2 for d in primary)) / len(primary)
    return Difference.normal(first, second, stderr, normal_p(second - first, stderr), "normal")


def _hybrid(suite: Suite, pairs: Mapping[str, Pair], forms: Mapping[str, Form]) -> dict[str, Difference]:
    """The hybrid score's, by every form, over the same virtual responses; none of scores of contents."""
    if any(reads_of(one.first) == "content" for one in pairs.values()):
        return {}
    first = [dimension.kind.parts(pairs[key].first) for key, dimension in suite.dimensions.items()]
    second = [dimension.kind.parts(pairs[key].second) for key, dimension in suite.dimensions.items()]
    return {
        name_of(form): Difference.normal(
            found.first,
            found.second,
            found.change.stderr,
            normal_p(found.change.value, found.change.stderr),
            "same draws, normal",
        )
        for form, found in hybrid_differences(first, second, list(suite.roles.values()), forms).items()
    }
