"""Where numbers and answers come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunInfo:
    """One dimension of one run, whichever harness made it."""

    file: Path
    harness: str
    model: str
    dimension: str
    mode: str
    """The answer mode: `generate` or `logprob`."""
    provenance: dict[str, Any]
    """What the run logged about its data, prompts and versions."""
