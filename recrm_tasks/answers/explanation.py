"""Why an answer was read as it was, in a sentence for people who look at a log. Nothing is computed from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from recrm_tasks.answers.kind import Kind
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.scoring.outcomes import Answer, Reason

_QUOTED = 200
"""The most characters of a text that an explanation repeats."""
_LINES = 20
"""Lines at each end of a text that are tried by themselves."""
_LISTED = 30
"""The most numbers that an explanation repeats."""

_WHY = {
    Reason.EMPTY: "there is no text",
    Reason.TRUNCATED: "a thinking section or a JSON object is not closed",
    Reason.NO_ANSWER: "no answer in an accepted form",
    Reason.AMBIGUOUS: "different answers, or one that is taken back",
    Reason.OUT_OF_RANGE: "an answer that is not among those allowed",
    Reason.DUPLICATE: "a candidate is named twice",
}


def of_text(answer: Answer, completion: str, prompt: Prompt, kind: Kind[Any], cut: bool = False) -> str:
    """What was read out of which part of a completion, or why nothing was.

    Args:
        answer: as it was read.
        completion: what the model wrote.
        prompt: the question.
        kind: of the answer.
        cut: whether the token limit cut the completion off.
    """
    stated = prompt.stated(completion)
    text = completion if not isinstance(stated, str) or isinstance(stated, Reason) else stated
    hidden = len(completion) - len(text)
    thinking = f" after {hidden:,} characters of thinking" if hidden > 1 and prompt.style == "chat" else ""
    if answer.reason is not None:
        limit = "; the token limit cut it off" if cut else ""
        text = f": {quoted(text)}" if text.strip() else ""
        return f"Unreadable ({answer.reason}): {_WHY[Reason(answer.reason)]}{thinking}{limit}{text}"
    part, where = _part(answer, text, prompt, kind)
    return f"{kind.shown(answer.value, prompt)}, read from {where}{thinking}: {quoted(part)}"


def of_numbers(answer: Answer, numbers: Sequence[float], prompt: Prompt, kind: Kind[Any]) -> str:
    """The numbers that an answer was read from, by choice.

    Args:
        answer: as it was read.
        numbers: log-probabilities of the choices, or scores of contents.
        prompt: the question.
        kind: of the answer.
    """
    if prompt.reads == "content":
        return f"Scores that the model gave: {_listed([f'{number:.4g}' for number in numbers])}"
    top = max(numbers)
    weights = [math.exp(number - top) if top > -math.inf else 0.0 for number in numbers]
    shares = [weight / (sum(weights) or 1.0) for weight in weights]
    names = [kind.shown(i, prompt) for i in range(len(numbers))] if kind.has_labels else prompt.choices
    each = [
        f"{name} {share:.1%}" if number > -math.inf else f"{name} not reported"
        for name, number, share in zip(names, numbers, shares, strict=True)
    ]
    said = f"Probabilities of the allowed answers: {_listed(each)}"
    if answer.reason is None:
        return f"{kind.shown(answer.value, prompt)}. {said}"
    why = "two answers are equally likely" if answer.reason == Reason.AMBIGUOUS else "no allowed answer was reported"
    return f"Unreadable ({answer.reason}): {why}. {said}"


def quoted(text: str) -> str:
    """A text in one line, without its middle if it is long."""
    flat = " ".join(text.split()).replace("`", "'")
    half = _QUOTED // 2
    return f"`{flat if len(flat) <= _QUOTED else f'{flat[:half]} … {flat[-half:]}'}`"


def _listed(each: Sequence[str]) -> str:
    return ", ".join(each[:_LISTED]) + (", …" if len(each) > _LISTED else "")


def _part(answer: Answer, text: str, prompt: Prompt, kind: Kind[Any]) -> tuple[str, str]:
    """The line of a text that gives the answer by itself, the last one if several do; else the whole text."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        alone = prompt._replace(opened=None)
        for line in (*reversed(lines[-_LINES:]), *lines[:-_LINES][:_LINES]):
            if kind.read(line, alone) == answer:
                return line, "the last line" if line is lines[-1] else "the line"
    return text, "the text"
