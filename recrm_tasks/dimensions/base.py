"""What every dimension has: a record, a prompt, allowed answers, a reader, metrics."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from recrm_tasks.answers.reading import bare
from recrm_tasks.errors import DataError
from recrm_tasks.scoring.aggregate.parts import Parts, Role
from recrm_tasks.scoring.compare.tables import Differences
from recrm_tasks.scoring.metrics.diagnoses import Diagnosis
from recrm_tasks.scoring.metrics.estimate import Estimate
from recrm_tasks.scoring.metrics.tables import Metrics
from recrm_tasks.scoring.outcomes import Answer, Gold, Outcome

Lang: TypeAlias = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = ("zh", "en")

Mode: TypeAlias = Literal["generate", "logprob"]
"""`generate`: the model writes its answer. `logprob`: the probability of each allowed answer is read."""
MODES: tuple[Mode, ...] = ("generate", "logprob")

Style: TypeAlias = Literal["chat", "completion"]
"""`chat`: the model follows instructions and writes JSON. `completion`: it continues the text, with the bare answer."""
STYLES: tuple[Style, ...] = ("chat", "completion")

Scalar: TypeAlias = str | int | float | bool | None
Text: TypeAlias = str | dict[str, Scalar | list[Scalar]]
"""A text as it stands, or a flat object that is shown as one `key: value` line per field."""


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

ANSWER_TOKENS = 256
"""Room for a generated answer: far more than the short answer asked for, too little for thinking models."""


class Message(BaseModel):
    """One turn of a prompt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["system", "user", "assistant"]
    content: str = Field(min_length=1)


class Record(BaseModel):
    """What the records of all dimensions share. Unknown fields are errors: a misspelt one would be lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    dimension: str
    lang: Lang
    source: str
    split: str | None = None
    group: str | None = None
    """The user or query that records hang together by; no group stands on both sides of a hash split."""
    meta: dict[str, Any] = Field(default_factory=dict)
    messages: tuple[Message, ...] | None = Field(default=None, min_length=1)
    """A prompt made by the data set itself: used as it is, and the fields that it is made of may be left out."""

    shown: ClassVar[Mapping[str, Any]] = {}
    """Fields that only the prompt needs, with what stands for them when `messages` replaces the prompt."""

    @model_validator(mode="before")
    @classmethod
    def _ready_prompt(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("messages") is not None:
            return {**cls.shown, **data}
        return data


class Label(BaseModel):
    """One label of a source's declared set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    """As it stands in the records."""
    value: float = Field(ge=0, le=1)
    """What the label is worth to a reward: 1 is best."""
    zh: str = Field(min_length=1)
    """Its meaning as the model is told in Chinese: one short phrase."""
    en: str = Field(min_length=1)
    """The same in English."""
    words: tuple[str, ...] = ()
    """Further words that a model may answer with for this label."""

    @property
    def spoken(self) -> tuple[str, ...]:
        """All that an answer may call it, in the plain form that answers are compared in."""
        words = (bare(w).casefold() for w in (self.name, self.zh, self.en, *self.words))
        return tuple(dict.fromkeys(word for word in words if word))


class LabelSet(BaseModel):
    """The labels that a source declares, in the order in which they are shown; for grades, best first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    labels: tuple[Label, ...] = Field(min_length=2, max_length=26)

    @model_validator(mode="after")
    def _distinct(self) -> LabelSet:
        """No answer may mean two labels: neither a word that both have, nor a word that is another's letter."""
        meant: dict[str, str] = {}
        for letter, label in zip(LETTERS, self.labels, strict=False):
            for word in dict.fromkeys((letter.casefold(), *label.spoken)):
                if word in meant:
                    raise ValueError(f"labels must differ: {word!r} would mean both {meant[word]!r} and {label.name!r}")
                meant[word] = label.name
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The labels as they stand in the records."""
        return tuple(label.name for label in self.labels)


class Prompt(NamedTuple):
    """One question as it is put to a model, with all that is needed to read its answer and to score it."""

    id: str
    lang: Lang
    messages: tuple[Message, ...]
    choices: tuple[str, ...]
    """The allowed short answers in the order shown: letters, or numbers where letters run out."""
    words: tuple[tuple[str, ...], ...]
    """What else each choice may be called in an answer."""
    gold: Gold
    target: str
    """The right answer for a person's eyes."""
    group: str | None = None
    """What the record hangs together by with others."""
    values: tuple[float, ...] = ()
    """What each label is worth to a reward; empty where the answer is no label."""
    style: Style = "chat"

    def stated(self, completion: object) -> object:
        """The part of a completion that may hold the answer: a base model goes on behind the answer's line."""
        if self.style == "chat" or not isinstance(completion, str):
            return completion
        return completion.strip().partition("\n")[0]

    def outcome(self, answer: Answer) -> Outcome:
        """The gold beside an answer to this question."""
        return Outcome.of(self.id, self.gold, answer, self.group, self.values)


class Form(NamedTuple):
    """How questions are put, beyond the answer mode and the language."""

    style: Style = "chat"
    examples: Mapping[Lang, tuple[str, ...]] = {}
    """Records with their answers, as `Dimension.example` writes them, by the language of the record that is asked."""


PLAIN = Form()


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


class Dimension(ABC):
    """One dimension of the benchmark. A subclass with a `key`, in a file of this package, is all that registers it."""

    key: ClassVar[str]
    title: ClassVar[str]
    column: ClassVar[str]
    """The paper's name of it."""
    position: ClassVar[int]
    """Its place in tables and groups."""
    version: ClassVar[int]
    """Goes up with every change of prompt, answer reading or scoring."""
    primary: ClassVar[str]
    """The metric that `score` repeats."""
    role: ClassVar[Role] = Role(gate=False, weight=1.0)
    """What its verdicts are to the hybrid reward."""
    record_type: ClassVar[type[Record]]
    default_labels: ClassVar[LabelSet | None] = None
    """The label set where the source declares none; None for dimensions without a label set."""
    strata: ClassVar[tuple[str, ...]]
    """The fields that a sample is balanced by, beside the language; of a list, its length."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """What sources call the dimension, beside its key, title and column."""
    columns: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """What sources call the record's fields, beside their own names."""
    telling: ClassVar[tuple[str, ...]] = ()
    """Names of label columns that say what is asked: a yes or 1 is the best label, a higher number a better one."""

    @abstractmethod
    def prompt(
        self, record: Any, labels: LabelSet | None, mode: Mode, lang: Lang | None = None, form: Form = PLAIN
    ) -> Prompt:
        """Puts a record as a question: the shared instruction first and the record last, for prefix caches.

        Args:
            record: a checked record of this dimension.
            labels: the source's label set.
            mode: how the answer will be read.
            lang: the prompt's language; by default the record's.
            form: style and examples.

        Raises:
            DataError: a ready prompt cannot be put in another form.
        """

    @abstractmethod
    def question(self, record: Any, labels: LabelSet | None, mode: Mode, lang: Lang, style: Style) -> Question:
        """The parts of the question about a record that has no ready prompt."""

    def example(
        self, record: Any, labels: LabelSet | None, mode: Mode, lang: Lang | None = None, style: Style = "chat"
    ) -> str:
        """A record with its right answer, to stand in other records' prompts.

        Raises:
            DataError: the record has a ready prompt.
        """
        if record.messages:
            raise DataError(f"{record.id}: its prompt is ready-made, so it cannot be an example in others")
        lang = lang or record.lang
        question = self.question(record, labels, mode, lang, style)
        return f"{question.body}\n\n{_CUE[lang]} {question.answer}"

    def steps(self, record: Any) -> int:
        """By how many steps `shorter` can shorten a record."""
        return 0

    def shorter(self, record: Any, steps: int) -> Any:
        """The record without its oldest entries of history, one per step; then without candidates from the far end."""
        return record

    def prompts(
        self,
        record: Any,
        labels: LabelSet | None,
        mode: Mode,
        lang: Lang | None = None,
        orders: int = 1,
        form: Form = PLAIN,
    ) -> Iterator[Prompt]:
        """All questions about one record: one, or for lists one per seeded order of the candidates.

        Args:
            record: a checked record of this dimension.
            labels: the source's label set.
            mode: how the answers will be read.
            lang: the prompts' language; by default the record's.
            orders: in how many orders lists are asked; other dimensions have none.
            form: style and examples.

        Raises:
            DataError: a ready prompt cannot be put in another order or form.
        """
        yield self.prompt(record, labels, mode, lang, form)

    @abstractmethod
    def read(self, completion: object, prompt: Prompt) -> Answer:
        """Reads what a model wrote. Total: gives an answer or invalid with a reason for anything."""

    @abstractmethod
    def weigh(self, logprobs: Sequence[float], prompt: Prompt) -> Answer:
        """Reads log-probabilities of `prompt.choices` (natural logarithm, same order).

        Raises:
            HarnessError: their number is wrong or one is NaN.
        """

    def class_names(self, prompt: Prompt) -> tuple[tuple[str, ...], ...]:
        """What a classifier may call the class that stands for each choice; empty where choices are no classes."""
        return prompt.words

    @abstractmethod
    def credit(self, outcome: Outcome) -> float:
        """What one outcome is worth, from 0 to 1, to a person who browses a log; no metric is made of it."""

    @abstractmethod
    def right(self, outcome: Outcome) -> bool:
        """Whether an answer is right as `acc` counts it, to a person who browses a log; no metric is made of it."""

    @abstractmethod
    def measure(self, outcomes: Sequence[Outcome]) -> Metrics:
        """All metrics of this dimension but `score`."""

    @abstractmethod
    def parts(self, outcomes: Sequence[Outcome]) -> Parts:
        """The outcomes as parts of virtual responses, for the hybrid score.

        Raises:
            HarnessError: outcomes that no run can have.
        """

    @abstractmethod
    def compare(self, first: Sequence[Outcome], second: Sequence[Outcome]) -> Differences:
        """Second minus first by metric, the primary one among them.

        Args:
            first: outcomes of one run, at least one.
            second: outcomes of the other, on the same records in the same order.
        """

    @abstractmethod
    def diagnose(self, outcomes: Sequence[Outcome]) -> Diagnosis:
        """What lies behind the metrics, as rows for a table or a plot."""

    def metrics(self, outcomes: Sequence[Outcome]) -> Metrics:
        """`score` (the primary metric under a name that all dimensions share), then every metric by its own name."""
        measured = self.measure(outcomes)
        return {"score": measured[self.primary], **measured}

    def empty(self) -> dict[str, Estimate]:
        """The metrics of no outcomes: the names, with nothing behind them."""
        return dict(self.metrics([]))


def choice_names(count: int) -> tuple[str, ...]:
    """Short answers for `count` options: letters, or numbers from 1 where letters do not suffice."""
    return tuple(LETTERS[:count]) if count <= len(LETTERS) else tuple(str(i + 1) for i in range(count))


_CUE: Mapping[Lang, str] = {"en": "Answer:", "zh": "答案："}
_AGAIN: Mapping[Lang, str] = {"en": "Now reply with JSON only, like this: ", "zh": "现在只回复 JSON，格式如："}


_EXAMPLES: Mapping[Lang, str] = {"en": "Examples with their right answers:", "zh": "示例及其正确答案："}
_NOW: Mapping[Lang, str] = {"en": "Now this one:", "zh": "现在请回答这一条："}


def messages_of(
    record: Record, question: Callable[[], Question], mode: Mode, lang: Lang, form: Form
) -> tuple[Message, ...]:
    """The turns of a prompt: the record's own, or one with head, examples, body and the asked format once more.

    Small models lose sight of a format that was asked for before a long record; one letter, or the answer's line of a
    text to be continued, needs no reminder.

    Raises:
        DataError: the record's own turns cannot be put in another form.
    """
    if record.messages:
        if form != PLAIN:
            raise DataError(f"{record.id}: its prompt is ready-made; neither style nor fewshot can change it")
        return record.messages
    parts = question()
    examples = form.examples.get(record.lang, ())
    if examples and form.style == "chat":
        examples = (_EXAMPLES[lang], *examples, _NOW[lang])
    closing = f"{_AGAIN[lang]}{parts.json}\n" if mode == "generate" and form.style == "chat" else ""
    text = "\n\n".join([parts.head, *examples, parts.body, f"{closing}{_CUE[lang]}"])
    return (Message(role="user", content=text),)


def render(text: Any) -> str:
    """A text for the prompt: as it is, or one `key: value` line per field of an object that has a value."""
    if isinstance(text, str):
        return text
    if not isinstance(text, dict):
        return show_scalar(text)
    return "\n".join(_fields(text))


def render_entry(text: Any) -> str:
    """The same on one line: an object's fields are joined with semicolons."""
    return "; ".join(_fields(text)) if isinstance(text, dict) else render(text)


def render_list(texts: Sequence[Text]) -> str:
    """A numbered list, one entry per line."""
    return "\n".join(f"{i}. {render_entry(t)}" for i, t in enumerate(texts, 1))


def show_scalar(value: Any) -> str:
    """A value as every source's files give it alike: 4.0 is 4, and true is true whatever the format calls it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value)


def _fields(text: Mapping[str, Any]) -> list[str]:
    return [f"{key}: {_value(value)}" for key, value in text.items() if value is not None]


def _value(value: Any) -> str:
    if isinstance(value, list) and not any(isinstance(v, list | dict) for v in value):
        return ", ".join(show_scalar(v) for v in value if v is not None)
    return show_scalar(value)
