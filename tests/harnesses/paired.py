"""Two runs, record by record, as `recrm compare` takes two of any number."""

from __future__ import annotations

from collections.abc import Sequence

from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.pairing import Pair, match


def pair(first: Sequence[Answers], second: Sequence[Answers]) -> tuple[list[Pair], list[str]]:
    """The pairs, and one line for each dimension that only one of A and B has."""
    matches, left = match({"A": first, "B": second})
    return [one.pair("A", "B") for one in matches], left
