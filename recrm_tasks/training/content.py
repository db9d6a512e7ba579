"""Records -> what a reward model of the usual kind is trained on: a situation, and responses or items in it."""

from __future__ import annotations

from typing import Any, NamedTuple

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import Lang, Message
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.dimensions.rendering import render
from recrm_tasks.errors import DataError

_MARK = "\x00judged\x00"


class Content(NamedTuple):
    """One situation with contents that can be compared."""

    messages: tuple[Message, ...]
    texts: tuple[str, ...]
    grades: tuple[float, ...]
    """From 0 to 1, higher is better."""


def content_of(dimension: Dimension, record: Any, labels: LabelSet | None, lang: Lang) -> Content:
    """The content that a record is about, and the situation that it answers.

    Raises:
        DataError: the record has a ready-made prompt, whose content nobody knows; or its dimension judges no content.
    """
    if record.messages:
        raise DataError(
            f"{record.id}: its prompt is ready-made, so its response or item cannot be told from the rest: content "
            "pairs need records with fields of their own; --pairs verdict works with ready-made prompts"
        )
    if is_list(dimension.record_type):
        most = max(record.labels) or 1
        texts = tuple(candidate.shown for candidate in record.candidates)
        situation = dimension.body(record, lang)
        return Content((Message(role="user", content=situation),), texts, tuple(g / most for g in record.labels))
    if dimension.judged is None:
        raise DataError(f"{dimension.key}: it declares no judged field (`judged`), so it has no content pairs")
    marked = dimension.body(record.model_copy(update={dimension.judged: _MARK}), lang)
    situation = marked.partition(_MARK)[0].rstrip().rpartition("\n")[0].rstrip()
    grade = float(record.label) if labels is None else labels.labels[labels.names.index(record.label)].value
    text = render(getattr(record, dimension.judged))
    return Content((Message(role="user", content=situation),), (text,), (grade,))
