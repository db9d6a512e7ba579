"""One dimension of one run, whichever harness made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.models.usage import Usage, total
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.run_info import RunInfo
from recrm_tasks.scoring.metric import Metric, flat


@dataclass(frozen=True)
class Cost:
    """What one run of a harness took, all its tasks together."""

    records: int
    """Questions asked."""
    seconds: float
    """Wall time as the harness gives it."""
    usage: Usage
    """The counts of all its requests, as far as they are known."""
    note: str = ""
    """How this harness counts: one sentence below a table of costs."""

    @property
    def computed(self) -> float | None:
        """Prompt tokens per record that the engine computed, so without those from its prefix cache. None if it did not
        report these: then it may have computed less or, if it got a prompt several times, more than the prompts have.
        """
        if self.usage.tokens_in is None or self.usage.tokens_cached is None or not self.records:
            return None
        return (self.usage.tokens_in - self.usage.tokens_cached) / self.records

    @classmethod
    def joined(cls, costs: Sequence[Cost]) -> Cost:
        """What the shards of a run took together, wherever they ran; without what is not known of all."""
        usage = total(one.usage for one in costs)
        if any(one.usage.tokens_cached is None for one in costs):
            usage = usage._replace(tokens_cached=None)
        return cls(
            records=sum(one.records for one in costs),
            seconds=sum(one.seconds for one in costs),
            usage=usage,
            note=costs[0].note,
        )


@dataclass(frozen=True)
class Run(RunInfo):
    """The numbers of one dimension and where they come from."""

    metrics: dict[str, float]
    """Flat, as the harness logged them: `acc`, `acc_stderr`, …; without what the answers cost."""
    wanted: int | None = None
    """For a run that ended early or was invalidated in part, how many records its harness was to ask. The metrics are
    of the answers that count."""
    cost: Cost | None = None
    """Of the whole run that this dimension is a part of; None where the harness did not log it."""
    overall: Mapping[str, float] = field(default_factory=dict)
    """Mean score and hybrid scores of the whole run, flat, where the harness computed them."""
    notes: Sequence[str] = ()
    """What a reader must know of how it was put together from shards."""

    @classmethod
    def of(cls, answers: Answers, **more: Any) -> Run:
        """A run whose metrics are computed from its answers, where the harness logged none."""
        info = {one.name: getattr(answers, one.name) for one in fields(RunInfo)}
        metrics = flat(dimension_of(answers.dimension).metrics(answers.outcomes))
        if answers.unseen:
            metrics["unseen"] = float(len(answers.unseen))
        return cls(**info, metrics=metrics, **more)

    @property
    def finished(self) -> bool:
        """Whether it has all answers that were to be given."""
        return self.wanted is None

    @property
    def n(self) -> int:
        """The number of answers."""
        return int(self.metrics["n"])

    def same_as(self, other: Run) -> bool:
        """Whether every metric is the same."""
        return repr(sorted(self.metrics.items())) == repr(sorted(other.metrics.items()))  # NaN is not equal to NaN

    @property
    def primary(self) -> str:
        """The name of the metric that is its score: the dimension's primary one, or the one instead of it where no list
        could be put in order."""
        return dimension_of(self.dimension).primary_of(self.metrics)

    @property
    def by_item(self) -> bool:
        """Whether the candidates of its lists were asked about one by one."""
        return bool(self.provenance.get("ask") == "item") and is_list(dimension_of(self.dimension).record_type)

    @property
    def of_content(self) -> bool:
        """Whether a reward model scored contents instead of answers."""
        return self.provenance.get("reads") == "content"

    @property
    def unseen(self) -> int:
        """Records with an allowed answer whose log-probability the provider did not report."""
        return int(self.metrics.get("unseen", 0))

    @property
    def metric_names(self) -> list[str]:
        """The metrics by their own names, without errors; `score` is the primary metric once more."""
        return [name for name in self.metrics if not name.endswith("_stderr") and name != "score"]

    @property
    def headlines(self) -> list[str]:
        """The metrics that the table by dimension shows, the primary one first; N and coverage are columns of it."""
        declared = dimension_of(self.dimension).kind.metrics
        shown = [metric.name for metric in declared if metric.headline and metric.name in self.metrics]
        return list(dict.fromkeys([self.primary, *shown]))

    def declared(self, metric: str) -> Metric[Any]:
        """The declaration of a metric."""
        found: Metric[Any] = dimension_of(self.dimension).kind.declared[metric]
        return found

    def chance(self, metric: str) -> float | None:
        """The value of a metric for answers that do not depend on the records; None if its declaration names none."""
        chance = self.declared(metric).chance
        return self.metrics[chance] if isinstance(chance, str) else chance

    @property
    def limited(self) -> bool:
        """Fewer records were asked than the data has, or fewer questions than these records make."""
        given = self.provenance
        if self.metrics["n"] < self.repeats * float(given.get("questions", given["rows_available"])):
            return True
        return float(given.get("rows", self.metrics["n"])) < float(given["rows_available"])

    @property
    def setting(self) -> tuple[str, ...]:
        """How the questions were asked, where that was not the default."""
        given = self.provenance.get
        found = (
            f"style {given('style')}" if given("style") not in (None, "chat") else "",
            f"{given('fewshot')} examples" if given("fewshot") else "",
            f"prompts in {given('prompt_lang')}" if given("prompt_lang") else "",
            f"{given('orders')} orders" if (given("orders") or 1) > 1 else "",
            "asked item by item" if given("ask") == "item" else "",
            "reads content" if self.of_content else "",
            "thinking" if given("enable_thinking") else "",
            "thinking closed in the prompt" if given("close_thinking") else "",
        )
        return tuple(one for one in found if one)

    @property
    def outdated(self) -> bool:
        """The questions or their reading have changed since; of rescored runs only the reading counts."""
        return bool(self.reader_version != dimension_of(self.dimension).version)

    @property
    def asked_by_older(self) -> bool:
        """Its answers were read again by a newer version of the task than the one that asked."""
        return bool(self.rescored and self.provenance["prompt_version"] != self.reader_version)

    def interval(self, metric: str | None = None) -> tuple[float, float]:
        """95 % interval of a metric, by default the primary one; see `Kind.interval`."""
        return dimension_of(self.dimension).kind.interval(metric or self.primary, self.metrics)
