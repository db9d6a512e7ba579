"""The length of the text that is judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recrm_tasks.baselines.asked import Asked
from recrm_tasks.baselines.base import Baseline
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.scoring.metrics.estimate import Floats


class Length(Baseline):
    """How long the judged text is."""

    name = "length"
    question = "how many characters does the judged text have? (logarithm)"
    directed = False

    @staticmethod
    def applies(dimension: Dimension) -> bool:
        """Where one text is judged, or each of several candidates."""
        return dimension.judged is not None or is_list(dimension.record_type)

    def numbers(self, questions: Sequence[Asked]) -> Floats:
        """See `Baseline.numbers`."""
        return np.log1p(np.array([len(text) for one in questions for text in one.judged], dtype=np.float64))
