"""What the judges that ask another judge have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from recrm_tasks.answers.prompt import Mode
from recrm_tasks.rewards.judges.judge import Judge


class OuterJudge(ABC):
    """Asks another judge, with its mode and its name. What it knows of questions in flight is not pickled.

    Args:
        judge: the one that is asked.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._begin()

    @abstractmethod
    def _begin(self) -> None:
        """Sets what a process begins with: locks, and what is in flight."""

    def __getstate__(self) -> dict[str, Any]:
        return {"_judge": self._judge}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    @property
    def mode(self) -> Mode:
        """That of the judge."""
        return self._judge.mode

    @property
    def name(self) -> str:
        """That of the judge."""
        return self._judge.name
