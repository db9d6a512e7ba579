"""Answers that are the probability of a yes."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

import numpy as np

from recrm_tasks.answers.decision_reading import contradicts
from recrm_tasks.answers.kind import Kind, Posed, Question, completes, normalise
from recrm_tasks.answers.label_reading import FORMS as LABEL_FORMS
from recrm_tasks.answers.label_reading import read_label, read_label_line, read_only_label
from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.probability_reading import FORMS, read_probability, read_probability_line
from recrm_tasks.answers.prompt import Ask, Lang, Mode, Prompt, Style, choice_names
from recrm_tasks.answers.reading import read
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.aggregate.forms import HOLDS
from recrm_tasks.scoring.aggregate.parts import Parts, in_order, single_parts
from recrm_tasks.scoring.agreement.numbers import PROBABILITY_AGREEMENT, NumberRatings
from recrm_tasks.scoring.columns import Rows
from recrm_tasks.scoring.content_scores import Scores, diagnosis_of_pairs, reads_of
from recrm_tasks.scoring.diagnosis import Curve, Diagnosis
from recrm_tasks.scoring.metrics.calibration import reliability_curve
from recrm_tasks.scoring.metrics.estimate import Floats
from recrm_tasks.scoring.outcomes import Answer, Outcome, Reason, Value
from recrm_tasks.scoring.probability_metrics import PROBABILITY_METRICS, YES, Probabilities

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
READY_WORDS = (
    ("yes", "true", "click", "会", "会的", "是", "会点击", "点击"),
    ("no", "false", "no click", "not click", "不会", "否", "不会点击", "不点击", "未点击"),
)
"""Words for yes and no in answers to ready prompts, which may ask for them instead of a probability."""


class ProbabilityKind(Kind[Probabilities]):
    """A probability. In log-probability mode the choices are yes and no."""

    name = "probability"
    gold_fields = ("label",)
    primary = "auc"
    strata = ("label",)
    hub_task = "text-ranking"
    metrics = PROBABILITY_METRICS
    agreement = PROBABILITY_AGREEMENT

    def posed(
        self, record: Any, labels: LabelSet | None, lang: Lang, orders: int, ask: Ask = "list"
    ) -> Iterator[Posed]:
        """See `Kind.posed`. The first choice is yes."""
        yield Posed(
            id=record.id,
            group=record.group,
            choices=choice_names(2),
            shown=(),
            words=READY_WORDS if record.messages else (),
            gold=record.label,
            target=str(record.label),
        )

    def question(self, text: str, body: str, posed: Posed, mode: Mode, lang: Lang, style: Style) -> Question:
        """See `Kind.question`."""
        ask = _COMPLETE[lang] if completes(mode, style) else _ASK[mode][lang]
        answer = posed.choices[1 - posed.gold] if mode == "logprob" else str(posed.gold)
        return Question(
            head=f"{text}\n\n{ask}",
            body=body,
            json=_FORMAT[lang],
            answer=json.dumps({"probability": posed.gold}) if mode == "generate" and style == "chat" else answer,
        )

    def ungraded(self, labels: LabelSet | None, candidates: int) -> dict[str, Any]:
        """See `Kind.ungraded`."""
        return {"label": 0}

    def class_names(self, prompt: Prompt) -> tuple[tuple[str, ...], ...]:
        """Yes and no. Classes without names are taken for 1 and 0, as in the records."""
        return ("yes", "1", "label_1", "true", "会", "是"), ("no", "0", "label_0", "false", "不会", "否")

    def mistaken(self, prompt: Prompt, draw: float) -> tuple[Prompt, float]:
        """See `Kind.mistaken`: the contrary."""
        return prompt._replace(gold=0 if prompt.gold else 1), 1.0

    def best(self, prompt: Prompt) -> Prompt:
        """See `Kind.best`: yes."""
        return prompt._replace(gold=1)

    def decides(self, verdicts: Floats) -> Floats:
        """See `Kind.decides`: whether yes is more likely than no."""
        return np.asarray(verdicts > HOLDS, dtype=np.float64)

    def read(self, completion: object, prompt: Prompt) -> Answer:
        """Reads a probability in [0, 1], or a percentage with its sign; of a ready prompt, which may ask
        for JSON with keys of its own, also a plain yes or no."""
        stated = prompt.stated(completion)
        answer = read(stated, FORMS, read_probability, read_probability_line, parse_end=read_probability)
        if isinstance(answer.value, float | int) and contradicts(stated, answer.value):
            return Answer.invalid(Reason.AMBIGUOUS)
        if answer.reason != Reason.NO_ANSWER or not prompt.words:
            return answer
        unlettered = prompt._replace(choices=())  # nothing says what a letter means
        said = read(
            stated,
            LABEL_FORMS,
            lambda text: read_label(text, unlettered),
            lambda line: read_label_line(line, unlettered),
        )
        if said.reason == Reason.NO_ANSWER and (only := read_only_label(stated, unlettered)) is not None:
            return Answer(1.0 - only)
        return Answer(1.0 - said.value) if isinstance(said.value, int) else answer

    def weigh(self, logprobs: Sequence[float], prompt: Prompt) -> Answer:
        """P(yes) / (P(yes) + P(no))."""
        if len(logprobs) != 2:
            raise HarnessError(f"{prompt.id}: {len(logprobs)} log-probabilities for yes and no")
        shares = normalise(logprobs)
        return Answer.invalid(Reason.NO_ANSWER) if shares is None else Answer(shares[0])

    def credit(self, outcome: Outcome) -> float:
        """The probability that was stated for what happened; 0.5 for the score of a content."""
        if outcome.question is not None:
            return 0.5
        if not isinstance(outcome.value, float):
            return 0.0
        return outcome.value if outcome.gold == 1 else 1 - outcome.value

    def right(self, outcome: Outcome) -> bool:
        """Whether the probability, as a yes or no, is what happened."""
        if outcome.question is not None or not isinstance(outcome.value, float):
            return False
        return (outcome.value >= YES) == (outcome.gold == 1)

    def parts(self, outcomes: Sequence[Outcome]) -> Parts:
        """See `Kind.parts`. The label is the gold value, the probability the verdict."""
        ordered, clusters = in_order(outcomes)
        table, _ = self.table(ordered)
        return single_parts(ordered, clusters, table.gold.astype(np.float64), table.stated)

    def table(self, outcomes: Sequence[Outcome]) -> tuple[Probabilities, Rows]:
        """See `Kind.table`."""
        return Probabilities.of(outcomes)

    def table_in_any_order(self, outcomes: Sequence[Outcome]) -> tuple[Probabilities, Rows]:
        """See `Kind.table_in_any_order`: by probability."""
        return Probabilities.ascending(outcomes)

    def ratings(self, judges: Sequence[Sequence[Outcome]]) -> NumberRatings:
        """See `Kind.ratings`."""
        return NumberRatings.of(judges)

    def decision(self, outcome: Outcome) -> Hashable:
        """See `Kind.decision`: yes or no. The score of a content is as it is."""
        if not isinstance(outcome.value, float | int) or outcome.question is not None:
            return outcome.value
        return outcome.value >= YES

    def joint(self, values: Sequence[Value]) -> Answer:
        """See `Kind.joint`: the mean probability."""
        return Answer(fmean([value for value in values if not isinstance(value, tuple)]))

    def baseline(self, table: Probabilities) -> float:
        """See `Kind.baseline`: the accuracy of the more frequent label."""
        return table.labels.majority

    def diagnose(self, outcomes: Sequence[Outcome], names: Mapping[int, str]) -> Diagnosis:
        """The points of a reliability diagram over readable answers: the bins of `ece`. Of scores, the pairs."""
        if reads_of(outcomes) == "content":
            return diagnosis_of_pairs(Scores.of(outcomes)[0])
        table, rows = self.table(outcomes)
        bins = [point._asdict() for point in reliability_curve(table.gold[rows.readable], table.stated[rows.readable])]
        return Diagnosis(
            name="reliability",
            title="Reliability",
            caption="The bins of ECE: number of answers, mean stated probability, share of positives. In a calibrated "
            "model the two are equal.",
            rows=bins,
            plot=Curve(
                "Readable answers in bins of equal size. On the diagonal a model is calibrated.",
                "probability",
                "positives",
                "n",
                "stated probability, mean of a bin",
                "share that acted",
            ),
            points=bins,
        )


PROBABILITY = ProbabilityKind()
