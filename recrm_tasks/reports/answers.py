"""What a finished run answered to each record of one dimension, whichever harness made it."""

from __future__ import annotations

from dataclasses import dataclass
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
    outcomes: list[Outcome]
    """As the harness logged them; several of one id where a record was asked several times."""
