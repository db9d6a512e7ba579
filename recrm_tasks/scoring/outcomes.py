"""What was read from a model's answer, and what it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeAlias


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
    """The gold beside the answer: all that any metric needs."""

    id: str
    gold: Gold
    value: Value | None
    reason: str | None
    group: str | None = None
    """The user, query or list that rows belong to; without one, each record is a cluster of its own."""
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

    def to_json(self) -> dict[str, Any]:
        """The fields by name, as logs hold them; those at their default are left out, a million rows have them."""
        found: dict[str, Any] = {"id": self.id, "gold": _list(self.gold), "value": _list(self.value)}
        if self.reason is not None:
            found["reason"] = self.reason
        if self.group is not None:
            found["group"] = self.group
        if self.values:
            found["values"] = list(self.values)
        return found

    @classmethod
    def from_json(cls, entry: Mapping[str, Any] | Sequence[object]) -> Outcome:
        """Rebuilds an outcome from a log: fields by name, or by place as versions up to 0.1.0 wrote them.

        Raises:
            TypeError: a field is missing or is none of an outcome's.
        """
        if isinstance(entry, Mapping):
            return cls(**{"reason": None, **{name: _tuple(value) for name, value in entry.items()}})
        return cls(*map(_tuple, entry))


def _list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
