"""The mean score: the plain mean of several dimensions' primary metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence

from recrm_tasks.scoring.metrics.estimate import NAN, Estimate


def mean_score(scores: Sequence[Estimate]) -> Estimate:
    """The plain mean; dimensions are independent, so their variances add.

    Plain `sum` and `** 2` in the order of the dimensions, as in lm-eval's groups: the results must have the same bits.
    """
    if not scores:
        return Estimate(NAN, NAN)
    errors = [NAN if s.stderr is None else s.stderr for s in scores]
    return Estimate(sum(s.value for s in scores) / len(scores), math.sqrt(sum(e**2 for e in errors)) / len(scores))
