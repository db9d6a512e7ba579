"""Rows that cannot be used: counted by reason, with the first ones as examples."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_SHOWN = 3


@dataclass
class FileRows:
    """What became of the rows of one file."""

    records: int = 0
    unusable: int = 0
    others: dict[str, int] = field(default_factory=dict)
    """Rows of other dimensions, by dimension."""
    first: str = ""
    """What is wrong with the first row that cannot be used."""

    @property
    def all_unusable(self) -> bool:
        """Whether the file has rows, and none can be used by any dimension."""
        return bool(self.unusable) and not self.records and not self.others

    def to_json(self) -> dict[str, Any]:
        """The counts as a manifest has them."""
        return asdict(self)


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
        more = f" The first {_SHOWN}, and {self.total - _SHOWN} more:" if self.total > _SHOWN else ""
        by_reason = ", ".join(f"{count} {reason}" for reason, count in self.reasons.most_common())
        return (
            f"{self.total} of {usable + self.total} rows of dimension {dimension} cannot be used ({by_reason}). "
            "Correct or remove them (docs/data.md describes the record of each dimension), or leave them out and have "
            f"them counted: `unusable: skip` in a mapping.yaml.{more}\n  " + "\n  ".join(self.first)
        )
