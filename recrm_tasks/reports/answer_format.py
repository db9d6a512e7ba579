"""How answers and gold labels are shown: the same in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from recrm_tasks.answers.prompt import choice_names
from recrm_tasks.scoring.outcomes import Gold, Outcome, Value


def answer_text(outcome: Outcome, names: Mapping[int, str] = {}) -> str:
    """An answer as it was read, or why it could not be.

    Args:
        outcome: the answer.
        names: those of the labels, by their place in the label set; a label without one is shown as its letter.
    """
    if outcome.reason is not None or outcome.value is None:
        return f"unreadable: {outcome.reason}"
    if isinstance(outcome.value, int) and outcome.values and outcome.value in names:
        return names[outcome.value]
    return _value_text(outcome.value, outcome)


def gold_text(outcome: Outcome) -> str:
    """The right answer, in the same form."""
    return _value_text(outcome.gold, outcome)


def _value_text(value: Value | Gold, outcome: Outcome) -> str:
    """A label as its letter, a probability in four digits, an order as `B > A = C`."""
    if isinstance(value, tuple):
        return _order_text(value)
    if isinstance(value, int) and outcome.values:
        return choice_names(len(outcome.values))[value]
    return f"{value:.4g}"


def _order_text(scores: tuple[float, ...]) -> str:
    names = choice_names(len(scores))
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    text = names[order[0]] if order else ""
    for before, place in pairwise(order):
        text += f"{' = ' if scores[place] == scores[before] else ' > '}{names[place]}"
    return text
