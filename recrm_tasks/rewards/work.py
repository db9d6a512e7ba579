"""How much the questions about cases are, before they are made."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.record_fields import own_fields
from recrm_tasks.rewards.case import Case
from recrm_tasks.rewards.questions import number_of_questions

_OF_DIMENSION = 1_500
"""Characters of a question that are the dimension's own, about."""
_OF_NUMBER = 8
"""Characters of a number, about."""


class Work(NamedTuple):
    """The questions about one case or episode, at most; prompts' own texts count with a usual length."""

    cases: int
    questions: int
    characters: int
    """Of all questions: each has the fields of the case that its dimension asks about."""


def work_of(cases: Collection[Case | None], dimensions: Collection[str]) -> Work:
    """That of some cases; None is a completion without an answer, about which nothing is asked.

    Args:
        cases: the cases; the steps of an episode.
        dimensions: the keys of those that are asked.
    """
    questions = characters = 0
    for case in cases:
        if case is None:
            continue
        length = {name: _length(getattr(case, name)) for name in Case.model_fields if name != "more"}
        length |= {name: _length(value) for name, value in case.more.items()}
        length["candidates"] += length["items"]
        for dimension in map(dimension_of, dimensions):
            number = number_of_questions(case, dimension)
            shared = sum(length.get(name, 0) for name in own_fields(dimension.record_type)) + _OF_DIMENSION
            questions += number
            characters += number * shared + length["items"]
    return Work(len(cases), questions, characters)


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        return sum(len(key) + _length(one) for key, one in value.items())
    return sum(map(_length, value)) if isinstance(value, list | tuple) else _OF_NUMBER
