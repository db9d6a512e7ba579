"""The declaration of a metric. Tables, gates, cards, intervals and lm-eval's YAML follow from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from recrm_tasks.errors import RecrmError
from recrm_tasks.scoring.compare.difference import Difference
from recrm_tasks.scoring.metrics.estimate import NAN, Estimate
from recrm_tasks.scoring.metrics.intervals import around, of_area, of_share

Table = TypeVar("Table")
"""The checked columns of outcomes of one kind of answer."""

Numbers: TypeAlias = Mapping[str, float]
"""All numbers of a result, flat: `f1_valid`, `f1_valid_stderr`, `clusters`, `coverage`, …"""

RARER = "clusters_rarer"
"""The number in results that is the trials of an area's interval at 0 or 1, where rows are in clusters."""

VALID = "_valid"
"""The suffix of metrics over readable answers only."""


@dataclass(frozen=True)
class Metric(Generic[Table]):
    """The declaration of one metric.

    Raises:
        RecrmError: the fields contradict each other.
    """

    name: str
    means: str
    """Its meaning in one sentence; docs/metrics.md repeats it."""
    of: Callable[[Table], Estimate]
    """Computes it."""
    better: Literal["higher", "lower", "neither"] = "higher"
    low: float = 0.0
    high: float = 1.0
    """The range of its values; infinite if it has no bound."""
    interval: Literal["share", "area", "normal", "none"] | None = None
    """The method of its 95 % interval: Wilson's (`share`) or that of an AUC (`area`), both for metrics from 0 to 1;
    value ± 1.96 errors within the range (`normal`); `none` for a number without an error. By default `share` for
    metrics from 0 to 1, else `normal`."""
    over: Literal["both", "all", "readable"] = "both"
    """`both`: over all answers, unreadable ones counting as wrong, and also as `NAME_valid` over the readable ones.
    `all`: only the former. `readable`: only the latter."""
    headline: bool = False
    """Whether the leaderboard or its table by dimension shows it; files and logs have every metric."""
    brief: bool = False
    """Whether it is in the shortest table, the one that lm-eval prints: see `brief`."""
    hub: str | None = None
    """Its name on the Hugging Face hub; None if it has none there."""
    chance: float | str | None = None
    """Its value for answers that do not depend on the records: a number, or the name of the metric that has it."""
    compare: Callable[[Table, Table], Difference] | None = None
    """Its paired difference, second minus first; None if it has none."""
    instead: str | None = None
    """The metric that a dimension's score repeats where this one is its primary one and undefined."""
    by_item: bool = False
    """Whether only runs whose candidates are asked about one by one have it."""
    reads: Literal["letters", "content", "both"] = "letters"
    """Which runs have it: those with answers (`letters`), those in which a reward model scores content, or both. Scores
    have no threshold."""
    trials: str = "clusters"
    """The number in results that bounds the trials of a share's interval."""
    majority: str = "acc_baseline"
    """The number in results that is the share of the more frequent class, for the interval of an area whose rows are
    on their own."""

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise RecrmError(f"metric {self.name!r}: its range is empty ({self.low} to {self.high})")
        if self.interval in ("share", "area") and (self.low, self.high) != (0.0, 1.0):
            raise RecrmError(f"metric {self.name!r}: interval {self.interval!r} is only for metrics from 0 to 1")
        if self.name.endswith((VALID, "_stderr")) or self.name == "score":
            raise RecrmError(f"metric {self.name!r}: the name score and names in {VALID} or _stderr are reserved")

    def is_of(self, reads: str, by_item: bool) -> bool:
        """Whether a run has it.

        Args:
            reads: `content` if a reward model scored content, else `letters`.
            by_item: whether candidates were asked about one by one.
        """
        return self.reads in (reads, "both") and (by_item or not self.by_item)

    @property
    def names(self) -> tuple[str, ...]:
        """Its names in results: its own, `NAME_valid`, or both."""
        valid = f"{self.name}{VALID}"
        return {"both": (self.name, valid), "all": (self.name,), "readable": (valid,)}[self.over]

    def reach(self, name: str, numbers: Numbers) -> tuple[float, float]:
        """The 95 % interval of a value.

        Args:
            name: one of `names`.
            numbers: the result that contains the value.

        Returns:
            (low, high); (NaN, NaN) if the metric is undefined or has no error.
        """
        value, stderr = numbers[name], numbers.get(f"{name}_stderr", NAN)
        readable = numbers.get("coverage", 1.0) if name.endswith(VALID) else 1.0
        if math.isnan(value) or math.isnan(stderr) or self.interval == "none":
            return NAN, NAN
        if self.interval == "area":
            rarer = numbers["clusters"] * readable * (1 - numbers[self.majority])
            if numbers["clusters"] < numbers["n"] and RARER in numbers:  # results of earlier versions do not have it
                rarer = numbers[RARER] * readable
            return of_area(value, stderr, rarer)
        if self.interval == "share" or (self.interval is None and (self.low, self.high) == (0.0, 1.0)):
            clusters = numbers["clusters"]
            return of_share(value, stderr, min(clusters, numbers.get(self.trials, clusters)) * readable)
        return around(value, stderr, self.low, self.high)


Metrics: TypeAlias = Mapping[str, Estimate]
"""Estimates by name."""


def by_name(metrics: Sequence[Metric[Any]], where: str) -> dict[str, Metric[Any]]:
    """The declarations by every name that they have in results.

    First those of metrics over both, then all `_valid` names, then metrics over all answers only.

    Raises:
        RecrmError: one name is declared twice.
    """
    over_both = [(m.name, m) for m in metrics if m.over == "both"]
    over_readable = [(m.names[-1], m) for m in metrics if m.over != "all"]
    over_all = [(m.name, m) for m in metrics if m.over == "all"]
    found: dict[str, Metric[Any]] = {}
    for name, metric in (*over_both, *over_readable, *over_all):
        if name in found:
            raise RecrmError(f"{where}: the metric {name!r} is declared twice")
        found[name] = metric
    return found


def brief(declared: Mapping[str, Metric[Any]], primary: str) -> dict[str, Metric[Any]]:
    """The metrics of the shortest table: those that declare it, and the primary one, over readable answers too.

    Args:
        declared: as `by_name` returns them.
        primary: the name of the primary metric.
    """
    always = (primary, f"{primary}{VALID}")
    return {name: one for name, one in declared.items() if name in always or (one.brief and name == one.name)}


def count(name: str, means: str, better: Literal["higher", "lower", "neither"] = "neither", **more: Any) -> Metric[Any]:
    """The declaration of a count, or of another number without an error.

    Args:
        name: its name.
        means: its meaning in one sentence.
        better: which direction is better.
        more: other fields of `Metric`; `of` returns a plain number.
    """
    of = more.pop("of")
    plain: Metric[Any] = Metric(
        name, means, lambda table: Estimate(float(of(table)), None), better, interval="none", over="all"
    )
    return replace(plain, **{"high": math.inf, **more})


def flat(metrics: Metrics) -> dict[str, float]:
    """{"acc": value, "acc_stderr": error, …}: the form of metrics in both harnesses."""
    numbers: dict[str, float] = {}
    for name, estimate in metrics.items():
        numbers[name] = estimate.value
        if estimate.stderr is not None:
            numbers[f"{name}_stderr"] = estimate.stderr
    return numbers


def columns(declared: Mapping[str, Metric[Any]]) -> list[str]:
    """The keys of `flat` for these metrics, with `score` first."""
    names = ["score", "score_stderr"]
    for name, metric in declared.items():
        names += [name] if metric.interval == "none" else [name, f"{name}_stderr"]
    return names
