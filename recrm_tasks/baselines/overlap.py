"""Word overlap of two parts of a record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recrm_tasks.baselines.asked import Asked
from recrm_tasks.baselines.base import Baseline
from recrm_tasks.baselines.terms import terms
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.scoring.metrics.estimate import Floats


class Overlap(Baseline):
    """How much of the claim is in the source."""

    name = "overlap"
    question = "which share of the claim's different words occurs in the source?"

    @staticmethod
    def applies(dimension: Dimension) -> bool:
        """Where a dimension declares what can be compared."""
        return dimension.compared is not None

    def numbers(self, questions: Sequence[Asked]) -> Floats:
        """See `Baseline.numbers`: from 0 to 1; 0 for a claim without words."""
        pairs = (pair for one in questions for pair in zip(one.claims, one.sources, strict=True))
        return np.array([_share(set(terms(claim)), source) for claim, source in pairs], dtype=np.float64)


def _share(claimed: set[str], source: str) -> float:
    return len(claimed.intersection(terms(source))) / len(claimed) if claimed else 0.0
