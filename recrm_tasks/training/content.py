"""Records -> what reward models that read content are trained on: a situation, and responses or items in it."""

from __future__ import annotations

from typing import Any, NamedTuple

from recrm_tasks.answers.prompt import Message
from recrm_tasks.data.dataset import Dataset
from recrm_tasks.errors import DataError
from recrm_tasks.training.options import SetOptions


class Content(NamedTuple):
    """One situation, and contents that can be compared in it."""

    messages: tuple[Message, ...]
    situation: str
    """A hash of the situation."""
    texts: tuple[str, ...]
    grades: tuple[float, ...]
    """From 0 to 1, higher is better."""


def content_of(dataset: Dataset, record: Any, options: SetOptions) -> Content:
    """What `recrm-rm` with `reads=content` is asked about a record, with the grades.

    Raises:
        DataError: the record has a ready-made prompt, or its dimension has no situation.
    """
    if record.messages:
        raise DataError(
            f"{record.id}: its prompt is ready-made, so nothing says which part of it is the response or item: content "
            "pairs need records with fields; --pairs verdict works with ready-made prompts"
        )
    (prompt,) = dataset.dimension.contents(record, dataset.labels, options.prompt_lang)
    assert prompt.question is not None
    if isinstance(prompt.gold, tuple):
        grades = tuple(grade / max(prompt.gold) for grade in prompt.gold)
    else:
        grades = (prompt.values[prompt.gold] if prompt.values else float(prompt.gold),)
    return Content(prompt.messages, prompt.question, prompt.choices, grades)
