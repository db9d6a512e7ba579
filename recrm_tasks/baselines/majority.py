"""Always the same answer: the most frequent label of the train split, or its share of positives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recrm_tasks.baselines.asked import Asked
from recrm_tasks.baselines.base import Baseline
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.scoring.metrics.estimate import Floats


class Majority(Baseline):
    """The most frequent label."""

    name = "majority"
    question = "nothing: always the most frequent label of the train split"
    constant = True

    @staticmethod
    def applies(dimension: Dimension) -> bool:
        """All but lists, where it would be a random order: the metrics' value of chance."""
        return not is_list(dimension.record_type)

    def numbers(self, questions: Sequence[Asked]) -> Floats:
        """See `Baseline.numbers`."""
        return np.zeros(sum(len(one.judged) for one in questions))
