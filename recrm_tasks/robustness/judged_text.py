"""The text of a record that the verdict is about: the dimension's judged field, or one candidate of a list."""

from __future__ import annotations

from typing import Any

from recrm_tasks.data.store.sampling import fraction
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.dimensions.rendering import Text
from recrm_tasks.robustness.change import Posing, Subject

_NOTE = {"en": "note", "zh": "备注"}


def with_target(record: Any, dimension: Dimension, seed: int) -> Any:
    """The record; a list with the grade 1 for one candidate and 0 for all others.

    That candidate, one of those with the lowest grade, is the one whose text is changed and whose place is the verdict.
    Grades are not in prompts, so the question is the same, and the outcome's gold says which candidate it is.
    """
    if not is_list(dimension.record_type):
        return record
    lowest = [place for place, grade in enumerate(record.labels) if grade == min(record.labels)]
    target = lowest[int(fraction(f"{seed}\ntarget\n{record.id}") * len(lowest))]
    return record.model_copy(update={"labels": [int(place == target) for place in range(len(record.labels))]})


def judged_text(subject: Subject) -> Text | None:
    """The text that is judged; None if the dimension names none."""
    record, name = subject.record, subject.dimension.judged
    if is_list(subject.dimension.record_type):
        found: Text = record.candidates[record.labels.index(1)].text
        return found
    return None if name is None else getattr(record, name)


def with_judged_text(subject: Subject, text: Text) -> Posing:
    """The record with another text in its place."""
    record, name = subject.record, subject.dimension.judged
    if is_list(subject.dimension.record_type):
        target = record.labels.index(1)
        candidates = list(record.candidates)
        candidates[target] = candidates[target].model_copy(update={"text": text})
        return subject.changed(candidates=candidates)
    assert name is not None
    return subject.changed(**{name: text})


def with_addition(subject: Subject, addition: str) -> Posing | None:
    """The record with a paragraph at the end of what is judged; of an object, a field more."""
    text = judged_text(subject)
    if text is None:
        return None
    if isinstance(text, str):
        return with_judged_text(subject, f"{text}\n\n{addition}" if text.strip() else addition)
    note = _NOTE[subject.record.lang]
    return with_judged_text(subject, {**text, note: f"{text[note]}; {addition}" if text.get(note) else addition})
