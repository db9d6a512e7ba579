"""What was read from a model's answer, and what it is compared with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, TypeAlias

from recrm_tasks.errors import HarnessError


class Reason(str, Enum):
    """Why an answer is invalid. The list is closed: reports count by it."""

    EMPTY = "empty"
    """Nothing is there, or nothing after the thinking section."""
    TRUNCATED = "truncated"
    """A thinking section or a JSON object was opened and never closed."""
    NO_ANSWER = "no_answer"
    """There is text, but no answer in any accepted form."""
    AMBIGUOUS = "ambiguous"
    """Two different final answers, or an exact tie of log-probabilities."""
    OUT_OF_RANGE = "out_of_range"
    """An answer in an accepted form that is not among the allowed ones (label F of A to C, probability 1.7)."""
    DUPLICATE = "duplicate"
    """A ranking that names a candidate twice."""


Value: TypeAlias = int | float | tuple[float, ...]
"""A label's index, a probability, or one score per candidate (higher is better, equal scores are ties)."""

Gold: TypeAlias = int | tuple[int, ...]
"""A label's index (behavior: 0 or 1), or one grade per candidate (0 is negative)."""


class Answer(NamedTuple):
    """An answer as read: either a value, or the reason why there is none."""

    value: Value | None
    reason: str | None = None

    @classmethod
    def invalid(cls, reason: Reason) -> Answer:
        """An unreadable answer: it is wrong, and it is counted."""
        return cls(None, reason.value)


class Outcome(NamedTuple):
    """The gold beside the answer: all that any metric needs. A tuple, so that both harnesses log it as JSON."""

    id: str
    gold: Gold
    value: Value | None
    reason: str | None
    group: str | None = None
    """The user, query or list that rows hang together by; without one, a record hangs together with itself."""
    values: tuple[float, ...] = ()
    """What each label is worth to a reward, from 0 to 1; empty where the answer is no label."""

    @classmethod
    def of(
        cls,
        record_id: str,
        gold: Gold,
        answer: Answer,
        group: str | None = None,
        values: tuple[float, ...] = (),
    ) -> Outcome:
        """Puts the gold beside an answer."""
        return cls(record_id, gold, answer.value, answer.reason, group, values)

    @classmethod
    def from_json(cls, row: Sequence[object]) -> Outcome:
        """Rebuilds an outcome from a log, where its tuples have become lists.

        Raises:
            TypeError: the row has too few or too many places.
        """
        return cls(*(tuple(x) if isinstance(x, list) else x for x in row))  # type: ignore[arg-type]


def normalise(logprobs: Sequence[float]) -> tuple[float, ...] | None:
    """Log-probabilities of the allowed answers -> probabilities that sum to 1; None if all mass is elsewhere.

    Args:
        logprobs: natural logarithms, one per allowed answer; minus infinity where an answer was not seen at all.

    Raises:
        HarnessError: a value is NaN or plus infinity, which no model gives.
    """
    if not logprobs or any(math.isnan(x) or x == math.inf for x in logprobs):
        raise HarnessError(f"log-probabilities are not numbers: {list(logprobs)}")
    top = max(logprobs)
    if top == -math.inf:
        return None
    weights = [math.exp(x - top) for x in logprobs]
    total = math.fsum(weights)
    return tuple(w / total for w in weights)
