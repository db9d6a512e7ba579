"""One dimension of one run, whichever harness made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.scoring.metrics.intervals import interval
from recrm_tasks.scoring.metrics.tables import flat


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

    file: Path
    harness: str
    model: str
    dimension: str
    mode: str
    metrics: dict[str, float]
    """Flat, as the harness logged them: `acc`, `acc_stderr`, …"""
    provenance: dict[str, Any]
    wanted: int | None = None
    """Of a run that ended early, how many records its harness was to ask; the numbers are of those answered."""
    cost: Cost | None = None
    """Of the whole run that this is a dimension of; None where the harness did not say."""
    overall: Mapping[str, float] = field(default_factory=dict)
    """Mean score and hybrid scores of the whole run, flat, where the harness computed them."""

    @classmethod
    def of(cls, answers: Answers, **more: Any) -> Run:
        """The numbers of what was answered, where the harness logged none; they are the same functions' numbers."""
        metrics = flat(dimension_of(answers.dimension).metrics(answers.outcomes))
        return cls(
            answers.file, answers.harness, answers.model, answers.dimension, answers.mode, metrics, answers.provenance,
            **more,
        )  # fmt: skip

    @property
    def primary(self) -> str:
        """The name of the dimension's primary metric."""
        return dimension_of(self.dimension).primary

    @property
    def limited(self) -> bool:
        """Fewer records were asked than the data has."""
        return self.metrics["n"] < float(self.provenance["rows_available"])

    @property
    def setting(self) -> tuple[str, ...]:
        """How the questions were put, where that was not the usual way."""
        given = self.provenance.get
        found = (
            f"style {given('style')}" if given("style") not in (None, "chat") else "",
            f"{given('fewshot')} examples" if given("fewshot") else "",
            f"prompts in {given('prompt_lang')}" if given("prompt_lang") else "",
            f"{given('orders')} orders" if (given("orders") or 1) > 1 else "",
            "thinking" if given("enable_thinking") else "",
        )
        return tuple(one for one in found if one)

    @property
    def outdated(self) -> bool:
        """The questions or their reading have changed since."""
        return bool(self.provenance["prompt_version"] != dimension_of(self.dimension).version)

    def interval(self, metric: str | None = None) -> tuple[float, float]:
        """95 % interval of a metric, by default the primary one; see `scoring.metrics.intervals`."""
        return interval(metric or self.primary, self.metrics)
