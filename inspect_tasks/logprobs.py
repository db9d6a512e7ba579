"""The log-probability of each allowed answer, from the alternatives that a provider reports for the first token."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from inspect_ai.model import ModelOutput

from recrm_tasks.answers.alternatives import SPACES, logprobs_among
from recrm_tasks.answers.thinking import answer_start
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.outcomes import Reason

_TEXT = {ord("Ġ"): " ", ord("▁"): " ", ord("Ċ"): "\n"}


def choice_logprobs(
    output: ModelOutput,
    choices: Sequence[str],
    tokens: Sequence[str] | None = None,
    *,
    opened: str | None = None,
    marks: Sequence[str] | None = None,
) -> list[float] | Reason:
    """The log-probability of each choice's token, the one that lm-eval scores.

    Where that token is not known, the probabilities of all reported tokens that equal the choice are added up, whatever
    spaces are around them.

    Args:
        output: what the provider returned; its first answer token must have its alternatives.
        choices: the allowed answers, one token each.
        tokens: how the provider writes the token of each choice; None if that is not known.
        opened: what the prompt left open; see `recrm_tasks.answers.thinking`.
        marks: the user's own marks of thinking.

    Returns:
        One natural logarithm per choice; minus infinity for a choice that is not among the alternatives. `truncated`
        if the model began to think and did not finish.

    Raises:
        HarnessError: the provider returned no log-probabilities.
    """
    content = output.choices[0].logprobs.content if output.choices and output.choices[0].logprobs else None
    if not content:
        raise HarnessError(
            f"{output.model} returned no log-probabilities. For providers without them (or without top_logprobs) use "
            "generated answers: -T answer=generate"
        )
    # Providers remove a thinking section from the text but keep it here: the answer begins after it.
    texts = [token.token.translate(_TEXT) for token in content]
    start = answer_start("".join(texts), opened, (marks[0], marks[1]) if marks else None)
    if isinstance(start, Reason):
        return start
    ends = accumulate(map(len, texts))
    answer = [token for token, end in zip(content, ends, strict=True) if end > start or not start]
    # A token without text is part of a character, not a space: it must not be skipped. Without thinking there is only
    # one token, and its alternatives count even if it is a space.
    first = next((token for token in answer if token.token.strip(SPACES) or not token.token), None)
    if first is None and not start:
        first = answer[0]
    if first is None:
        return [-math.inf] * len(choices)
    seen = [(token.token, token.logprob) for token in first.top_logprobs or []]
    return logprobs_among(seen, (first.token, first.logprob), choices, tokens)
