"""Answers that are one label from the source's declared set: options have letters; letters and label words are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from recrm_tasks.answers.kind import Kind, Posed, Question, completes, normalise
from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.answers.prompt import Lang, Mode, Prompt, Style, choice_names
from recrm_tasks.answers.reading import bare, marker_of, read
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.aggregate.parts import Parts, in_order, single_parts
from recrm_tasks.scoring.columns import Rows
from recrm_tasks.scoring.diagnosis import Diagnosis, Heatmap
from recrm_tasks.scoring.label_metrics import LABEL_METRICS, Labels
from recrm_tasks.scoring.metrics.estimate import NAN
from recrm_tasks.scoring.metrics.f1 import confusion
from recrm_tasks.scoring.outcomes import Answer, Outcome, Reason

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


class LabelKind(Kind[Labels]):
    """One label from a small set."""

    name = "label"
    gold_fields = ("label",)
    has_labels = True
    primary = "acc"
    strata = ("label",)
    hub_task = "text-classification"
    metrics = LABEL_METRICS

    def posed(self, record: Any, labels: LabelSet | None, lang: Lang, orders: int) -> Iterator[Posed]:
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

    def read(self, completion: object, prompt: Prompt) -> Answer:
        """See `Kind.read`."""
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
        """1 if correct, else 0."""
        return float(self.right(outcome))

    def right(self, outcome: Outcome) -> bool:
        """Whether the label is the gold label."""
        return outcome.reason is None and outcome.value == outcome.gold

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

    def baseline(self, table: Labels) -> float:
        """See `Kind.baseline`: the accuracy of the most frequent label."""
        return table.majority

    def diagnose(self, outcomes: Sequence[Outcome], names: Mapping[int, str]) -> Diagnosis:
        """The confusion matrix: a row per gold label, the last column for unreadable answers."""
        table, _ = self.table(outcomes)
        counts = confusion(table.gold, table.answered)
        letters = choice_names(len(counts))
        called = [names.get(i, letter) for i, letter in enumerate(letters)]
        answers = [*letters, "unreadable"]
        return Diagnosis(
            name="confusion",
            title="Confusion",
            caption="Labels by their place in the label set, from 0.",
            rows=[
                {"gold": label, **{f"answered {i}": int(n) for i, n in enumerate(row[:-1])}, "unreadable": int(row[-1])}
                for label, row in enumerate(counts)
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


def _parse(stated: object, prompt: Prompt) -> int | Reason | None:
    """Reads one statement: a letter, a letter followed by an explanation, or a label's words."""
    if isinstance(stated, bool) or not isinstance(stated, str | int | float):
        return None
    if not isinstance(stated, str):
        stated = str(stated)  # labels may be numbers
    text = stated.casefold()
    for index, words in enumerate(prompt.words):
        if text in words:
            return index
    match = _LETTER.match(stated)
    if match is None:
        return Reason.OUT_OF_RANGE if _NUMBER.fullmatch(stated) else None
    letter, rest = match.group(1).upper(), match.group(2) or ""
    if rest and match.group(1) != letter:
        return None  # "a. something" is a list item, not a choice
    if letter not in prompt.choices:
        return Reason.OUT_OF_RANGE if not rest.strip() else None
    index = prompt.choices.index(letter)
    others = set(prompt.choices) - {letter}
    if any(token in others for token in re.findall(r"(?<![A-Za-z'])[A-Z](?![A-Za-z'])", rest)):
        return Reason.AMBIGUOUS
    named = _label_named(bare(rest).casefold(), prompt)
    return Reason.AMBIGUOUS if named not in (None, index) else index


def _label_named(text: str, prompt: Prompt) -> int | None:
    """The label whose words a text begins with ("irrelevant: another kind of thing"); the longest match wins.

    "yes" and "no" do not count here: "A. No rule is broken" does not contradict A.
    """
    claims = [
        (len(word), index)
        for index, words in enumerate(prompt.words)
        for word in words
        if len(word) >= (4 if word.isascii() else 2) and text.startswith(word) and _ends(word, text)
    ]
    return max(claims)[1] if claims else None


def _ends(word: str, text: str) -> bool:
    """Whether the word at the start of a text is a whole word: "consistent" is not one in "consistently"."""
    following = text[len(word) : len(word) + 1]
    return not (word[-1].isascii() and following.isascii() and following.isalnum())


LABEL = LabelKind()
