"""The log-probability of each allowed answer, from the alternatives that are reported for the answer's token."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

SPACES = " \t\r\nĠ▁Ċ"
"""White space; SentencePiece and byte-level tokenizers write the space before a word in their own way."""


def logprobs_among(
    seen: Mapping[str, float], choices: Sequence[str], tokens: Sequence[str] | None = None
) -> list[float]:
    """One natural logarithm per allowed answer; minus infinity for one that was not reported.

    Args:
        seen: the log-probabilities of the reported tokens.
        choices: the allowed answers.
        tokens: how the token of each is reported. None if that is not known: the probabilities of all tokens that
            equal an answer are then added up, whatever spaces are around them.
    """
    if tokens is not None:
        return [seen.get(token, -math.inf) for token in tokens]
    matching: dict[str, list[float]] = {choice: [] for choice in choices}
    for token, logprob in seen.items():
        matching.get(token.strip(SPACES), []).append(logprob)
    return [_log_sum(logprobs) for logprobs in matching.values()]


def _log_sum(logprobs: list[float]) -> float:
    """Logarithm of the sum of probabilities; a single logarithm is returned unchanged."""
    top = max(logprobs, default=-math.inf)
    if len(logprobs) < 2 or math.isinf(top):
        return top
    # Relative to the largest: servers report -9999 for what is masked, and exp(-9999) is 0.
    return top + math.log(math.fsum(math.exp(x - top) for x in logprobs))
