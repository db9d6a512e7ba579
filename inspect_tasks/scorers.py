"""What a model answered -> scores that carry the outcome."""

from __future__ import annotations

import json
import math

from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState

from inspect_tasks.logprobs import choice_logprobs
from inspect_tasks.metrics import bench_metrics, dimension_metrics
from inspect_tasks.samples import to_prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.scoring.answers import Answer, Reason


async def _score(state: TaskState, target: Target) -> Score:
    """The score of one sample: an unreadable answer is a 0 with its reason, never unscored."""
    kind = dimension_of(state.metadata["dimension"])
    unseen = False
    prompt = to_prompt(str(state.sample_id), target.text, state.metadata)
    if state.metadata["mode"] == "logprob":
        logprobs = choice_logprobs(state.output, prompt.choices)
        unseen = isinstance(logprobs, list) and -math.inf in logprobs
        answer = Answer.invalid(logprobs) if isinstance(logprobs, Reason) else kind.weigh(logprobs, prompt)
    else:
        answer = kind.read(state.output.completion, prompt)
    outcome = prompt.outcome(answer)
    return Score(
        value=kind.credit(outcome),
        answer=answer.reason or json.dumps(answer.value),
        explanation=f"unreadable: {answer.reason}" if answer.reason else None,
        metadata={"dimension": kind.key, "outcome": list(outcome), **({"unseen": True} if unseen else {})},
    )


@scorer(metrics=[dimension_metrics()])
def recrm() -> Scorer:
    """Reads the answers of a task with one dimension."""

    async def score(state: TaskState, target: Target) -> Score:
        return await _score(state, target)

    return score


@scorer(metrics=[bench_metrics()])
def recrm_bench() -> Scorer:
    """Reads the answers of a task with several dimensions: all metrics by dimension, and their aggregate."""

    async def score(state: TaskState, target: Target) -> Score:
        return await _score(state, target)

    return score
