"""One metric of two runs on the same records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from recrm_tasks.scoring.metrics.estimate import NAN
from recrm_tasks.scoring.metrics.intervals import around


class Difference(NamedTuple):
    """Second minus first; NaN if undefined."""

    first: float
    second: float
    value: float
    stderr: float
    low: float
    """Lower end of the 95 % interval of `value`."""
    high: float
    p: float
    """Two-sided, without correction for multiple tests."""
    test: str
    """The test that gave `p`."""

    @classmethod
    def normal(cls, first: float, second: float, stderr: float, p: float, test: str) -> Difference:
        """A difference with the interval value ± 1.96 errors, clipped to [-1, 1]."""
        return cls(first, second, second - first, stderr, *around(second - first, stderr), p, test)


UNDEFINED = Difference(NAN, NAN, NAN, NAN, NAN, NAN, NAN, "undefined")
"""Of a metric that neither run has."""


def normal_p(value: float, stderr: float) -> float:
    """Two-sided p of value / stderr under the standard normal; 1 if the value is 0, else NaN without an error."""
    if value == 0:
        return 1.0
    return math.erfc(abs(value) / stderr / math.sqrt(2)) if stderr > 0 else NAN


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's step-down correction of several p-values (Holm 1979); NaN stays NaN and is not counted."""
    known = sorted((p, i) for i, p in enumerate(ps) if not math.isnan(p))
    adjusted = [NAN] * len(ps)
    highest = 0.0
    for rank, (p, i) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * p))
        adjusted[i] = highest
    return adjusted
