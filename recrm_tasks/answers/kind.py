"""What every kind of answer has: how it is asked for and read, what an outcome is worth, its metrics and diagnosis."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import Lang, Mode, Prompt, Style
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.aggregate.parts import Parts
from recrm_tasks.scoring.columns import Rows
from recrm_tasks.scoring.compare.difference import Difference
from recrm_tasks.scoring.diagnosis import Diagnosis
from recrm_tasks.scoring.metric import Metric, Metrics, Numbers, by_name
from recrm_tasks.scoring.metrics.estimate import Estimate
from recrm_tasks.scoring.outcomes import Answer, Outcome
from recrm_tasks.scoring.shared_metrics import SHARED, Facts


class HasReadable(Protocol):
    """A table of outcomes that gives its readable rows."""

    def readable(self: Table, rows: Rows) -> Table:
        """The rows with a readable answer."""


Table = TypeVar("Table", bound=HasReadable)


class Question(NamedTuple):
    """The parts of a question about one record."""

    head: str
    """The instruction, which all records share."""
    body: str
    """The record."""
    json: str
    """The asked JSON with a placeholder in it, so that a copy of the prompt does not read as an answer."""
    answer: str
    """The right answer as the model should write it."""


class Posed(NamedTuple):
    """What may be answered to one record, and what is right. A list is posed once per order of its candidates."""

    id: str
    group: str | None
    choices: tuple[str, ...]
    """The allowed short answers, in the order shown."""
    shown: tuple[str, ...]
    """What the prompt says behind each choice; empty where the kind itself says it."""
    words: tuple[tuple[str, ...], ...]
    """What else an answer may call each choice."""
    gold: Any
    target: str
    """The right answer for a person's eyes."""
    values: tuple[float, ...] = ()
    """What each choice is worth to a reward; empty where choices are no labels."""


class Kind(ABC, Generic[Table]):
    """A kind of answer. A new one is one file with a subclass and its one instance.

    Raises:
        RecrmError: a metric is declared twice.
    """

    name: ClassVar[str]
    gold_fields: ClassVar[tuple[str, ...]]
    """Fields that a record needs for it: what may be answered, and what is right."""
    has_labels: ClassVar[bool] = False
    """Whether an answer is a label of a declared set."""
    primary: ClassVar[str]
    """The metric that `score` repeats, unless the dimension names another."""
    strata: ClassVar[tuple[str, ...]]
    """The fields that a sample is balanced by; of a list, its length."""
    hub_task: ClassVar[str]
    """What the Hugging Face hub calls such a task."""
    metrics: ClassVar[tuple[Metric[Any], ...]]
    """Its own metrics, in the order in which they are shown."""

    def __init__(self) -> None:
        self.declared = by_name((*self.metrics, *SHARED), f"answers of kind {self.name!r}")
        """Every metric that `measure` gives, by name and in its order."""

    # How it is asked for.

    @abstractmethod
    def posed(self, record: Any, labels: LabelSet | None, lang: Lang, orders: int) -> Iterator[Posed]:
        """What may be answered to a record: once, or for lists once per order.

        Args:
            record: a checked record.
            labels: the source's label set.
            lang: language of the prompt.
            orders: in how many seeded orders lists are asked; others are asked once.

        Raises:
            DataError: a ready prompt cannot be put in another order.
        """

    @abstractmethod
    def question(self, text: str, body: str, posed: Posed, mode: Mode, lang: Lang, style: Style) -> Question:
        """Adds to a dimension's question how it is to be answered.

        Args:
            text: the instruction that all records of the dimension share.
            body: the record.
            posed: what may be answered.
            mode: how the answer will be read.
            lang: language of the prompt.
            style: style of the prompt.
        """

    def spare(self, record: Any) -> int:
        """By how many steps `shorter` can shorten a record."""
        return 0

    def shorter(self, record: Any, steps: int) -> Any:
        """The record with less to choose from, so that its prompt is shorter."""
        return record

    def class_names(self, prompt: Prompt) -> tuple[tuple[str, ...], ...]:
        """What a classifier may call the class that stands for each choice; empty where choices are no classes."""
        return prompt.words

    # How it is read.

    @abstractmethod
    def read(self, completion: object, prompt: Prompt) -> Answer:
        """Reads what a model wrote. Total: gives an answer or invalid with a reason for anything."""

    @abstractmethod
    def weigh(self, logprobs: Sequence[float], prompt: Prompt) -> Answer:
        """Reads log-probabilities of `prompt.choices` (natural logarithm, same order).

        Raises:
            HarnessError: their number is wrong or one is NaN.
        """

    # What an outcome is worth.

    @abstractmethod
    def credit(self, outcome: Outcome) -> float:
        """What one outcome is worth, from 0 to 1, to a person who browses a log; no metric is made of it."""

    @abstractmethod
    def right(self, outcome: Outcome) -> bool:
        """Whether an answer is right as `acc` counts it, to a person who browses a log; no metric is made of it."""

    @abstractmethod
    def parts(self, outcomes: Sequence[Outcome]) -> Parts:
        """The outcomes as parts of virtual responses, for the hybrid score.

        Raises:
            HarnessError: outcomes that no run can have.
        """

    # What many outcomes are worth.

    @abstractmethod
    def table(self, outcomes: Sequence[Outcome]) -> tuple[Table, Rows]:
        """The outcomes as checked columns, in their order.

        Raises:
            HarnessError: outcomes that no run can have.
        """

    def table_in_any_order(self, outcomes: Sequence[Outcome]) -> tuple[Table, Rows]:
        """The same, in the order that metrics are fastest in."""
        return self.table(outcomes)

    @abstractmethod
    def baseline(self, table: Table) -> float:
        """The accuracy of an answer that does not look at the record."""

    @abstractmethod
    def diagnose(self, outcomes: Sequence[Outcome], names: Mapping[int, str]) -> Diagnosis:
        """What lies behind the metrics.

        Args:
            outcomes: of one run.
            names: what gold labels are called, by index.
        """

    def measure(self, outcomes: Sequence[Outcome]) -> Metrics:
        """All metrics: over all answers, over the readable ones (`_valid`), and those that stand beside any.

        Raises:
            HarnessError: outcomes that no run can have.
        """
        table, rows = self.table_in_any_order(outcomes)
        kept = table if rows.readable.all() else table.readable(rows)
        facts = Facts(rows, self.baseline(table))
        found: dict[str, Estimate] = {}
        for name, metric in self.declared.items():
            if metric in SHARED:
                found[name] = metric.of(facts)
            elif name == metric.name:
                found[name] = metric.of(table)
            else:
                found[name] = found[metric.name] if kept is table and metric.name in found else metric.of(kept)
        return found

    def compare(self, first: Sequence[Outcome], second: Sequence[Outcome]) -> dict[str, Difference]:
        """Second minus first by metric. An unreadable answer is wrong: both protocols cannot be compared by record.

        Args:
            first: outcomes of one run, at least one.
            second: outcomes of the other, on the same records in the same order.
        """
        (before, _), (after, _) = self.table(first), self.table(second)
        return {m.name: m.compare(before, after) for m in self.metrics if m.compare is not None}

    def interval(self, name: str, numbers: Numbers) -> tuple[float, float]:
        """The 95 % interval of one metric of a result; (NaN, NaN) where it has none.

        Args:
            name: the metric, `f1_valid` for instance.
            numbers: all numbers of the result, flat.
        """
        metric = self.declared.get(name)
        return metric.reach(name, numbers) if metric is not None else (math.nan, math.nan)


def normalise(logprobs: Sequence[float]) -> tuple[float, ...] | None:
    """Log-probabilities of the allowed answers -> probabilities that sum to 1; None if all mass is elsewhere.

    Args:
        logprobs: natural logarithms, one per allowed answer; minus infinity where an answer was not seen at all.

    Raises:
        HarnessError: a value is NaN or plus infinity, which no model gives.
    """
    if not logprobs or any(math.isnan(x) or x == math.inf for x in logprobs):
        raise HarnessError(f"log-probabilities are not numbers: {list(logprobs)}")
    top = max(logprobs)
    if top == -math.inf:
        return None
    weights = [math.exp(x - top) for x in logprobs]
    total = math.fsum(weights)
    return tuple(w / total for w in weights)


def completes(mode: Mode, style: Style) -> bool:
    """Whether a base model writes the bare answer behind the prompt."""
    return mode == "generate" and style == "completion"
