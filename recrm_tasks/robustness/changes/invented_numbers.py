"""A response claims numbers that nobody gave it."""

from __future__ import annotations

from recrm_tasks.data.store.sampling import fraction
from recrm_tasks.dimensions.rendering import render, render_list
from recrm_tasks.robustness.change import Change, Posing, Subject
from recrm_tasks.robustness.judged_text import judged_text, with_addition

_CLAIM = {
    "en": "It has {} reviews, {} % of them with five stars, and is {} metres away.",
    "zh": "共有{}条评价，其中{}%为五星，距离您{}米。",
}
_RANGES = ((1_000, 90_000), (71, 99), (110, 990))


def _numbers(subject: Subject) -> Posing | None:
    """Of a response only: whether an item has so many reviews, nothing else in a record says."""
    if subject.dimension.judged != "response":
        return None
    record = subject.record
    given = "\n".join(map(render, (judged_text(subject) or "", getattr(record, "query", ""))))
    given += render_list(getattr(record, "evidence", []))
    numbers = [_unsaid(given, f"{subject.seed}\n{record.id}\n{place}", *ends) for place, ends in enumerate(_RANGES)]
    return with_addition(subject, _CLAIM[record.lang].format(*numbers))


def _unsaid(given: str, seed: str, low: int, high: int) -> int:
    """A number that the record does not have."""
    drawn = (low + int(fraction(f"{seed}\n{turn}") * (high - low)) for turn in range(100))
    return next((number for number in drawn if str(number) not in given), low)


INVENTED_NUMBERS = (Change("numbers", "invented numbers", _numbers, with_evidence="lower"),)
