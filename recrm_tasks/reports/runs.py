"""One dimension of one finished run, whichever harness made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.scoring.metrics.intervals import interval


@dataclass(frozen=True)
class Cost:
    """What one run of a harness took, all its tasks together."""

    records: int
    """Questions asked."""
    seconds: float
    """Wall time as the harness gives it: lm-eval's with its own start and loading the model, Inspect's without."""
    tokens_in: int | None
    """Of lm-eval's runs the prompts, each once; of Inspect's what the provider counted. None where nobody counted."""
    tokens_out: int | None
    """Tokens of the completions, thinking included where the harness hands it over."""


@dataclass(frozen=True)
class Run:
    """The numbers of one dimension and where they come from."""

    harness: str
    model: str
    dimension: str
    mode: str
    metrics: dict[str, float]
    """Flat, as the harness logged them: `acc`, `acc_stderr`, …"""
    provenance: dict[str, Any]
    limited: bool
    """The harness took fewer records than the data has."""
    cost: Cost | None = None
    """Of the whole run that this is a dimension of; None where the harness did not say."""

    @property
    def primary(self) -> str:
        """The name of the dimension's primary metric."""
        return dimension_of(self.dimension).primary

    def interval(self, metric: str | None = None) -> tuple[float, float]:
        """95 % interval of a metric, by default the primary one; see `scoring.metrics.intervals`."""
        return interval(metric or self.primary, self.metrics)
