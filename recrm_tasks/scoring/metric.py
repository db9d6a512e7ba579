"""What a metric is: one declaration that tables, gates, cards, intervals and lm-eval's YAML follow."""

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
"""Checked columns of outcomes, as a kind of answer has them."""

Numbers: TypeAlias = Mapping[str, float]
"""All numbers of a result, flat: `f1_valid`, `f1_valid_stderr`, `clusters`, `coverage`, …"""

VALID = "_valid"
"""The ending of metrics over readable answers only."""


@dataclass(frozen=True)
class Metric(Generic[Table]):
    """One metric by its name.

    Raises:
        RecrmError: the declaration contradicts itself.
    """

    name: str
    means: str
    """One sentence for people."""
    of: Callable[[Table], Estimate]
    """Computes it."""
    better: Literal["higher", "lower", "neither"] = "higher"
    low: float = 0.0
    high: float = 1.0
    """The range of its values; infinite where there is no end."""
    interval: Literal["share", "area", "normal", "none"] | None = None
    """How its 95 % interval is made: Wilson's (`share`) or an AUC's (`area`), both for metrics from 0 to 1; value ±1.96
    errors within the range (`normal`); `none` for a count. The default is `share` from 0 to 1, else `normal`."""
    over: Literal["both", "all", "readable"] = "both"
    """`both`: over all answers, an unreadable one being wrong, with a twin `NAME_valid` over the readable ones. `all`:
    without the twin. `readable`: the twin alone."""
    headline: bool = False
    """Whether a table with room for few metrics shows it."""
    hub: str | None = None
    """What the Hugging Face hub calls it; None where it has no name for it."""
    chance: float | str | None = None
    """What it is worth without looking at the records: a number, or the metric that says so."""
    compare: Callable[[Table, Table], Difference] | None = None
    """Its paired difference, second minus first; None where it has none."""

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise RecrmError(f"metric {self.name!r}: its range is empty ({self.low} to {self.high})")
        if self.interval in ("share", "area") and (self.low, self.high) != (0.0, 1.0):
            raise RecrmError(f"metric {self.name!r}: an interval by {self.interval!r} is for metrics from 0 to 1")
        if self.name.endswith((VALID, "_stderr")) or self.name == "score":
            raise RecrmError(f"metric {self.name!r}: names that end in {VALID} or _stderr, and score, are taken")

    @property
    def names(self) -> tuple[str, ...]:
        """What it is called in results: its own name, that of its twin, or both."""
        twin = f"{self.name}{VALID}"
        return {"both": (self.name, twin), "all": (self.name,), "readable": (twin,)}[self.over]

    def reach(self, name: str, numbers: Numbers) -> tuple[float, float]:
        """The 95 % interval of a value.

        Args:
            name: one of `names`.
            numbers: the result that the value is in.

        Returns:
            (low, high); (NaN, NaN) where the metric is undefined, or is a count.
        """
        value, stderr = numbers[name], numbers.get(f"{name}_stderr", NAN)
        readable = numbers.get("coverage", 1.0) if name.endswith(VALID) else 1.0
        if math.isnan(value) or math.isnan(stderr) or self.interval == "none":
            return NAN, NAN
        if self.interval == "area":
            return of_area(value, stderr, numbers["n"] * readable * (1 - numbers["acc_baseline"]))
        if self.interval == "share" or (self.interval is None and (self.low, self.high) == (0.0, 1.0)):
            return of_share(value, stderr, numbers["clusters"] * readable)
        return around(value, stderr, self.low, self.high)


Metrics: TypeAlias = Mapping[str, Estimate]
"""Estimates by name."""


def by_name(metrics: Sequence[Metric[Any]], where: str) -> dict[str, Metric[Any]]:
    """The declarations by every name that they have in results: over all answers, the twins, and those without one.

    Raises:
        RecrmError: one name is declared twice.
    """
    plain = [(m.name, m) for m in metrics if m.over == "both"]
    twins = [(m.names[-1], m) for m in metrics if m.over != "all"]
    alone = [(m.name, m) for m in metrics if m.over == "all"]
    found: dict[str, Metric[Any]] = {}
    for name, metric in (*plain, *twins, *alone):
        if name in found:
            raise RecrmError(f"{where}: the metric {name!r} is declared twice")
        found[name] = metric
    return found


def count(name: str, means: str, better: Literal["higher", "lower", "neither"] = "neither", **more: Any) -> Metric[Any]:
    """The declaration of a count, or of another number without an error.

    Args:
        name: its name.
        means: one sentence for people.
        better: which way is better.
        more: further fields of `Metric`; `of` gives a plain number.
    """
    of = more.pop("of")
    plain: Metric[Any] = Metric(
        name, means, lambda table: Estimate(float(of(table)), None), better, interval="none", over="all"
    )
    return replace(plain, **{"high": math.inf, **more})


def flat(metrics: Metrics) -> dict[str, float]:
    """{"acc": value, "acc_stderr": error, …}: the form in which both harnesses carry metrics."""
    numbers: dict[str, float] = {}
    for name, estimate in metrics.items():
        numbers[name] = estimate.value
        if estimate.stderr is not None:
            numbers[f"{name}_stderr"] = estimate.stderr
    return numbers


def columns(declared: Mapping[str, Metric[Any]]) -> list[str]:
    """The names of `flat`, for metrics by name with `score` before them."""
    names = ["score", "score_stderr"]
    for name, metric in declared.items():
        names += [name] if metric.interval == "none" else [name, f"{name}_stderr"]
    return names
