"""Agreement of judges that choose one of a few labels.

An unreadable answer is no label: a judge that gave none has not judged, and two that gave none have not agreed. So
measures of two judges are over the records that both answered, Fleiss' kappa over those that all answered, and
Krippendorff's alpha, which was made for missing ratings, over the answers to all records that at least two answered. As
a label of its own, "unreadable" would make two models that fail on the same records look as if they shared a view.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recrm_tasks.scoring.agreement.declared import Agreed, Agreement
from recrm_tasks.scoring.columns import Columns, Rows, labels
from recrm_tasks.scoring.metrics.beyond_chance import Confusion, kappa, squared_distances, weighted_kappa
from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Estimate, Floats, Ints, error_of, share
from recrm_tasks.scoring.outcomes import Outcome


@dataclass(frozen=True, eq=False)
class LabelRatings:
    """What m judges answered to n records."""

    rated: Ints
    """Shape (n, m): label indices; -1 is an unreadable answer."""
    clusters: Clusters
    values: tuple[float, ...] = ()
    """The value of each label of the set; empty if it is not known."""

    @classmethod
    def of(cls, judges: Sequence[Sequence[Outcome]]) -> LabelRatings:
        """The table of judges' outcomes, which are on the same records in the same order.

        Raises:
            HarnessError: outcomes that no valid run can have.
        """
        columns = [Columns.of(one) for one in judges]
        rated = [labels(one, [o.values for o in rows])[1] for one, rows in zip(columns, judges, strict=True)]
        sets = {outcome.values for outcome in judges[0]}
        return cls(np.stack(rated, axis=1), Rows.of(columns[0]).clusters, sets.pop() if len(sets) == 1 else ())

    def kept(self, rows: Any) -> LabelRatings:
        """Some of the records."""
        return LabelRatings(self.rated[rows], None if self.clusters is None else self.clusters[rows], self.values)

    @property
    def complete(self) -> LabelRatings:
        """The records that all judges answered."""
        return self.kept((self.rated >= 0).all(axis=1))

    @property
    def counts(self) -> Ints:
        """Shape (n, k): how many judges gave each label."""
        every = np.arange(int(self.rated.max(initial=0)) + 1)
        found: Ints = (self.rated[:, :, None] == every).sum(axis=1)
        return found

    def found(self, estimate: Estimate) -> Agreed:
        """An estimate over these records."""
        return Agreed.of(estimate, len(self.rated), self.clusters)


def observed(table: LabelRatings) -> Agreed:
    """The share of records to which both judges gave the same label."""
    both = table.complete
    return both.found(share(both.rated[:, 0] == both.rated[:, 1], both.clusters))


def cohen(table: LabelRatings) -> Agreed:
    """Cohen's kappa (1960) with its large-sample error (Fleiss, Cohen and Everitt 1969)."""
    both = table.complete
    return both.found(Confusion(both.rated[:, 0], both.rated[:, 1], both.clusters).estimate(kappa))


def quadratic(table: LabelRatings) -> Agreed:
    """Weighted kappa (Cohen 1968) by the squared differences of the labels' values; undefined without these."""
    both = table.complete
    confusion = Confusion(both.rated[:, 0], both.rated[:, 1], both.clusters)
    weights = squared_distances(table.values, len(confusion.counts))
    if weights is None:
        return both.found(Estimate(NAN, NAN))
    return both.found(confusion.estimate(lambda counts: weighted_kappa(counts, weights)))


def fleiss(table: LabelRatings) -> Agreed:
    """Fleiss' kappa (1971), with the error of its linearised value. Undefined if there is one label only."""
    every = table.complete
    n, m = every.rated.shape
    counts = every.counts.astype(np.float64)
    alike = (counts**2).sum(axis=1) - m
    shares = counts.sum(axis=0) / (n * m) if n else np.zeros(1)
    by_chance = math.fsum((shares**2).tolist())
    if not n or (shares == 1).any():
        return every.found(Estimate(NAN, NAN))
    alike /= m * (m - 1)
    seen = math.fsum(alike.tolist()) / n
    value = (seen - by_chance) / (1 - by_chance)
    growth = 2 * ((counts / m - shares) * shares).sum(axis=1)
    influence = ((alike - seen) - (1 - value) * growth) / (1 - by_chance) / n
    return every.found(Estimate(value, error_of(influence, every.clusters)))


def krippendorff(table: LabelRatings) -> Agreed:
    """Krippendorff's alpha for nominal data, over the records with at least two answers (Krippendorff 2011)."""
    two = table.kept((table.rated >= 0).sum(axis=1) >= 2)
    counts = two.counts.astype(np.float64)
    given = counts.sum(axis=1)
    apart = (given**2 - (counts**2).sum(axis=1)) / (given - 1)
    totals = counts.sum(axis=0)
    spread = float(given.sum()) ** 2 - float((totals**2).sum())
    growth = 2 * (given.sum() * given - counts @ totals)
    return two.found(alpha(given, apart, spread, growth, two.clusters))


def alpha(given: Floats, apart: Floats, spread: float, growth: Floats, clusters: Clusters) -> Estimate:
    """Krippendorff's alpha 1 - (n - 1) Σ apart / spread, with the error of its linearised value.

    Args:
        given: shape (records,), the number of answers to each; n is their sum.
        apart: shape (records,), the sum of the squared distances of each two answers to it, over `given` - 1.
        spread: the sum of the squared distances of each two of all answers.
        growth: shape (records,), by how much a further record like this one adds to `spread`, to first order.
        clusters: shape (records,) or None.

    Returns:
        Undefined (NaN) if all answers are the same.
    """
    n, seen = float(given.sum()), math.fsum(apart.tolist())
    if not spread > 0:
        return Estimate(NAN, NAN)
    slopes = -(given * seen + (n - 1) * apart) / spread + (n - 1) * seen / spread * growth / spread
    slopes -= slopes.mean()
    return Estimate(1 - (n - 1) * seen / spread, error_of(slopes, clusters))


LABEL_AGREEMENT: tuple[Agreement[LabelRatings], ...] = (
    Agreement("agreement", "share of records with the same answer", "two", observed, low=0.0),
    Agreement("kappa", "Cohen's kappa: agreement beyond that of the answers' frequencies; 0 is chance", "two", cohen),
    Agreement(
        "kappa_quadratic",
        "weighted kappa: a disagreement counts by the squared difference of the labels' values",
        "two",
        quadratic,
        where=lambda table: len({*table.values}) > 2,  # of two values it is kappa
    ),
    Agreement("kappa_fleiss", "Fleiss' kappa: agreement of all judges beyond chance", "several", fleiss),
    Agreement(
        "alpha", "Krippendorff's alpha: the same, also of records that some judges left out", "several", krippendorff
    ),
)
