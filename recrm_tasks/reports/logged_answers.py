"""What a run answered to each record of one dimension, whichever harness made it."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks.scoring.outcomes import Outcome

Turns = tuple[tuple[str, str], ...]
"""The role and text of each turn of a prompt, as they were before any chat template."""


class Logged(NamedTuple):
    """One line of a harness's log."""

    dimension: str
    outcome: Outcome
    turns: Turns
    lang: str
    target: str
    """The right answer for a person's eyes."""
    said: str
    """What the model wrote, or what it gave each allowed answer."""


@dataclass(frozen=True)
class Answers:
    """The outcomes of one dimension and where they come from."""

    file: Path
    harness: str
    model: str
    dimension: str
    mode: str
    provenance: dict[str, Any]
    most: int = 0
    """Of so many records the texts are kept too. They are the ones whose ids have the smallest hashes, so that runs on
    the same records keep the same ones."""
    outcomes: list[Outcome] = field(default_factory=list)
    """As the harness logged them; several of one id where a record was asked several times."""
    prompts: dict[str, str] = field(default_factory=dict)
    """A hash of what was asked, by record."""
    targets: dict[int, str] = field(default_factory=dict)
    """What each gold label is called."""
    _kept: list[tuple[int, int, Logged]] = field(default_factory=list)

    def add(self, sample: Logged) -> None:
        """Takes one more."""
        name = sample.outcome.id
        self.outcomes.append(sample.outcome)
        self.prompts[name] = asked(sample.turns)
        if isinstance(sample.outcome.gold, int):
            self.targets.setdefault(sample.outcome.gold, sample.target)
        if self.most:
            place = -int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big")
            put = heapq.heappush if len(self._kept) < self.most else heapq.heappushpop
            put(self._kept, (place, -len(self.outcomes), sample))

    @property
    def kept(self) -> list[Logged]:
        """Those whose texts were kept, as they were logged."""
        return [sample for _, _, sample in sorted(self._kept, key=lambda entry: -entry[1])]


def asked(turns: Iterable[tuple[str, str]]) -> str:
    """A hash of a prompt."""
    text = json.dumps(list(turns), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
