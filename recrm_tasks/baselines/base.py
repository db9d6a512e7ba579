"""The base class of baselines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar

from recrm_tasks.baselines.asked import Asked
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.scoring.metrics.estimate import Floats


class Baseline(ABC):
    """A number for each record or candidate, made without a model. A subclass in a file of this package is registered.

    What a number means as a label or a probability is learned from the train split, for all baselines alike: see
    `recrm_tasks.baselines.calibration`.
    """

    name: ClassVar[str]
    question: ClassVar[str]
    """What its number is, in one sentence."""
    learns: ClassVar[bool] = False
    """Whether its numbers need `learn`, and so a train split."""
    directed: ClassVar[bool] = True
    """Whether a higher number is known to speak for the best label or a yes. If not, the train split decides; without
    one, higher counts as better."""
    constant: ClassVar[bool] = False
    """Whether it gives every record the same number on purpose."""

    @staticmethod
    @abstractmethod
    def applies(dimension: Dimension) -> bool:
        """Whether records of a dimension have what it looks at."""

    def learn(self, train: Iterable[Asked]) -> None:
        """Learns from questions whose right answers are known. They can be iterated once.

        Args:
            train: at least one question, none of which is evaluated.
        """
        raise NotImplementedError(f"{self.name} has nothing to learn")

    @abstractmethod
    def numbers(self, questions: Sequence[Asked]) -> Floats:
        """The numbers of all texts of some questions, one after the other.

        Args:
            questions: with t texts in all.

        Returns:
            Shape (t,): finite, below 700 in size.
        """
