"""The reward of a verdict: a completion that answers one of the benchmark's questions, compared with the right answer.

For training a judge by reinforcement learning on sets that `recrm data export --as rl` writes. Nobody is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.combine import Missing
from recrm_tasks.rewards.reward import Reward

QUESTION = "question"
"""The field of a case, among `more`, with the question in JSON as `Prompt.to_json` writes it, without its turns."""


@dataclass(frozen=True)
class GoldReward:
    """What completions are worth as answers: the credit that the question's kind of answer gives, from 0 to 1.

    Labels: 1 for the right one. Probabilities: the one that was stated for what happened. Orders: see `Kind.credit`. An
    answer that cannot be read is worth 0, and its part is missing with the reader's reason.

    Args:
        dimensions: those whose questions the data has.

    Raises:
        RecrmError: there is no such dimension.
    """

    dimensions: Sequence[str] = RECRM.keys
    missing: Missing = "drop"
    """A case is of one dimension: the parts of the others are not asked about."""

    def __post_init__(self) -> None:
        for key in self.dimensions:
            dimension_of(key)

    def __call__(self, cases: Sequence[Case]) -> list[Reward]:
        """The rewards of some cases, in their order.

        Raises:
            DataError: a case has no question, or one of another dimension.
        """
        return [self._reward(case) for case in cases]

    async def rewards(self, cases: Sequence[Case]) -> list[Reward]:
        """The same as a call, for use in a coroutine."""
        return self(cases)

    def _reward(self, case: Case) -> Reward:
        prompt = question_of(case)
        key = prompt.dimension
        if key not in self.dimensions:
            raise DataError(f"case {case.id}: its question is of {key}, not of {', '.join(self.dimensions)}")
        kind = dimension_of(key).kind
        outcome = prompt.outcome(kind.read(case.response, prompt))
        value = kind.credit(outcome)
        missing = {} if outcome.reason is None else {key: f"unreadable: {outcome.reason}"}
        return Reward(value, {one: value if one == key else None for one in self.dimensions}, missing)


def question_of(case: Case) -> Prompt:
    """The question that the case's response answers.

    Raises:
        DataError: the case has none, or it is not one.
    """
    found: Any = case.more.get(QUESTION)
    if not isinstance(found, dict):
        raise DataError(
            f"case {case.id}: it has no {QUESTION!r}, which `judge: gold` compares completions with: use the columns "
            "of a set that `recrm data export --as rl` wrote"
        )
    try:
        return Prompt.from_json(found)
    except (LookupError, TypeError, ValueError) as error:
        raise DataError(f"case {case.id}: its question cannot be read: {type(error).__name__}: {error}") from None


def gold_from(config: dict[str, Any]) -> GoldReward:
    """The reward that a config with `judge: gold` describes.

    Raises:
        RecrmError: another option than `dimensions` is given, which would have no effect.
    """
    allowed = ("judge", "dimensions", "on_error")
    if unused := [name for name in config if name not in allowed]:
        raise RecrmError(f"{unused[0]}: with judge: gold nobody is asked, so only dimensions may be given beside it")
    keys = config.get("dimensions")
    keys = keys.split(",") if isinstance(keys, str) else keys
    return GoldReward() if keys is None else GoldReward(tuple(keys))
