"""Outcomes: the answer that was read, and the gold answer that it is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, TypeAlias


class Reason(str, Enum):
    """Why an answer is invalid. The list is complete: reports count every reason."""

    EMPTY = "empty"
    """There is no text, or none after the thinking section."""
    TRUNCATED = "truncated"
    """A thinking section or a JSON object is not closed."""
    NO_ANSWER = "no_answer"
    """There is text, but no answer in any accepted form."""
    AMBIGUOUS = "ambiguous"
    """Two different final answers, or an exact tie of log-probabilities."""
    OUT_OF_RANGE = "out_of_range"
    """An answer in an accepted form that is not allowed (label F of A to C, probability 1.7)."""
    DUPLICATE = "duplicate"
    """A ranking names a candidate twice."""


Value: TypeAlias = int | float | tuple[float, ...]
"""A label's index, a probability, one score per candidate (higher is better, equal scores are ties), or the score of a
content: any real number."""

Gold: TypeAlias = int | tuple[int, ...]
"""A label's index (behavior: 0 or 1), one grade per candidate (0 is negative), or the grade of the only candidate that
was asked about."""


class Answer(NamedTuple):
    """An answer as read: either a value, or the reason why it has none."""

    value: Value | None
    reason: str | None = None

    @classmethod
    def invalid(cls, reason: Reason) -> Answer:
        """An unreadable answer: it counts as wrong, by reason."""
        return cls(None, reason.value)


class Outcome(NamedTuple):
    """The gold answer and the model's answer: the input of all metrics."""

    id: str
    gold: Gold
    value: Value | None
    reason: str | None
    group: str | None = None
    """The user, query or list that the record belongs to; without one, each record is its own cluster."""
    values: tuple[float, ...] = ()
    """The value of each label for a reward, from 0 to 1; empty if the answer is not a label."""
    of_list: str | None = None
    """Where candidates were asked about one by one: the id of the list that this one is in."""
    candidates: int = 0
    """The number of candidates in that list, asked or not."""
    question: str | None = None
    """Where the value is the score of a content and not an answer about it: a hash of what the content answers. Scores
    of one question can be compared with one another."""

    @classmethod
    def of(
        cls,
        record_id: str,
        gold: Gold,
        answer: Answer,
        group: str | None = None,
        values: tuple[float, ...] = (),
        of_list: str | None = None,
        candidates: int = 0,
    ) -> Outcome:
        """The outcome of an answer."""
        return cls(record_id, gold, answer.value, answer.reason, group, values, of_list, candidates)

    def to_json(self) -> dict[str, Any]:
        """The fields by name, as in logs. Defaults are omitted, to keep logs of a million rows small."""
        found: dict[str, Any] = {"id": self.id, "gold": _list(self.gold), "value": _list(self.value)}
        if self.reason is not None:
            found["reason"] = self.reason
        if self.group is not None:
            found["group"] = self.group
        if self.values:
            found["values"] = list(self.values)
        if self.of_list is not None:
            found |= {"of_list": self.of_list, "candidates": self.candidates}
        if self.question is not None:
            found["question"] = self.question
        return found

    @classmethod
    def from_json(cls, entry: Mapping[str, Any] | Sequence[object]) -> Outcome:
        """Rebuilds an outcome from a log: fields by name, or by position as version 0.1.0 wrote them.

        Raises:
            TypeError: a field is missing or unknown.
        """
        if isinstance(entry, Mapping):
            return cls(**{"reason": None, **{name: _tuple(value) for name, value in entry.items()}})
        return cls(*map(_tuple, entry))


def _list(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
