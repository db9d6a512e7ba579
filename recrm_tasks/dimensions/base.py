"""The base class of dimensions: identity, record type, question, label set, vocabulary, and kind of answer."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from recrm_tasks.answers.kind import Kind, Posed, Question
from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import Ask, Lang, Message, Mode, Prompt, Style
from recrm_tasks.dimensions.record import Record
from recrm_tasks.dimensions.rendering import render
from recrm_tasks.dimensions.user import UserRecord
from recrm_tasks.errors import DataError
from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.content_scores import PRIMARY
from recrm_tasks.scoring.metric import Metrics, Numbers
from recrm_tasks.scoring.outcomes import Outcome


class Form(NamedTuple):
    """How questions are asked, besides the answer mode and the language."""

    style: Style = "chat"
    examples: Mapping[Lang, tuple[str, ...]] = {}
    """Records with their answers, as `Dimension.example` writes them, by the language of the evaluated record."""


PLAIN = Form()


class Compared(NamedTuple):
    """Two parts of a record whose words agree more where the answer is good."""

    claim: str
    """A field."""
    source: tuple[str, ...]
    """The fields that the words of the claim should occur in. Here and in `claim`, `candidates` means one candidate's
    text."""


class Dimension(ABC):
    """One dimension of the benchmark. A subclass with a `key` in a file of this package is registered."""

    key: ClassVar[str]
    title: ClassVar[str]
    column: ClassVar[str]
    """Its column in the paper's table, such as `IF`."""
    position: ClassVar[int]
    """Its position in tables and groups."""
    version: ClassVar[int]
    """Rises with every change of prompt, answer reading or scoring."""
    kind: ClassVar[Kind[Any]]
    """Its kind of answer."""
    asks: ClassVar[str]
    """Its question in one short sentence, for tables and task files."""
    question_text: ClassVar[Mapping[Lang, str]]
    """The instruction that all its prompts share, by language."""
    item_question: ClassVar[Mapping[Lang, str]] = {}
    """For lists: the instruction that prompts about a single candidate share. Without one, lists can only be asked
    about as a whole."""
    primary: ClassVar[str]
    """The metric that `score` repeats; by default the kind's."""
    role: ClassVar[Role] = Role(gate=False, weight=1.0)
    """Its role in the hybrid reward."""
    record_type: ClassVar[type[Record]]
    default_labels: ClassVar[LabelSet | None] = None
    """The label set for sources that declare none; None if answers are not labels."""
    strata: ClassVar[tuple[str, ...]]
    """The fields that samples are balanced by, besides the language; a list counts by its length. By default the
    kind's."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other names of the dimension in sources, besides its key, title and column."""
    columns: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Other names of the record's fields in sources."""
    telling: ClassVar[tuple[str, ...]] = ()
    """Names of label columns whose meaning is clear: a yes or 1 is the best label, a higher number a better one."""
    contrary: ClassVar[tuple[str, ...]] = ()
    """Names of label columns whose yes or 1 is the worst label."""
    label_words: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Words in sources for each label, by its name, besides those of the label set; for lists, for each grade."""
    judged: ClassVar[str | None] = None
    """The field that the label is about. Of pairs, the better and the worse one are two records that differ in it.
    Reward models that read content score it as the assistant's turn."""
    compared: ClassVar[Compared | None] = None
    """What baselines of word overlap compare; without it they do not apply."""
    of_dialogue: ClassVar[bool] = False
    """Whether what it asks holds over a whole dialogue. In the reward of an episode it is asked once, about all steps;
    the other dimensions are asked about each step."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        kind = getattr(cls, "kind", None)
        for name in ("primary", "strata"):
            if isinstance(kind, Kind) and not hasattr(cls, name):
                setattr(cls, name, getattr(kind, name))

    @abstractmethod
    def body(self, record: Any, lang: Lang) -> str:
        """The record's part of the prompt, without the allowed answers.

        Args:
            record: a checked record without a ready-made prompt.
            lang: language of the prompt.
        """

    def request(self, record: Any, lang: Lang) -> str:
        """The user's turn for reward models that read content: what the judged field, or each candidate, answers.

        It has nothing of what is judged, so that records with the same request can be compared with one another. A
        dimension without one cannot be asked in this way.

        Args:
            record: a checked record without a ready-made prompt.
            lang: language of the turn.
        """
        return ""

    def contents(
        self, record: Any, labels: LabelSet | None, lang: Lang | None = None, ask: Ask = "list"
    ) -> Iterator[Prompt]:
        """A record as reward models that read content see it: the user's turn, and what is judged as the choices.

        Each choice is an assistant's turn of its own. Most records have one, a list has all of its candidates.

        Args:
            record: a checked record of this dimension.
            labels: the source's label set.
            lang: the language of the user's turn; by default the record's.
            ask: with `item`, each candidate of a list is a prompt of its own.

        Raises:
            DataError: the record has a ready-made prompt or no request, or a list cannot be put in order.
        """
        if record.messages:
            raise DataError(
                f"{record.id}: its prompt is ready-made, so that nothing says which part of it is scored: reads must "
                "be letters"
            )
        spoken = lang or record.lang
        request = self.request(record, spoken)
        if not request.strip():
            raise DataError(f"{record.id}: there is no text for the user's turn, so reads must be letters")
        question = hashlib.sha256(request.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        for posed in self.kind.posed(record, labels, spoken, 1, ask):
            shown = posed.shown if self.judged is None else (render(getattr(record, self.judged)),)
            asked = posed.prompt(self.key, spoken, (Message(role="user", content=request),))
            yield asked._replace(choices=shown, words=(), question=question)

    @property
    def has_request(self) -> bool:
        """Whether reward models that read content can be asked about it."""
        return type(self).request is not Dimension.request

    def prompts(
        self,
        record: Any,
        labels: LabelSet | None,
        mode: Mode,
        lang: Lang | None = None,
        orders: int = 1,
        form: Form = PLAIN,
        ask: Ask = "list",
    ) -> Iterator[Prompt]:
        """All prompts of one record: one, or for lists one per seeded order of the candidates or per candidate.

        The shared instruction comes first and the record last, so that prefix caches can reuse the instruction.

        Args:
            record: a checked record of this dimension.
            labels: the source's label set.
            mode: how the answers will be read.
            lang: the prompts' language; by default the record's.
            orders: the number of orders in which a list is asked; other dimensions ignore it.
            form: style and examples.
            ask: whether a list is asked about as a whole, or each of its candidates; other dimensions ignore it.

        Raises:
            DataError: a ready-made prompt cannot be changed to another order or form, or a list cannot be asked about
                in this way.
        """
        spoken = lang or record.lang
        for posed in self.kind.posed(record, labels, spoken, orders, ask):
            messages, body = self._messages(record, posed, mode, spoken, form)
            prompt = posed.prompt(self.key, spoken, messages, form.style, ready=bool(record.messages))
            yield prompt._replace(record=body, category=getattr(record, "category", None))

    def prompt(
        self, record: Any, labels: LabelSet | None, mode: Mode, lang: Lang | None = None, form: Form = PLAIN
    ) -> Prompt:
        """The prompt of one record; for a list, the one in its first order. See `prompts`."""
        return next(self.prompts(record, labels, mode, lang, 1, form))

    def example(
        self,
        record: Any,
        labels: LabelSet | None,
        mode: Mode,
        lang: Lang | None = None,
        style: Style = "chat",
        ask: Ask = "list",
        turn: int = 0,
    ) -> str:
        """A record with its correct answer, as an example in other records' prompts.

        Args:
            record: a checked record of this dimension.
            labels: the source's label set.
            mode: how the answers will be read.
            lang: the prompt's language; by default the record's.
            style: style of the prompt.
            ask: with `item`, the example is of one candidate of a list.
            turn: of which one, if it is even: a positive, if it is odd: a negative; any if there is none of these.

        Raises:
            DataError: the record has a ready-made prompt.
        """
        if record.messages:
            raise DataError(f"{record.id}: its prompt is ready-made, so it cannot be an example in others")
        lang = lang or record.lang
        several = list(self.kind.posed(record, labels, lang, 1, ask))
        posed = next((one for one in several if one.of_list and (one.gold > 0) == (turn % 2 == 0)), several[0])
        question = self._question(record, posed, mode, lang, style)
        return f"{question.body}\n\n{_CUE[lang]} {question.answer}"

    def steps(self, record: Any, ask: Ask = "list") -> int:
        """The number of steps by which `shorter` can shorten a record."""
        return 0 if record.messages else _entries(record) + self.kind.spare(record, ask)

    def shorter(self, record: Any, steps: int) -> Any:
        """The record without its oldest history entries, one per step; after those, with fewer choices."""
        entries = min(steps, _entries(record))
        if entries:
            record = record.without_oldest(entries)
        return self.kind.shorter(record, steps - entries) if steps > entries else record

    def metrics(self, outcomes: Sequence[Outcome]) -> Metrics:
        """`score` (the primary metric, under a name that all dimensions share), then all metrics by name."""
        measured = self.kind.measure(outcomes)
        name = self.primary_of({name: estimate.value for name, estimate in measured.items()})
        return {"score": measured[name], **measured}

    def primary_of(self, numbers: Numbers) -> str:
        """The metric that `score` is in a result: the primary one, or the one instead of it where it is undefined.

        Args:
            numbers: all numbers of the result, flat.
        """
        instead = self.kind.declared[self.primary].instead
        found = [name for name in (self.primary, instead, *PRIMARY) if name is not None and name in numbers]
        return next((name for name in found if not math.isnan(numbers[name])), found[0])

    def _question(self, record: Any, posed: Posed, mode: Mode, lang: Lang, style: Style) -> Question:
        texts = self.question_text if posed.of_list is None else self.item_question
        return self.kind.question(texts[lang], self.body(record, lang), posed, mode, lang, style)

    def _messages(
        self, record: Record, posed: Posed, mode: Mode, lang: Lang, form: Form
    ) -> tuple[tuple[Message, ...], str]:
        """The turns of a prompt: the record's own, or one with head, examples, body and a reminder of the format; and
        the body.

        Small models forget a format that was requested before a long record. A single letter and a text completion
        need no reminder.
        """
        if record.messages:
            if form != PLAIN:
                raise DataError(f"{record.id}: its prompt is ready-made; neither style nor fewshot can change it")
            return record.messages, ""
        parts = self._question(record, posed, mode, lang, form.style)
        examples = form.examples.get(record.lang, ())
        if examples and form.style == "chat":
            examples = (_EXAMPLES[lang], *examples, _NOW[lang])
        closing = f"{_AGAIN[lang]}{parts.json}\n" if mode == "generate" and form.style == "chat" else ""
        text = "\n\n".join([parts.head, *examples, parts.body, f"{closing}{_CUE[lang]}"])
        return (Message(role="user", content=text),), parts.body


def _entries(record: Any) -> int:
    return len(record.history) if isinstance(record, UserRecord) else 0


_CUE: Mapping[Lang, str] = {"en": "Answer:", "zh": "答案："}
_AGAIN: Mapping[Lang, str] = {"en": "Now reply with JSON only, like this: ", "zh": "现在只回复 JSON，格式如："}
_EXAMPLES: Mapping[Lang, str] = {"en": "Examples with their right answers:", "zh": "示例及其正确答案："}
_NOW: Mapping[Lang, str] = {"en": "Now this one:", "zh": "现在请回答这一条："}
