"""Thinking sections: they come before an answer and are not part of it."""

from __future__ import annotations

import re

from recrm_tasks.scoring.outcomes import Reason

_TAG = re.compile(r"<(/?)(?:think(?:ing)?|thought|reason(?:ing)?)>|◁(/?)think▷", re.IGNORECASE)


def without_thinking(text: str) -> str | Reason:
    """Removes thinking sections.

    If the section was opened in the prompt, the text has only the closing tag. A section that is never closed leaves
    no answer: the model was cut off while thinking.
    """
    kept: list[str] = []
    start, thinking = 0, False
    for tag in _TAG.finditer(text):
        if tag.group(1) or tag.group(2):
            if not thinking:
                kept.clear()
            start, thinking = tag.end(), False
        elif not thinking:
            kept.append(text[start : tag.start()])
            thinking = True
    if thinking:
        return Reason.TRUNCATED
    return "\n".join([*kept, text[start:]])
