"""One dimension of one finished run, whichever harness made it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.scoring.metrics.estimate import wilson


@dataclass(frozen=True)
class Run:
    """The numbers of one dimension and where they come from."""

    harness: str
    model: str
    dimension: str
    mode: str
    metrics: dict[str, float]
    """Flat, as the harness logged them: `acc`, `acc_stderr`, …"""
    provenance: dict[str, Any]
    limited: bool
    """The harness took fewer records than the data has."""

    @property
    def primary(self) -> str:
        """The name of the dimension's primary metric."""
        return dimension_of(self.dimension).primary

    def interval(self) -> tuple[float, float]:
        """95 % interval of the primary metric: Wilson's for an accuracy of labels, else value ± 1.96 errors."""
        value, error = self.metrics[self.primary], self.metrics.get(f"{self.primary}_stderr", math.nan)
        if self.primary == "acc":
            return wilson(value, int(self.metrics["n"]))
        if math.isnan(error):
            return math.nan, math.nan
        return max(0.0, value - 1.96 * error), min(1.0, value + 1.96 * error)
