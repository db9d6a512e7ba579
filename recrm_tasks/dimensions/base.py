"""What every dimension has: identity, record, question, label set, vocabulary, and its kind of answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from recrm_tasks.answers.kind import Kind, Posed, Question
from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import Lang, Message, Mode, Prompt, Style
from recrm_tasks.dimensions.record import Record
from recrm_tasks.dimensions.user import UserRecord
from recrm_tasks.errors import DataError
from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.metric import Metrics
from recrm_tasks.scoring.outcomes import Outcome


class Form(NamedTuple):
    """How questions are put, beyond the answer mode and the language."""

    style: Style = "chat"
    examples: Mapping[Lang, tuple[str, ...]] = {}
    """Records with their answers, as `Dimension.example` writes them, by the language of the record that is asked."""


PLAIN = Form()


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
    kind: ClassVar[Kind[Any]]
    """How it is answered."""
    asks: ClassVar[str]
    """Its question in one short sentence, for tables and task files."""
    question_text: ClassVar[Mapping[Lang, str]]
    """The instruction that all its records share."""
    primary: ClassVar[str]
    """The metric that `score` repeats; by default the kind's."""
    role: ClassVar[Role] = Role(gate=False, weight=1.0)
    """What its verdicts are to the hybrid reward."""
    record_type: ClassVar[type[Record]]
    default_labels: ClassVar[LabelSet | None] = None
    """The label set where the source declares none; None where answers are no labels."""
    strata: ClassVar[tuple[str, ...]]
    """The fields that a sample is balanced by, beside the language; of a list, its length. By default the kind's."""
    aliases: ClassVar[tuple[str, ...]] = ()
    """What sources call the dimension, beside its key, title and column."""
    columns: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """What sources call the record's fields, beside their own names."""
    telling: ClassVar[tuple[str, ...]] = ()
    """Names of label columns that say what is asked: a yes or 1 is the best label, a higher number a better one."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        kind = getattr(cls, "kind", None)
        for name in ("primary", "strata"):
            if isinstance(kind, Kind) and not hasattr(cls, name):
                setattr(cls, name, getattr(kind, name))

    @abstractmethod
    def body(self, record: Any, lang: Lang) -> str:
        """The record's part of the prompt, without what may be answered.

        Args:
            record: a checked record that has no ready prompt.
            lang: language of the prompt.
        """

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

        The shared instruction comes first and the record last, for prefix caches.

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
        spoken = lang or record.lang
        for posed in self.kind.posed(record, labels, spoken, orders):
            yield Prompt(
                id=posed.id,
                lang=spoken,
                messages=self._messages(record, posed, mode, spoken, form),
                choices=posed.choices,
                words=posed.words,
                gold=posed.gold,
                target=posed.target,
                group=posed.group,
                values=posed.values,
                style=form.style,
            )

    def prompt(
        self, record: Any, labels: LabelSet | None, mode: Mode, lang: Lang | None = None, form: Form = PLAIN
    ) -> Prompt:
        """The question about one record, of a list in its first order; see `prompts`."""
        return next(self.prompts(record, labels, mode, lang, 1, form))

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
        posed = next(self.kind.posed(record, labels, lang, 1))
        question = self._question(record, posed, mode, lang, style)
        return f"{question.body}\n\n{_CUE[lang]} {question.answer}"

    def steps(self, record: Any) -> int:
        """By how many steps `shorter` can shorten a record."""
        return 0 if record.messages else _entries(record) + self.kind.spare(record)

    def shorter(self, record: Any, steps: int) -> Any:
        """The record without its oldest entries of history, one per step; then with less to choose from."""
        entries = min(steps, _entries(record))
        if entries:
            record = record.without_oldest(entries)
        return self.kind.shorter(record, steps - entries) if steps > entries else record

    def metrics(self, outcomes: Sequence[Outcome]) -> Metrics:
        """`score` (the primary metric under a name that all dimensions share), then every metric by its own name."""
        measured = self.kind.measure(outcomes)
        return {"score": measured[self.primary], **measured}

    def _question(self, record: Any, posed: Posed, mode: Mode, lang: Lang, style: Style) -> Question:
        return self.kind.question(self.question_text[lang], self.body(record, lang), posed, mode, lang, style)

    def _messages(self, record: Record, posed: Posed, mode: Mode, lang: Lang, form: Form) -> tuple[Message, ...]:
        """The turns of a prompt: the record's own, or one with head, examples, body and the asked format once more.

        Small models lose sight of a format that was asked for before a long record; one letter, or the answer's line
        of a text to be continued, needs no reminder.
        """
        if record.messages:
            if form != PLAIN:
                raise DataError(f"{record.id}: its prompt is ready-made; neither style nor fewshot can change it")
            return record.messages
        parts = self._question(record, posed, mode, lang, form.style)
        examples = form.examples.get(record.lang, ())
        if examples and form.style == "chat":
            examples = (_EXAMPLES[lang], *examples, _NOW[lang])
        closing = f"{_AGAIN[lang]}{parts.json}\n" if mode == "generate" and form.style == "chat" else ""
        text = "\n\n".join([parts.head, *examples, parts.body, f"{closing}{_CUE[lang]}"])
        return (Message(role="user", content=text),)


def _entries(record: Any) -> int:
    return len(record.history) if isinstance(record, UserRecord) else 0


_CUE: Mapping[Lang, str] = {"en": "Answer:", "zh": "答案："}
_AGAIN: Mapping[Lang, str] = {"en": "Now reply with JSON only, like this: ", "zh": "现在只回复 JSON，格式如："}
_EXAMPLES: Mapping[Lang, str] = {"en": "Examples with their right answers:", "zh": "示例及其正确答案："}
_NOW: Mapping[Lang, str] = {"en": "Now this one:", "zh": "现在请回答这一条："}
