"""What a judge said -> the part of a dimension."""

from __future__ import annotations

import math
from collections.abc import Sequence

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import HarnessError
from recrm_tasks.rewards.combine import Missing
from recrm_tasks.rewards.judges.judge import Reply
from recrm_tasks.rewards.places import discounted, ordered
from recrm_tasks.rewards.reward import Asked


def read_reply(prompt: Prompt, reply: Reply, soft: bool = False) -> Asked:
    """A question with what its reply is worth. Log-probabilities that no model gives are an error of the reply.

    Args:
        prompt: the question.
        reply: what the judge said.
        soft: whether log-probabilities of labels give their expected value, not that of the most probable label.
    """
    kind = dimension_of(prompt.dimension).kind
    prompt = prompt._replace(opened=reply.opened)
    if reply.said is None:
        return Asked(prompt.dimension, prompt, reply, (math.nan,), reply.error or "the judge gave no reason")
    try:
        if soft and isinstance(reply.said, tuple) and (mean := kind.expected(reply.said, prompt)) is not None:
            return Asked(prompt.dimension, prompt, reply, (mean,))
        answer = kind.read(reply.said, prompt) if isinstance(reply.said, str) else kind.weigh(reply.said, prompt)
    except HarnessError as error:
        return read_reply(prompt, reply._replace(said=None, error=str(error)))
    outcome = prompt.outcome(answer)
    verdicts = kind.parts([outcome]).verdict.tolist()
    if isinstance(prompt.gold, tuple):  # an order: its parts come in the order shown
        verdicts = [verdict for _, verdict in sorted(zip(prompt.gold, verdicts, strict=True), reverse=True)]
    return Asked(prompt.dimension, prompt, reply, tuple(verdicts), outcome.reason)


def part_of(asked: Sequence[Asked], items: int, missing: Missing) -> tuple[float | None, str | None]:
    """The part of a dimension, and why it is missing or incomplete.

    Args:
        asked: all questions of one dimension about one case, at least one.
        items: how many the agent recommends.
        missing: what an unreadable answer does.
    """
    of = f" of {len(asked)}" if len(asked) > 1 else ""
    # No part, whatever `missing` is: a judge that is down must not look like a bad agent.
    if failed := [one for one in asked if one.reply.said is None]:
        return None, f"not answered: {len(failed)}{of}, {failed[0].reason}"
    unreadable = [one for one in asked if one.reason is not None]
    why = f"unreadable: {len(unreadable)}{of}, {unreadable[0].reason}" if unreadable else None
    if isinstance(asked[0].prompt.gold, tuple):
        return ordered(asked[0].verdicts, items), why
    verdicts = [verdict for one in asked for verdict in one.verdicts]
    if missing == "none" and unreadable:
        return None, why
    if missing == "zero" and len(unreadable) < len(asked):
        verdicts = [0.0 if math.isnan(verdict) else verdict for verdict in verdicts]
    return discounted(verdicts), why
