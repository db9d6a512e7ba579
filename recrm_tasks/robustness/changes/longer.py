"""A longer text that says the same."""

from __future__ import annotations

from recrm_tasks.dimensions.rendering import render_entry
from recrm_tasks.robustness.change import Change, Posing, Subject
from recrm_tasks.robustness.judged_text import judged_text, with_addition

_AGAIN = {"en": "To say the same once more: {}", "zh": "再说一遍同样的内容：{}"}


def _longer(subject: Subject) -> Posing | None:
    text = judged_text(subject)
    said = "" if text is None else render_entry(text)
    return with_addition(subject, _AGAIN[subject.record.lang].format(said)) if said.strip() else None


LONGER = (Change("longer", "longer, and says the same", _longer),)
