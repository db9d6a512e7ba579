"""The base class of kinds of answers: how an answer is asked for and read, its credit, metrics and diagnosis."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import Ask, Lang, Message, Mode, Prompt, Style
from recrm_tasks.errors import HarnessError, RecrmError
from recrm_tasks.scoring.aggregate.parts import Parts
from recrm_tasks.scoring.agreement.declared import Agreed, Agreement, measured
from recrm_tasks.scoring.agreement.numbers import SCORE_AGREEMENT, NumberRatings
from recrm_tasks.scoring.columns import Rows
from recrm_tasks.scoring.compare.difference import UNDEFINED, Difference
from recrm_tasks.scoring.content_scores import Scores, reads_of
from recrm_tasks.scoring.diagnosis import Diagnosis
from recrm_tasks.scoring.metric import Metric, Metrics, Numbers, by_name
from recrm_tasks.scoring.metrics.estimate import Estimate, Floats
from recrm_tasks.scoring.outcomes import Answer, Outcome, Reason, Value
from recrm_tasks.scoring.shared_metrics import SHARED, Facts


class HasReadable(Protocol):
    """A table of outcomes that can be filtered to its readable rows."""

    def readable(self: Table, rows: Rows) -> Table:
        """The rows with a readable answer."""


Table = TypeVar("Table", bound=HasReadable)


class Question(NamedTuple):
    """The parts of one prompt."""

    head: str
    """The instruction, which all records share."""
    body: str
    """The record."""
    json: str
    """The requested JSON, with placeholders so that a copy of the prompt is not read as an answer."""
    answer: str
    """The correct answer as the model should write it."""


class Posed(NamedTuple):
    """The allowed answers to one record, and the correct one. A list is posed once per order of its candidates, or once
    per candidate."""

    id: str
    group: str | None
    choices: tuple[str, ...]
    """The allowed short answers, in the order shown."""
    shown: tuple[str, ...]
    """The text after each choice in the prompt; empty if the text is fixed for the kind."""
    words: tuple[tuple[str, ...], ...]
    """Other words for each choice that an answer may use."""
    gold: Any
    target: str
    """The correct answer in readable form."""
    values: tuple[float, ...] = ()
    """The value of each choice for a reward; empty if choices are not labels."""
    of_list: str | None = None
    """If only one candidate is asked about: the id of its list."""
    candidates: int = 0
    """The number of candidates in that list."""

    def prompt(
        self,
        dimension: str,
        lang: Lang,
        messages: tuple[Message, ...] = (),
        style: Style = "chat",
        ready: bool = False,
    ) -> Prompt:
        """The prompt that asks for one of these answers."""
        return Prompt(
            id=self.id,
            lang=lang,
            messages=messages,
            choices=self.choices,
            words=self.words,
            gold=self.gold,
            target=self.target,
            group=self.group,
            values=self.values,
            style=style,
            dimension=dimension,
            of_list=self.of_list,
            candidates=self.candidates,
            ready=ready,
        )


class Kind(ABC, Generic[Table]):
    """A kind of answer. Each has a file with a subclass and its only instance.

    Raises:
        RecrmError: a metric is declared twice.
    """

    name: ClassVar[str]
    gold_fields: ClassVar[tuple[str, ...]]
    """The record fields that it needs: the correct answer, and the choices if they differ by record."""
    has_labels: ClassVar[bool] = False
    """Whether an answer is a label from a declared set."""
    primary: ClassVar[str]
    """The metric that `score` repeats, unless the dimension names another."""
    strata: ClassVar[tuple[str, ...]]
    """The fields that samples are balanced by; a list counts by its length."""
    hub_task: ClassVar[str]
    """The task's name on the Hugging Face hub."""
    metrics: ClassVar[tuple[Metric[Any], ...]]
    """Its own metrics, in display order."""
    agreement: ClassVar[tuple[Agreement[Any], ...]] = ()
    """How far several judges agree, in display order."""

    def __init__(self) -> None:
        self.declared = by_name((*self.metrics, *SHARED), f"answers of kind {self.name!r}")
        """Every metric that `measure` may return, by name and in its order."""

    # How it is asked for.

    @abstractmethod
    def posed(
        self, record: Any, labels: LabelSet | None, lang: Lang, orders: int, ask: Ask = "list"
    ) -> Iterator[Posed]:
        """The allowed answers to a record: once, or for lists once per order or candidate.

        Args:
            record: a checked record.
            labels: the source's label set.
            lang: language of the prompt.
            orders: the number of seeded orders in which a list is asked; other kinds ignore it.
            ask: whether lists are asked about as a whole; other kinds ignore it.

        Raises:
            DataError: a list cannot be asked about in this way.
        """

    def clash(self, ids: Sequence[str], orders: int, ask: Ask = "list") -> tuple[str, str] | None:
        """Two of some records' ids, the second of which `posed` gives to a further question about the first; else
        None."""
        return None

    @abstractmethod
    def question(self, text: str, body: str, posed: Posed, mode: Mode, lang: Lang, style: Style) -> Question:
        """Adds the choices and the answer format to a dimension's question.

        Args:
            text: the instruction that all records of the dimension share.
            body: the record.
            posed: the allowed answers.
            mode: how the answer will be read.
            lang: language of the prompt.
            style: style of the prompt.
        """

    @abstractmethod
    def ungraded(self, labels: LabelSet | None, candidates: int) -> dict[str, Any]:
        """The gold fields of a record whose right answer nobody knows, so that it can be asked about.

        Args:
            labels: the label set.
            candidates: their number; the grades of an order fall by place, so that they name the places.
        """

    def spare(self, record: Any, ask: Ask = "list") -> int:
        """The number of steps by which `shorter` can shorten a record."""
        return 0

    def shorter(self, record: Any, steps: int) -> Any:
        """The record with fewer choices, so that its prompt is shorter."""
        return record

    def class_names(self, prompt: Prompt) -> tuple[tuple[str, ...], ...]:
        """The names that a classifier may use for each choice's class; empty if choices are not classes."""
        return prompt.words

    # What a model is trained on.

    def answer(self, prompt: Prompt, mode: Mode) -> str:
        """The right answer to a question, as the model should write it.

        Args:
            prompt: the question.
            mode: how its answer is read.
        """
        posed = Posed(
            id=prompt.id,
            group=prompt.group,
            choices=prompt.choices,
            shown=("",) * len(prompt.choices),
            words=prompt.words,
            gold=prompt.gold,
            target=prompt.target,
            of_list=prompt.of_list,
            candidates=prompt.candidates,
        )
        return self.question("", "", posed, mode, prompt.lang, prompt.style).answer

    def mistaken(self, prompt: Prompt, draw: float) -> tuple[Prompt, float]:
        """The question with a wrong answer in the place of the right one, for pairs of answers.

        Args:
            prompt: the question.
            draw: a number in [0, 1) that chooses among the wrong answers.

        Returns:
            The question, and by how much its answer is worse than the right one, from 0 to 1.

        Raises:
            RecrmError: nobody knows what a wrong answer of this kind is.
        """
        raise RecrmError(f"answers of kind {self.name!r} declare no wrong answers (`mistaken`), which pairs need")

    # What a judge may be fooled by.

    def best(self, prompt: Prompt) -> Prompt:
        """The question with the best answer in the place of the right one: what a text would plant that wants a reward.

        Raises:
            RecrmError: nobody knows what the best answer of this kind is.
        """
        raise RecrmError(f"answers of kind {self.name!r} declare no best answer (`best`), which stress runs plant")

    def decides(self, verdicts: Floats) -> Floats:
        """What verdicts come down to: a verdict flips if this changes. By default the verdict itself.

        Args:
            verdicts: shape (n,), from 0 to 1, as in `parts`.
        """
        return verdicts

    # How it is read.

    @abstractmethod
    def read(self, completion: object, prompt: Prompt) -> Answer:
        """Reads what a model wrote. Total: any text gives an answer, or invalid with a reason."""

    @abstractmethod
    def weigh(self, logprobs: Sequence[float], prompt: Prompt) -> Answer:
        """Reads log-probabilities of `prompt.choices` (natural logarithm, same order).

        Raises:
            HarnessError: their number is wrong or one is NaN.
        """

    def read_numbers(self, numbers: Sequence[float], prompt: Prompt) -> Answer:
        """Reads the numbers of `prompt.choices`: log-probabilities, or the scores of contents as they are.

        Raises:
            HarnessError: their number is wrong or one is NaN.
        """
        if prompt.reads == "letters":
            return self.weigh(numbers, prompt)
        if len(numbers) != len(prompt.choices) or any(map(math.isnan, numbers)):
            raise HarnessError(f"{prompt.id}: scores {list(numbers)} for {len(prompt.choices)} contents")
        return Answer(tuple(numbers) if isinstance(prompt.gold, tuple) else numbers[0])

    def expected(self, logprobs: Sequence[float], prompt: Prompt) -> float | None:
        """The expected value of the answer, from 0 to 1, where `weigh` gives that of the most probable one.

        Returns:
            None if the answer has no such value: it is not a label, or no choice has a known probability.

        Raises:
            HarnessError: their number is wrong or one is NaN.
        """
        return None

    def shown(self, value: Value | None, prompt: Prompt) -> str:
        """The value of an answer in the words of the target, for logs. Here a number, or several with commas."""
        numbers = value if isinstance(value, tuple) else (value,)
        return ", ".join("none" if number is None else f"{number:.4g}" for number in numbers)

    # The credit of one outcome.

    @abstractmethod
    def credit(self, outcome: Outcome) -> float:
        """The credit of one outcome, from 0 to 1, for display in logs; no metric is computed from it.

        The score of a single content is neither right nor wrong: its credit is 0.5.
        """

    @abstractmethod
    def right(self, outcome: Outcome) -> bool:
        """Whether an answer is correct as `acc` counts it, for display in logs; no metric is computed from it."""

    @abstractmethod
    def parts(self, outcomes: Sequence[Outcome]) -> Parts:
        """The outcomes as parts of virtual responses, for the hybrid score.

        Raises:
            HarnessError: outcomes that no valid run can have.
        """

    # Metrics of many outcomes.

    @abstractmethod
    def table(self, outcomes: Sequence[Outcome]) -> tuple[Table, Rows]:
        """The outcomes as checked columns, in their order.

        Raises:
            HarnessError: outcomes that no valid run can have.
        """

    def scores(self, outcomes: Sequence[Outcome]) -> tuple[Any, Rows]:
        """The scores of contents as checked columns, in their order; `table` is of answers.

        Raises:
            HarnessError: outcomes that no valid run can have.
        """
        return Scores.of(outcomes)

    def table_in_any_order(self, outcomes: Sequence[Outcome]) -> tuple[Table, Rows]:
        """Like `table`, in the order in which metrics are computed fastest."""
        return self.table(outcomes)

    def by_item(self, table: Table) -> bool:
        """Whether it is of candidates that were asked about one by one."""
        return False

    @abstractmethod
    def baseline(self, table: Table) -> float:
        """The accuracy of the best answer that does not depend on the record."""

    @abstractmethod
    def diagnose(self, outcomes: Sequence[Outcome], names: Mapping[int, str]) -> Diagnosis:
        """The details behind the metrics.

        Args:
            outcomes: of one run.
            names: the names of gold labels, by index.
        """

    def measure(self, outcomes: Sequence[Outcome]) -> Metrics:
        """All metrics: over all answers, over the readable ones (`_valid`), and those that all kinds share.

        Those of candidates that were asked about one by one are there only if they were, and those that need a
        threshold are not there if contents were scored.

        Raises:
            HarnessError: outcomes that no valid run can have.
        """
        reads = reads_of(outcomes)
        table, rows = self.scores(outcomes) if reads == "content" else self.table_in_any_order(outcomes)
        kept = table if rows.readable.all() else table.readable(rows)
        facts = Facts(rows, table.majority if isinstance(table, Scores) else self.baseline(table))
        found: dict[str, Estimate] = {}
        for name, metric in self.declared.items():
            if not metric.is_of(reads, not isinstance(table, Scores) and self.by_item(table)):
                continue
            if metric in SHARED:
                found[name] = metric.of(facts)
            elif name == metric.name:
                found[name] = metric.of(table)
            else:
                found[name] = found[metric.name] if kept is table and metric.name in found else metric.of(kept)
        return found

    def compare(self, first: Sequence[Outcome], second: Sequence[Outcome]) -> dict[str, Difference]:
        """Second minus first by metric. An unreadable answer is wrong; `_valid` metrics cannot be compared by record.

        Args:
            first: outcomes of one run, at least one.
            second: outcomes of the other, on the same records in the same order.

        Raises:
            HarnessError: one run has answers and the other scores of contents.
        """
        reads = reads_of(first)
        if reads_of(second) != reads:
            raise HarnessError(f"scores of contents cannot be compared with answers: the first run reads {reads}")
        read = self.scores if reads == "content" else self.table
        (before, _), (after, _) = read(first), read(second)
        found = {
            m.name: m.compare(before, after) for m in self.metrics if m.compare is not None and m.is_of(reads, True)
        }
        left = {m.name for m in self.metrics if m.by_item}
        return {name: one for name, one in found.items() if one is not UNDEFINED or name not in left}

    # Several judges on the same records.

    def ratings(self, judges: Sequence[Sequence[Outcome]]) -> Any:
        """The outcomes of several judges as the table that its measures of agreement take.

        Args:
            judges: as for `agree`.
        """
        raise RecrmError(f"answers of kind {self.name!r} declare measures of agreement, but no table (`ratings`)")

    def agree(self, judges: Sequence[Sequence[Outcome]]) -> dict[Agreement[Any], Agreed]:
        """How far judges agree, right or wrong: the measures of two, or those of more.

        Args:
            judges: the outcomes of each of at least two judges, on the same records in the same order.

        Raises:
            HarnessError: outcomes that no valid run can have.
        """
        if reads_of(judges[0]) == "content":
            return measured(SCORE_AGREEMENT, len(judges), NumberRatings.of(judges))
        return measured(self.agreement, len(judges), self.ratings(judges))

    def decision(self, outcome: Outcome) -> Hashable:
        """What an answer comes down to: equal for two answers to one question if nothing hangs on their difference, and
        None if it is unreadable. By default the value."""
        return outcome.value

    def joint(self, values: Sequence[Value]) -> Answer:
        """The verdict of a jury, from those of its members that could be read.

        Args:
            values: at least one.

        Raises:
            RecrmError: nobody knows what the verdict of a jury of this kind is.
        """
        raise RecrmError(f"answers of kind {self.name!r} declare no verdict of a jury (`joint`)")

    def jury(self, judges: Sequence[Sequence[Outcome]]) -> list[Outcome]:
        """The outcomes of a jury. A member whose answer is unreadable has no say; if all are, the jury has no answer.

        Args:
            judges: as for `agree`.

        Raises:
            RecrmError: contents were scored one by one, and models' scores have no common scale.
        """
        found: list[Outcome] = []
        for first, *others in zip(*judges, strict=True):
            if first.question is not None and not isinstance(first.gold, tuple):
                raise RecrmError("scores of contents have no common scale, so that a jury cannot put them together")
            values = [outcome.value for outcome in (first, *others) if outcome.value is not None]
            answer = self.joint(values) if values else Answer.invalid(Reason.NO_ANSWER)
            found.append(first._replace(value=answer.value, reason=answer.reason))
        return found

    def interval(self, name: str, numbers: Numbers) -> tuple[float, float]:
        """The 95 % interval of one metric of a result; (NaN, NaN) if it has none.

        Args:
            name: the metric, for example `f1_valid`.
            numbers: all numbers of the result, flat.
        """
        metric = self.declared.get(name)
        return metric.reach(name, numbers) if metric is not None else (math.nan, math.nan)


def normalise(logprobs: Sequence[float]) -> tuple[float, ...] | None:
    """Log-probabilities of the allowed answers -> probabilities that sum to 1; None if no answer has any.

    Args:
        logprobs: natural logarithms, one per allowed answer; minus infinity for an answer that was not reported.

    Raises:
        HarnessError: a value is NaN or plus infinity, which no model returns.
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
    """Whether a base model continues the prompt with the bare answer."""
    return mode == "generate" and style == "completion"
