"""The log-probability of each allowed answer, from the alternatives that are reported for the answer's token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from recrm_tasks.answers.thinking import Marks, answer_start
from recrm_tasks.scoring.outcomes import Reason

SPACES = " \t\r\nĠ▁Ċ"
"""White space; SentencePiece and byte-level tokenizers write the space before a word in their own way."""

_TEXT = {ord("Ġ"): " ", ord("▁"): " ", ord("Ċ"): "\n"}


def answer_place(tokens: Sequence[str], opened: str | None = None, marks: Marks | None = None) -> int | Reason | None:
    """The place of the answer's token among those that the model wrote.

    Args:
        tokens: as they are reported, with those of thinking; at least one.
        opened: what the prompt left open; see `recrm_tasks.answers.thinking`.
        marks: the user's own marks of thinking.

    Returns:
        The place; None if the answer has not begun. `truncated` if the model began to think and did not finish.
    """
    texts = [token.translate(_TEXT) for token in tokens]
    start = answer_start("".join(texts), opened, marks)
    if isinstance(start, Reason):
        return start
    ends = accumulate(map(len, texts))
    answer = [place for place, end in enumerate(ends) if end > start or not start]
    # A token without text is part of a character, not a space: it must not be skipped. Without thinking there is only
    # one token, and its alternatives count even if it is a space.
    first = next((place for place in answer if tokens[place].strip(SPACES) or not tokens[place]), None)
    return 0 if first is None and not start else first


def logprobs_among(
    seen: Sequence[tuple[str, float]],
    written: tuple[str, float],
    choices: Sequence[str],
    tokens: Sequence[str] | None = None,
) -> list[float]:
    """One natural logarithm per allowed answer; minus infinity for one that was not reported.

    Args:
        seen: the reported tokens and their log-probabilities. Two tokens may have one text: servers write those of
            SentencePiece without the space before the word.
        written: the token that the model chose, which need not be among them.
        choices: the allowed answers.
        tokens: how the token of each is reported; of several with this text the most likely one counts. None if that
            is not known: the probabilities of all tokens that equal an answer are then added up, whatever spaces are
            around them.
    """
    if written[0] not in (token for token, _ in seen):
        seen = [*seen, written]
    if tokens is not None:
        return [max((logprob for one, logprob in seen if one == token), default=-math.inf) for token in tokens]
    matching: dict[str, list[float]] = {choice: [] for choice in choices}
    for token, logprob in dict.fromkeys(seen):  # a token that is reported twice counts once
        matching.get(token.strip(SPACES), []).append(logprob)
    return [_log_sum(logprobs) for logprobs in matching.values()]


def _log_sum(logprobs: list[float]) -> float:
    """Logarithm of the sum of probabilities; a single logarithm is returned unchanged."""
    top = max(logprobs, default=-math.inf)
    if len(logprobs) < 2 or math.isinf(top):
        return top
    # Relative to the largest: servers report -9999 for what is masked, and exp(-9999) is 0.
    return top + math.log(math.fsum(math.exp(x - top) for x in logprobs))
