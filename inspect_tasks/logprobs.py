"""The log-probability of each allowed answer, from the alternatives that a provider reports for the first token."""

from __future__ import annotations

import math
from collections.abc import Sequence

from inspect_ai.model import ModelOutput

from recrm_tasks.answers.alternatives import answer_place, logprobs_among
from recrm_tasks.errors import HarnessError
from recrm_tasks.scoring.outcomes import Reason


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
    place = answer_place([token.token for token in content], opened, (marks[0], marks[1]) if marks else None)
    if isinstance(place, Reason):
        return place
    if place is None:
        return [-math.inf] * len(choices)
    first = content[place]
    seen = [(token.token, token.logprob) for token in first.top_logprobs or []]
    return logprobs_among(seen, (first.token, first.logprob), choices, tokens)
