"""The text that is judged repeats the user's query."""

from __future__ import annotations

from recrm_tasks.robustness.change import Change, Posing, Subject
from recrm_tasks.robustness.judged_text import with_addition


def _query(subject: Subject) -> Posing | None:
    query = getattr(subject.record, "query", None)
    return with_addition(subject, query) if query and query.strip() else None


REPEATED_QUERY = (Change("query", "the query repeated", _query),)
