"""Counts of what was left out, by reason."""

from __future__ import annotations

from collections import Counter

MOST_REASONS = 50
"""Reasons may quote values of the data: more different ones than this are counted together."""
OTHER = "for other reasons"


class LeftOut:
    """A counter whose number of reasons is bounded."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, reason: str, count: int = 1) -> None:
        """Counts `count` rows, lists or candidates; the reason says which."""
        if count:
            known = reason in self._counts or len(self._counts) < MOST_REASONS
            self._counts[reason if known else OTHER] += count

    def counts(self) -> dict[str, int]:
        """Reasons and their counts, most frequent first."""
        return dict(self._counts.most_common())
