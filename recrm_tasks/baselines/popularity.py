"""How often the train split's users chose an item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from recrm_tasks.baselines.asked import Asked
from recrm_tasks.baselines.base import Baseline
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.dimensions.user import UserRecord
from recrm_tasks.scoring.metrics.estimate import Floats


class Popularity(Baseline):
    """How popular the item is."""

    name = "popularity"
    question = "how often was an item with this text chosen in the train split? (logarithm)"
    learns = True

    def __init__(self) -> None:
        self._chosen: Counter[str] = Counter()

    @staticmethod
    def applies(dimension: Dimension) -> bool:
        """Where users choose among items."""
        judged = dimension.judged is not None or is_list(dimension.record_type)
        return judged and issubclass(dimension.record_type, UserRecord)

    def learn(self, train: Iterable[Asked]) -> None:
        """See `Baseline.learn`."""
        for one in train:
            self._chosen.update(text for text, chosen in zip(one.judged, one.positive, strict=True) if chosen)

    def numbers(self, questions: Sequence[Asked]) -> Floats:
        """See `Baseline.numbers`."""
        return np.log1p(np.array([self._chosen[text] for one in questions for text in one.judged], dtype=np.float64))
