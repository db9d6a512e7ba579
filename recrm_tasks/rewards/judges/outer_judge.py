"""What the judges that ask another judge have in common."""

from __future__ import annotations

from typing import Any

from recrm_tasks.answers.prompt import Mode
from recrm_tasks.rewards.judges.fork_safe import ForkSafe
from recrm_tasks.rewards.judges.judge import Judge


class OuterJudge(ForkSafe):
    """Asks another judge, with its mode and its name. What it knows of questions in flight stays in this process.

    Args:
        judge: the one that is asked.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._start()

    def __getstate__(self) -> dict[str, Any]:
        return {"_judge": self._judge}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    @property
    def mode(self) -> Mode:
        """That of the judge."""
        return self._judge.mode

    @property
    def name(self) -> str:
        """That of the judge."""
        return self._judge.name
