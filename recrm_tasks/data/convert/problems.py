"""Rows that cannot be used: counted by reason, with the first ones as examples."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_SHOWN = 3


class Problems:
    """Collects them over all files of one dimension."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.first: list[str] = []
        self._examples: dict[str, list[str]] = defaultdict(list)

    def add(self, file: Path, unit: str, found: Iterable[tuple[int, str, str]]) -> None:
        """Adds rows of one file.

        Args:
            file: the file.
            unit: what their numbers count.
            found: the number of each, the reason in few words, and the whole message.
        """
        for number, reason, complaint in found:
            self.reasons[reason] += 1
            line = f"{file}, {unit} {number}: {complaint}"
            if len(self.first) < _SHOWN:
                self.first.append(line)
            if len(self._examples[reason]) < _SHOWN:
                self._examples[reason].append(line)

    def to_json(self) -> dict[str, Any]:
        """The problems as a manifest has them."""
        return {"reasons": dict(self.reasons), "first": self.first, "examples": dict(self._examples)}

    @classmethod
    def of(cls, content: dict[str, Any]) -> Problems:
        """The problems of a manifest."""
        found = cls()
        found.reasons.update(content["reasons"])
        found.first = content["first"]
        found._examples.update(content["examples"])
        return found

    @property
    def total(self) -> int:
        """All rows that cannot be used."""
        return self.reasons.total()

    def examples(self, reason: str) -> list[str]:
        """The first rows with this reason."""
        return self._examples[reason]

    def message(self, usable: int, dimension: str) -> str:
        """The message that a run stops with."""
        more = f"\n  … and {self.total - _SHOWN} more" if self.total > _SHOWN else ""
        by_reason = ", ".join(f"{count} {reason}" for reason, count in self.reasons.most_common())
        return (
            f"{self.total} of {usable + self.total} rows of dimension {dimension} cannot be used ({by_reason}):\n  "
            + "\n  ".join(self.first)
            + more
        )
