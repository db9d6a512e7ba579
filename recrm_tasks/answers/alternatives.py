"""The log-probability of each allowed answer, from the alternatives that are reported for the answer's token."""

from __future__ import annotations

import math
from collections.abc import Sequence

SPACES = " \t\r\nĠ▁Ċ"
"""White space; SentencePiece and byte-level tokenizers write the space before a word in their own way."""


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
