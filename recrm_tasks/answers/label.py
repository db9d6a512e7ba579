"""Answers that are one label from the source's declared set: options have letters; letters and label words are read."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from recrm_tasks.answers.kind import Kind, Posed, Question, completes, normalise
from recrm_tasks.answers.label_reading import FORMS, read_label, read_label_line, read_only_label
from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import Ask, Lang, Mode, Prompt, Style, choice_names, shows_all
from recrm_tasks.answers.reading import read
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.aggregate.parts import Parts, in_order, single_parts
from recrm_tasks.scoring.agreement.labels import LABEL_AGREEMENT, LabelRatings
from recrm_tasks.scoring.columns import Rows
from recrm_tasks.scoring.content_scores import Scores, diagnosis_of_pairs, reads_of
from recrm_tasks.scoring.diagnosis import Diagnosis, Heatmap
from recrm_tasks.scoring.label_metrics import LABEL_METRICS, Labels
from recrm_tasks.scoring.metrics.estimate import NAN
from recrm_tasks.scoring.metrics.f1 import confusion
from recrm_tasks.scoring.outcomes import Answer, Outcome, Reason, Value

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


class LabelKind(Kind[Labels]):
    """One label from a small set."""

    name = "label"
    gold_fields = ("label",)
    has_labels = True
    primary = "acc"
    strata = ("label",)
    hub_task = "text-classification"
    metrics = LABEL_METRICS
    agreement = LABEL_AGREEMENT

    def posed(
        self, record: Any, labels: LabelSet | None, lang: Lang, orders: int, ask: Ask = "list"
    ) -> Iterator[Posed]:
        """See `Kind.posed`."""
        assert labels is not None
        letters = choice_names(len(labels.labels))
        gold = labels.names.index(record.label)
        yield Posed(
            id=record.id,
            group=record.group,
            choices=letters,
            shown=tuple(label.zh if lang == "zh" else label.en for label in labels.labels),
            words=tuple(label.spoken for label in labels.labels),
            gold=gold,
            target=f"{letters[gold]} ({record.label})",
            values=tuple(label.value for label in labels.labels),
        )

    def question(self, text: str, body: str, posed: Posed, mode: Mode, lang: Lang, style: Style) -> Question:
        """See `Kind.question`. The options come between the question and the answer format."""
        options = [f"{letter}. {meaning}" for letter, meaning in zip(posed.choices, posed.shown, strict=True)]
        ask = _COMPLETE[lang] if completes(mode, style) else _ASK[mode][lang]
        right = posed.choices[posed.gold]
        return Question(
            head="\n".join([text, "", _OPTIONS[lang], *options, "", ask]),
            body=body,
            json=_FORMAT[lang],
            answer=json.dumps({"answer": right}) if mode == "generate" and style == "chat" else right,
        )

    def ungraded(self, labels: LabelSet | None, candidates: int) -> dict[str, Any]:
        """See `Kind.ungraded`."""
        assert labels is not None
        return {"label": labels.names[0]}

    def answer(self, prompt: Prompt, mode: Mode) -> str:
        """See `Kind.answer`. Of a ready prompt that does not show the letters, it is the name of the label."""
        if prompt.ready and mode == "generate":
            said = "\n".join(turn.content for turn in prompt.messages)
            gold = prompt.gold
            assert isinstance(gold, int)
            return prompt.choices[gold] if shows_all(said, prompt.choices) else prompt.words[gold][0]
        return super().answer(prompt, mode)

    def mistaken(self, prompt: Prompt, draw: float) -> tuple[Prompt, float]:
        """See `Kind.mistaken`: another label; it is worse by the difference of the labels' values."""
        gold = prompt.gold
        assert isinstance(gold, int)
        others = [label for label in range(len(prompt.choices)) if label != gold]
        chosen = others[int(draw * len(others))]
        return prompt._replace(gold=chosen), abs(prompt.values[gold] - prompt.values[chosen])

    def best(self, prompt: Prompt) -> Prompt:
        """See `Kind.best`: the label with the highest value."""
        return prompt._replace(gold=prompt.values.index(max(prompt.values)))

    def read(self, completion: object, prompt: Prompt) -> Answer:
        """See `Kind.read`. A ready prompt may ask for JSON with keys of its own."""
        stated = prompt.stated(completion, whole_list=True)
        answer = read(
            stated,
            FORMS,
            lambda statement: read_label(statement, prompt),
            lambda statement: read_label_line(statement, prompt),
            lambda statement: read_label(statement, prompt),
        )
        if answer.reason != Reason.NO_ANSWER or not prompt.ready:
            return answer
        label = read_only_label(stated, prompt)
        return answer if label is None else Answer(label)

    def weigh(self, logprobs: Sequence[float], prompt: Prompt) -> Answer:
        """The most probable label; an exact tie at the top is ambiguous."""
        shares = _shares(logprobs, prompt)
        if shares is None:
            return Answer.invalid(Reason.NO_ANSWER)
        best = [i for i, share in enumerate(shares) if share == max(shares)]
        return Answer(best[0]) if len(best) == 1 else Answer.invalid(Reason.AMBIGUOUS)

    def expected(self, logprobs: Sequence[float], prompt: Prompt) -> float | None:
        """See `Kind.expected`: the mean of the labels' values, weighted by their probabilities."""
        shares = _shares(logprobs, prompt)
        if shares is None:
            return None
        return math.fsum(share * value for share, value in zip(shares, prompt.values, strict=True))

    def shown(self, value: Value | None, prompt: Prompt) -> str:
        """See `Kind.shown`: the letter and the name of the label."""
        if not isinstance(value, int):
            return super().shown(value, prompt)
        return f"{prompt.choices[value]} ({prompt.words[value][0]})"

    def credit(self, outcome: Outcome) -> float:
        """1 if correct, else 0; 0.5 for the score of a content."""
        return float(self.right(outcome)) if outcome.question is None else 0.5

    def right(self, outcome: Outcome) -> bool:
        """Whether the label is the gold label."""
        return outcome.reason is None and outcome.question is None and outcome.value == outcome.gold

    def parts(self, outcomes: Sequence[Outcome]) -> Parts:
        """See `Kind.parts`. Each label has the value that its set declares.

        Raises:
            HarnessError: outcomes that no valid run can have, or without the values of their labels.
        """
        ordered, clusters = in_order(outcomes)
        table, _ = self.table(ordered)
        for outcome in ordered:
            if not outcome.values:
                raise HarnessError(f"record {outcome.id}: its log has no values of the labels")
        worth = [outcome.values for outcome in ordered]
        gold = [values[label] for values, label in zip(worth, table.gold.tolist(), strict=True)]
        verdict = [
            NAN if label < 0 else values[label] for values, label in zip(worth, table.answered.tolist(), strict=True)
        ]
        return single_parts(ordered, clusters, np.array(gold, np.float64), np.array(verdict, np.float64))

    def table(self, outcomes: Sequence[Outcome]) -> tuple[Labels, Rows]:
        """See `Kind.table`."""
        return Labels.of(outcomes)

    def ratings(self, judges: Sequence[Sequence[Outcome]]) -> LabelRatings:
        """See `Kind.ratings`."""
        return LabelRatings.of(judges)

    def joint(self, values: Sequence[Value]) -> Answer:
        """See `Kind.joint`: the most frequent label. A tie is no answer, as one of log-probabilities is none."""
        (first, most), *others = Counter(values).most_common(2)
        return Answer.invalid(Reason.AMBIGUOUS) if others and others[0][1] == most else Answer(first)

    def baseline(self, table: Labels) -> float:
        """See `Kind.baseline`: the accuracy of the most frequent label."""
        return table.majority

    def diagnose(self, outcomes: Sequence[Outcome], names: Mapping[int, str]) -> Diagnosis:
        """The confusion matrix: a row per gold label, the last column for unreadable answers. Of scores, the pairs."""
        if reads_of(outcomes) == "content":
            return diagnosis_of_pairs(Scores.of(outcomes)[0])
        table, _ = self.table(outcomes)
        counts = confusion(table.gold, table.answered)
        called = [names.get(i, letter) for i, letter in enumerate(choice_names(len(counts)))]
        answers = [*called, "unreadable"]
        return Diagnosis(
            name="confusion",
            title="Confusion",
            caption="A row for each gold label, a column for each answer.",
            rows=[
                {"gold": label, **{f"answered {i}": int(n) for i, n in enumerate(row[:-1])}, "unreadable": int(row[-1])}
                for label, row in enumerate(counts)
            ],
            named=[
                {
                    "gold": gold,
                    **{f"answered {name}": int(n) for name, n in zip(called, row, strict=False)},
                    "unreadable": int(row[-1]),
                }
                for gold, row in zip(called, counts, strict=True)
            ],
            plot=Heatmap(
                "Counts, shaded by their share of the gold label.", "answered", "gold", "n", "share", answers, called
            ),
            points=[
                {"gold": gold, "answered": answer, "n": int(n), "share": int(n) / int(row.sum()) if row.any() else 0.0}
                for gold, row in zip(called, counts, strict=True)
                for answer, n in zip(answers, row, strict=True)
            ],
        )


def _shares(logprobs: Sequence[float], prompt: Prompt) -> tuple[float, ...] | None:
    """The probability of each label."""
    if len(logprobs) != len(prompt.choices):
        raise HarnessError(f"{prompt.id}: {len(logprobs)} log-probabilities for {len(prompt.choices)} labels")
    return normalise(logprobs)


LABEL = LabelKind()
