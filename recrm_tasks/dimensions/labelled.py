"""Dimensions whose answer is one label out of the source's declared set."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from recrm_tasks.answers.reading import bare, marker_of, read
from recrm_tasks.dimensions.base import (
    PLAIN,
    Dimension,
    Form,
    Label,
    LabelSet,
    Lang,
    Mode,
    Prompt,
    Question,
    Record,
    Style,
    choice_names,
    messages_of,
)
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.aggregate.parts import Parts, label_parts
from recrm_tasks.scoring.compare.tables import Differences, label_differences
from recrm_tasks.scoring.metrics.diagnoses import Diagnosis, confusion_rows
from recrm_tasks.scoring.metrics.tables import Metrics, label_metrics
from recrm_tasks.scoring.outcomes import Answer, Outcome, Reason, normalise

_KEYS = ("answer", "label", "答案", "标签")
_MARKER = marker_of(_KEYS)
_LETTER = re.compile(
    r"""(?:option\s|选项|选)?\s?[(\[]?([A-Za-z])[)\]]?   # B, (B), option B
        (?:$|[*"'`]*(?:\s?[.,:;、。)\]–—(]|\s-\s)(.*)$)  # the end, or a mark and an explanation""",
    re.VERBOSE | re.IGNORECASE,
)

_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?")
_FORMAT: Mapping[Lang, str] = {"en": '{"answer": "<letter>"}', "zh": '{"answer": "<字母>"}'}
_ASK: Mapping[Mode, Mapping[Lang, str]] = {
    "generate": {
        "en": f"Reply with JSON only, the letter of one option and nothing else: {_FORMAT['en']}",
        "zh": f"只回复 JSON，其中只有一个选项的字母，不要写别的内容：{_FORMAT['zh']}",
    },
    "logprob": {
        "en": "Reply with the letter of one option and nothing else.",
        "zh": "只回复一个选项的字母，不要写别的内容。",
    },
}
_COMPLETE: Mapping[Lang, str] = {"en": "Answer with the letter of one option.", "zh": "用一个选项的字母作答。"}
_OPTIONS: Mapping[Lang, str] = {"en": "Options:", "zh": "选项："}


class LabelledRecord(Record):
    """A record with one label out of the declared set."""

    label: str


class LabelledDimension(Dimension):
    """Shared by all dimensions with labels: options by letter, reading of letters and label words, metrics."""

    question_text: ClassVar[Mapping[Lang, str]]
    """The instruction that all records of the dimension share."""
    primary = "acc"
    strata: ClassVar[tuple[str, ...]] = ("label",)

    @abstractmethod
    def body(self, record: Any, lang: Lang) -> str:
        """The record's part of the prompt."""

    def prompt(
        self,
        record: LabelledRecord,
        labels: LabelSet | None,
        mode: Mode,
        lang: Lang | None = None,
        form: Form = PLAIN,
    ) -> Prompt:
        """See `Dimension.prompt`."""
        assert labels is not None
        spoken = lang or record.lang
        letters = choice_names(len(labels.labels))
        gold = labels.names.index(record.label)
        return Prompt(
            id=record.id,
            lang=spoken,
            messages=messages_of(
                record, lambda: self.question(record, labels, mode, spoken, form.style), mode, spoken, form
            ),
            choices=letters,
            words=tuple(label.spoken for label in labels.labels),
            gold=gold,
            target=f"{letters[gold]} ({record.label})",
            group=record.group,
            values=tuple(label.value for label in labels.labels),
            style=form.style,
        )

    def question(
        self, record: LabelledRecord, labels: LabelSet | None, mode: Mode, lang: Lang, style: Style
    ) -> Question:
        """See `Dimension.question`."""
        assert labels is not None
        letters = choice_names(len(labels.labels))
        options = [f"{letter}. {_meaning(x, lang)}" for letter, x in zip(letters, labels.labels, strict=True)]
        ask = _COMPLETE[lang] if mode == "generate" and style == "completion" else _ASK[mode][lang]
        right = letters[labels.names.index(record.label)]
        return Question(
            head="\n".join([self.question_text[lang], "", _OPTIONS[lang], *options, "", ask]),
            body=self.body(record, lang),
            json=_FORMAT[lang],
            answer=json.dumps({"answer": right}) if mode == "generate" and style == "chat" else right,
        )

    def read(self, completion: object, prompt: Prompt) -> Answer:
        """See `Dimension.read`."""
        return read(prompt.stated(completion), _KEYS, _MARKER, lambda stated: _parse(stated, prompt))

    def weigh(self, logprobs: Sequence[float], prompt: Prompt) -> Answer:
        """The most probable label; an exact tie at the top is ambiguous."""
        if len(logprobs) != len(prompt.choices):
            raise HarnessError(f"{prompt.id}: {len(logprobs)} log-probabilities for {len(prompt.choices)} labels")
        shares = normalise(logprobs)
        if shares is None:
            return Answer.invalid(Reason.NO_ANSWER)
        best = [i for i, share in enumerate(shares) if share == max(shares)]
        return Answer(best[0]) if len(best) == 1 else Answer.invalid(Reason.AMBIGUOUS)

    def credit(self, outcome: Outcome) -> float:
        """1 if right."""
        return float(self.right(outcome))

    def right(self, outcome: Outcome) -> bool:
        """The label is the gold one."""
        return outcome.reason is None and outcome.value == outcome.gold

    def measure(self, outcomes: Sequence[Outcome]) -> Metrics:
        """See `Dimension.measure`."""
        return label_metrics(outcomes)

    def parts(self, outcomes: Sequence[Outcome]) -> Parts:
        """See `Dimension.parts`."""
        return label_parts(outcomes)

    def compare(self, first: Sequence[Outcome], second: Sequence[Outcome]) -> Differences:
        """See `Dimension.compare`."""
        return label_differences(first, second)

    def diagnose(self, outcomes: Sequence[Outcome]) -> Diagnosis:
        """See `Dimension.diagnose`."""
        return confusion_rows(outcomes)


def _meaning(label: Label, lang: Lang) -> str:
    return label.zh if lang == "zh" else label.en


def _parse(stated: object, prompt: Prompt) -> int | Reason | None:
    """One stated answer: a letter, a letter with an explanation behind it, or a label's words."""
    if isinstance(stated, bool) or not isinstance(stated, str | int | float):
        return None
    if not isinstance(stated, str):
        stated = str(stated)  # a source may name its labels by numbers
    text = stated.casefold()
    for index, words in enumerate(prompt.words):
        if text in words:
            return index
    match = _LETTER.match(stated)
    if match is None:
        return Reason.OUT_OF_RANGE if _NUMBER.fullmatch(stated) else None
    letter, rest = match.group(1).upper(), match.group(2) or ""
    if rest and match.group(1) != letter:
        return None  # "a. something" is an item of a list, not a choice
    if letter not in prompt.choices:
        return Reason.OUT_OF_RANGE if not rest.strip() else None
    index = prompt.choices.index(letter)
    others = set(prompt.choices) - {letter}
    if any(token in others for token in re.findall(r"(?<![A-Za-z'])[A-Z](?![A-Za-z'])", rest)):
        return Reason.AMBIGUOUS
    named = _label_named(bare(rest).casefold(), prompt)
    return Reason.AMBIGUOUS if named not in (None, index) else index


def _label_named(text: str, prompt: Prompt) -> int | None:
    """The label whose words a text begins with ("irrelevant: another kind of thing"), the longest words first.

    "yes" and "no" do not count here: "A. No rule is broken" says nothing against A.
    """
    claims = [
        (len(word), index)
        for index, words in enumerate(prompt.words)
        for word in words
        if len(word) >= (4 if word.isascii() else 2) and text.startswith(word) and _ends(word, text)
    ]
    return max(claims)[1] if claims else None


def _ends(word: str, text: str) -> bool:
    """Whether the word that a text begins with ends there: "consistent" does not in "consistently"."""
    following = text[len(word) : len(word) + 1]
    return not (word[-1].isascii() and following.isascii() and following.isalnum())
