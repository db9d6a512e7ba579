"""Questions -> the numbers that baselines give them. The questions' texts are not kept."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import NamedTuple

import numpy as np

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.baselines.asked import Asked
from recrm_tasks.baselines.base import Baseline
from recrm_tasks.scoring.metrics.estimate import Floats

_PART = 1_024
"""Questions that are read at once."""


class Measured(NamedTuple):
    """q questions with t texts in all, and every baseline's numbers."""

    prompts: list[Prompt]
    positive: list[bool]
    """Shape (t,)."""
    right: list[int]
    """Shape (q,): the place of the right answer."""
    numbers: dict[str, Floats]
    """By baseline, shape (t,)."""

    @property
    def whole_lists(self) -> bool:
        """Whether answers are orders: otherwise each question has one text."""
        return bool(self.prompts) and isinstance(self.prompts[0].gold, tuple)


def measured(questions: Iterable[Asked], used: Mapping[str, Baseline]) -> Measured:
    """One pass over questions.

    Args:
        questions: they can be iterated once.
        used: the baselines, by name; those that learn have learned.
    """
    found = Measured([], [], [], {})
    numbers = {name: array("d") for name in used}
    remaining = iter(questions)
    while part := list(islice(remaining, _PART)):
        for one in part:
            found.prompts.append(one.prompt)
            found.positive.extend(one.positive)
            found.right.append(one.right)
        for name, baseline in used.items():
            numbers[name].frombytes(baseline.numbers(part).tobytes())
    found.numbers.update((name, np.frombuffer(values, dtype=np.float64)) for name, values in numbers.items())
    return found
