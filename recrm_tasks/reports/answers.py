"""What a finished run answered to each record of one dimension, whichever harness made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recrm_tasks.scoring.answers import Outcome


@dataclass(frozen=True)
class Answers:
    """The outcomes of one dimension and where they come from."""

    file: Path
    harness: str
    model: str
    dimension: str
    mode: str
    provenance: dict[str, Any]
    outcomes: list[Outcome] = field(default_factory=list)
    """As the harness logged them; several of one id where a record was asked several times."""
    prompts: dict[str, str] = field(default_factory=dict)
    """A hash of what was asked, by record: the turns as they were before any chat template."""

    def add(self, outcome: Outcome, turns: Iterable[tuple[str, str]]) -> None:
        """Takes one more outcome.

        Args:
            outcome: what was answered.
            turns: the role and text of each turn of the prompt.
        """
        self.outcomes.append(outcome)
        asked = json.dumps(list(turns), ensure_ascii=False)
        self.prompts[outcome.id] = hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()
