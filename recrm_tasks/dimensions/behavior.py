"""User behavior prediction (UBP): how likely is it that this user acts on this item?"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from recrm_tasks.answers.reading import marker_of, read
from recrm_tasks.dimensions.base import (
    PLAIN,
    Dimension,
    Form,
    LabelSet,
    Lang,
    Mode,
    Prompt,
    Question,
    Style,
    Text,
    choice_names,
    messages_of,
    render,
)
from recrm_tasks.dimensions.names import ITEM, USER
from recrm_tasks.dimensions.user import UserRecord
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.aggregate.parts import Parts, probability_parts
from recrm_tasks.scoring.compare.tables import Differences, probability_differences
from recrm_tasks.scoring.metrics.diagnoses import Diagnosis, reliability_rows
from recrm_tasks.scoring.metrics.tables import Metrics, probability_metrics
from recrm_tasks.scoring.outcomes import Answer, Outcome, Reason, normalise

_KEYS = ("probability", "answer", "概率", "可能性", "答案")
_MARKER = marker_of(_KEYS)
_NUMBER = re.compile(r"(\d{1,20}(?:\.\d{0,40})?|\.\d{1,40})[ ]?(%?)")

_QUESTION: Mapping[Lang, str] = {
    "en": (
        "You predict what users of a platform for local services do. Below are a user's profile and history, the "
        "present context and one item. Weigh recent habits above old ones, and mind what the context rules out. "
        "Will this user act on the item (click, book or order it)?"
    ),
    "zh": (
        "你负责预测本地生活平台用户的行为。下面是用户画像、历史行为、当前情境和一个候选项。"
        "近期习惯比早先习惯更重要，并注意情境排除了什么。该用户会对这个候选项采取行动（点击、预订或下单）吗？"
    ),
}
_FORMAT: Mapping[Lang, str] = {
    "en": '{"probability": <number from 0 to 1>}',
    "zh": '{"probability": <0 到 1 的数>}',
}
_ASK: Mapping[Mode, Mapping[Lang, str]] = {
    "generate": {
        "en": (
            f"Reply with JSON only, the probability from 0 (surely not) to 1 (surely) and nothing else: {_FORMAT['en']}"
        ),
        "zh": f"只回复 JSON，其中只有 0（肯定不会）到 1（肯定会）之间的概率，不要写别的内容：{_FORMAT['zh']}",
    },
    "logprob": {
        "en": "Options:\nA. yes\nB. no\n\nReply with the letter of one option and nothing else.",
        "zh": "选项：\nA. 会\nB. 不会\n\n只回复一个选项的字母，不要写别的内容。",
    },
}
_COMPLETE: Mapping[Lang, str] = {
    "en": "Answer with the probability, a number from 0 (surely not) to 1 (surely).",
    "zh": "用 0（肯定不会）到 1（肯定会）之间的概率作答。",
}


class BehaviorRecord(UserRecord):
    """A user, the moment, and an item; the label says whether the user acted on it."""

    item: Text
    label: Literal[0, 1]

    shown = {"profile": "", "history": [], "context": "", "item": ""}


class BehaviorDimension(Dimension):
    """User behavior prediction."""

    key = "behavior"
    title = "user behavior prediction"
    column = "UBP"
    position = 4
    version = 4
    primary = "auc"
    record_type = BehaviorRecord
    strata = ("label",)
    aliases = (
        "user behavior",
        "user behaviour",
        "behaviour",
        "behavior prediction",
        "click prediction",
        "ctr",
        "用户行为预测",
        "行为预测",
    )
    columns = {**USER, "item": ITEM}
    telling = (
        "click", "clicked", "is_click", "order", "ordered", "is_order", "purchase", "purchased", "action", "acted",
        "converted", "conversion", "是否点击", "是否下单", "点击", "下单", "购买",
    )  # fmt: skip

    def prompt(
        self,
        record: BehaviorRecord,
        labels: LabelSet | None,
        mode: Mode,
        lang: Lang | None = None,
        form: Form = PLAIN,
    ) -> Prompt:
        """See `Dimension.prompt`. The first choice is yes."""
        spoken = lang or record.lang
        return Prompt(
            id=record.id,
            lang=spoken,
            messages=messages_of(
                record, lambda: self.question(record, labels, mode, spoken, form.style), mode, spoken, form
            ),
            choices=choice_names(2),
            words=(),
            gold=record.label,
            target=str(record.label),
            group=record.group,
            style=form.style,
        )

    def question(
        self, record: BehaviorRecord, labels: LabelSet | None, mode: Mode, lang: Lang, style: Style
    ) -> Question:
        """See `Dimension.question`."""
        answer = choice_names(2)[1 - record.label] if mode == "logprob" else str(record.label)
        ask = _COMPLETE[lang] if mode == "generate" and style == "completion" else _ASK[mode][lang]
        return Question(
            head=f"{_QUESTION[lang]}\n\n{ask}",
            body=f"{record.show_user(lang)}\n\n{'【候选项】' if lang == 'zh' else '[Item]'}\n{render(record.item)}",
            json=_FORMAT[lang],
            answer=json.dumps({"probability": record.label}) if mode == "generate" and style == "chat" else answer,
        )

    def steps(self, record: BehaviorRecord) -> int:
        """See `Dimension.steps`."""
        return 0 if record.messages else len(record.history)

    def shorter(self, record: BehaviorRecord, steps: int) -> BehaviorRecord:
        """See `Dimension.shorter`."""
        return record.without_oldest(steps)

    def read(self, completion: object, prompt: Prompt) -> Answer:
        """A probability in [0, 1], or a percentage with its sign."""
        return read(prompt.stated(completion), _KEYS, _MARKER, _parse)

    def weigh(self, logprobs: Sequence[float], prompt: Prompt) -> Answer:
        """P(yes) / (P(yes) + P(no))."""
        if len(logprobs) != 2:
            raise HarnessError(f"{prompt.id}: {len(logprobs)} log-probabilities for yes and no")
        shares = normalise(logprobs)
        return Answer.invalid(Reason.NO_ANSWER) if shares is None else Answer(shares[0])

    def class_names(self, prompt: Prompt) -> tuple[tuple[str, ...], ...]:
        """Yes and no; a classifier that names no classes was trained on the records' own 1 and 0."""
        return ("yes", "1", "label_1", "true", "会", "是"), ("no", "0", "label_0", "false", "不会", "否")

    def credit(self, outcome: Outcome) -> float:
        """The probability given to what happened."""
        if not isinstance(outcome.value, float):
            return 0.0
        return outcome.value if outcome.gold == 1 else 1 - outcome.value

    def right(self, outcome: Outcome) -> bool:
        """The probability is on the side of what happened; 0.5 is a yes."""
        return isinstance(outcome.value, float) and (outcome.value >= 0.5) == (outcome.gold == 1)

    def measure(self, outcomes: Sequence[Outcome]) -> Metrics:
        """See `Dimension.measure`."""
        return probability_metrics(outcomes)

    def parts(self, outcomes: Sequence[Outcome]) -> Parts:
        """See `Dimension.parts`."""
        return probability_parts(outcomes)

    def compare(self, first: Sequence[Outcome], second: Sequence[Outcome]) -> Differences:
        """See `Dimension.compare`."""
        return probability_differences(first, second)

    def diagnose(self, outcomes: Sequence[Outcome]) -> Diagnosis:
        """See `Dimension.diagnose`."""
        return reliability_rows(outcomes)


def _parse(stated: object) -> float | Reason | None:
    """One stated probability: a number, or text that is nothing but a number."""
    if isinstance(stated, bool):
        return None
    if isinstance(stated, int | float):
        return _in_range(stated, 1)
    if not isinstance(stated, str):
        return None
    match = _NUMBER.fullmatch(stated)
    if match is None:
        return Reason.OUT_OF_RANGE if re.fullmatch(r"[-+]?\d{1,40}(?:\.\d{1,40})?[ ]?%?", stated) else None
    return _in_range(float(match.group(1)), 100 if match.group(2) else 1)


def _in_range(number: float, scale: int) -> float | Reason:
    if isinstance(number, float) and not math.isfinite(number):
        return Reason.OUT_OF_RANGE
    return number / scale if 0 <= number <= scale else Reason.OUT_OF_RANGE
