"""Agreement of judges that give a number: a probability, or the score of a content."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recrm_tasks.scoring.agreement.declared import Agreed, Agreement
from recrm_tasks.scoring.agreement.labels import LabelRatings, alpha, cohen, fleiss, observed
from recrm_tasks.scoring.columns import Columns, Rows
from recrm_tasks.scoring.metrics.estimate import NAN, Clusters, Estimate, Floats, error_of
from recrm_tasks.scoring.outcomes import Outcome
from recrm_tasks.scoring.probability_metrics import YES


@dataclass(frozen=True, eq=False)
class NumberRatings:
    """The numbers that m judges gave to n records."""

    stated: Floats
    """Shape (n, m); NaN is an unreadable answer."""
    clusters: Clusters

    @classmethod
    def of(cls, judges: Sequence[Sequence[Outcome]]) -> NumberRatings:
        """The table of judges' outcomes, which are on the same records in the same order."""
        stated = [np.array([outcome.value for outcome in rows], dtype=np.float64) for rows in judges]
        return cls(np.stack(stated, axis=1), Rows.of(Columns.of(judges[0])).clusters)

    @property
    def decisions(self) -> LabelRatings:
        """Each probability as the label 1 (yes) or 0 (no)."""
        return LabelRatings(np.where(np.isnan(self.stated), -1, self.stated >= YES).astype(np.int64), self.clusters)

    def answered(self, least: int) -> NumberRatings:
        """The records with at least some number of readable answers."""
        rows = (~np.isnan(self.stated)).sum(axis=1) >= least
        return NumberRatings(self.stated[rows], None if self.clusters is None else self.clusters[rows])

    def found(self, estimate: Estimate) -> Agreed:
        """An estimate over these records."""
        return Agreed.of(estimate, len(self.stated), self.clusters)


def spearman(table: NumberRatings) -> Agreed:
    """Spearman's rank correlation, ties at their mean rank, over the records that both judges answered.

    The error is that of the linearised value: of the correlation of the distribution functions, which are estimated
    too. Undefined if a judge gave one number to all.
    """
    both = table.answered(2)
    n = len(both.stated)
    if n < 2:
        return both.found(Estimate(NAN, NAN))
    (one, spread_one, of_one), (other, spread_other, of_other) = (_ranked(both.stated[:, j]) for j in (0, 1))
    if not spread_one or not spread_other:
        return both.found(Estimate(NAN, NAN))
    joint = math.fsum((one * other).tolist()) / n
    value = joint / math.sqrt(spread_one * spread_other)
    x, y = both.stated.T
    moved = one * other + _above(x, other) + _above(y, one) - 3 * joint
    slopes = moved / math.sqrt(spread_one * spread_other) - value / 2 * (of_one / spread_one + of_other / spread_other)
    return both.found(Estimate(max(-1.0, min(1.0, value)), error_of((slopes - slopes.mean()) / n, both.clusters)))


def _ranked(values: Floats) -> tuple[Floats, float, Floats]:
    """Of each value the share of values below it, ties one half, less 0.5; their variance; and its slopes."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    centred = below / (2 * len(values)) - 0.5
    variance = math.fsum((centred**2).tolist()) / len(values)
    return centred, variance, centred**2 + 2 * _above(values, centred) - 3 * variance


def _above(values: Floats, weights: Floats) -> Floats:
    """For each value the sum of the weights of larger ones, ties one half, over n."""
    _, place = np.unique(values, return_inverse=True)
    sums = np.bincount(place, weights=weights)
    reached = np.cumsum(sums[::-1])[::-1]
    found: Floats = (reached - sums / 2)[place] / len(values)
    return found


def interval_alpha(table: NumberRatings) -> Agreed:
    """Krippendorff's alpha for interval data, over the records with at least two readable answers."""
    two = table.answered(2)
    known = ~np.isnan(two.stated)
    # The measure does not depend on the origin; around the mean the differences of squares are exact enough.
    stated = np.where(known, two.stated - np.nanmean(two.stated) if known.any() else 0.0, 0.0)
    given = known.sum(axis=1).astype(np.float64)
    sums, squares = stated.sum(axis=1), (stated**2).sum(axis=1)
    apart = 2 * (given * squares - sums**2) / (given - 1)
    n, total, square = given.sum(), sums.sum(), squares.sum()
    same = not known.any() or np.ptp(two.stated[known]) == 0
    spread = 0.0 if same else float(2 * (n * square - total**2))
    growth = 2 * (given * square + n * squares - 2 * total * sums)
    return two.found(alpha(given, apart, spread, growth, two.clusters))


_SPEARMAN: Agreement[NumberRatings] = Agreement(
    "spearman", "rank correlation of the numbers; 0 is none", "two", spearman
)

PROBABILITY_AGREEMENT: tuple[Agreement[NumberRatings], ...] = (
    _SPEARMAN,
    Agreement(
        "agreement", "share of records with the same yes or no", "two", lambda table: observed(table.decisions), low=0.0
    ),
    Agreement(
        "kappa",
        "Cohen's kappa of the yes or no: agreement beyond that of their frequencies; 0 is chance",
        "two",
        lambda table: cohen(table.decisions),
    ),
    Agreement(
        "alpha_interval",
        "Krippendorff's alpha of the probabilities: 1 if all are equal, 0 is chance",
        "several",
        interval_alpha,
    ),
    Agreement(
        "kappa_fleiss",
        "Fleiss' kappa of the yes or no: agreement of all judges beyond chance",
        "several",
        lambda table: fleiss(table.decisions),
    ),
)

SCORE_AGREEMENT: tuple[Agreement[NumberRatings], ...] = (_SPEARMAN,)
"""Of scores of contents: they have no common scale, so that only their order can agree."""
