"""The mean score: the plain mean of several dimensions' primary metrics."""

from __future__ import annotations

import math
from collections.abc import Mapping

from recrm_tasks.scoring.metrics.estimate import NAN, Estimate


def mean_score(scores: Mapping[str, Estimate]) -> Estimate:
    """The plain mean; dimensions are independent, so their variances add.

    Plain `sum` and `** 2` in alphabetical order, as in lm-eval's groups: the results must have the same bits.

    Args:
        scores: the primary metrics by dimension, in any order.
    """
    if not scores:
        return Estimate(NAN, NAN)
    ordered = [scores[key] for key in sorted(scores)]
    errors = [NAN if s.stderr is None else s.stderr for s in ordered]
    return Estimate(sum(s.value for s in ordered) / len(ordered), math.sqrt(sum(e**2 for e in errors)) / len(ordered))
