"""Model answers -> scores with the outcome in their metadata."""

from __future__ import annotations

import math
from typing import Any

from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import TaskState

from inspect_tasks.logprobs import choice_logprobs
from inspect_tasks.metrics import USAGE, bench_metrics, dimension_metrics, stress_metrics
from inspect_tasks.samples import after_reasoning, to_prompt
from inspect_tasks.solver import ANSWER_TOKENS
from inspect_tasks.usage import usage_of
from recrm_tasks.answers.explanation import of_numbers, of_text
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.robustness.stress_questions import question_id, record_and_change
from recrm_tasks.scoring.outcomes import Answer, Reason

_LIMITS = ("max_tokens", "model_length")
"""Stop reasons of answers that were cut off. The reason of an unreadable answer depends only on its text: lm-eval does
not know why a model stopped, and the numbers of both harnesses must be equal."""


def score_of(sample_id: str, target: str, metadata: dict[str, Any], output: ModelOutput, epoch: int = 1) -> Score:
    """The score of one sample. An unreadable answer scores 0, with its reason; it is never left unscored.

    Args:
        sample_id: the sample's id.
        target: its target.
        metadata: its metadata.
        output: what the model answered.
        epoch: the sample's, from 1. The candidates of a list form one list in each epoch.

    Raises:
        HarnessError: the provider returned no log-probabilities where they were asked for.
    """
    dimension = dimension_of(metadata["dimension"])
    unseen = False
    cut = metadata["mode"] == "generate" and output.stop_reason in _LIMITS
    prompt = to_prompt(sample_id, target, metadata)
    if metadata["mode"] == "logprob":
        logprobs = choice_logprobs(
            output, prompt.choices, metadata.get(ANSWER_TOKENS), opened=prompt.opened, marks=prompt.marks
        )
        if isinstance(logprobs, Reason):
            answer = Answer.invalid(logprobs)
            why = of_text(answer, output.completion, prompt, dimension.kind)
        else:
            unseen = -math.inf in logprobs
            answer = dimension.kind.read_numbers(logprobs, prompt)
            why = of_numbers(answer, logprobs, prompt, dimension.kind)
    else:
        read = after_reasoning(prompt, output)
        answer = dimension.kind.read(output.completion, read)
        why = of_text(answer, output.completion, read, dimension.kind, cut)
    outcome = prompt.outcome(answer)
    if outcome.of_list is not None and epoch > 1:
        outcome = outcome._replace(of_list=f"{outcome.of_list} (epoch {epoch})")
    if outcome.question is not None and epoch > 1:
        outcome = outcome._replace(question=f"{outcome.question} (epoch {epoch})")
    flags = {name: True for name, holds in (("unseen", unseen), ("cut", cut)) if holds}
    return Score(
        value=dimension.kind.credit(outcome),
        answer=answer.reason or dimension.kind.shown(answer.value, prompt),
        explanation=why,
        metadata={
            "dimension": dimension.key,
            "suite": metadata.get("suite"),
            "outcome": outcome.to_json(),
            USAGE: {name: n for name, n in usage_of(output.usage, 1)._asdict().items() if n is not None},
            **flags,
        },
    )


@scorer(metrics=[dimension_metrics()])
def recrm() -> Scorer:
    """Reads the answers of a task with one dimension."""

    async def score(state: TaskState, target: Target) -> Score:
        return score_of(str(state.sample_id), target.text, state.metadata, state.output, state.epoch)

    return score


@scorer(metrics=[bench_metrics()])
def recrm_bench() -> Scorer:
    """Reads the answers of a task with several dimensions: all metrics by dimension, and their aggregate."""

    async def score(state: TaskState, target: Target) -> Score:
        return score_of(str(state.sample_id), target.text, state.metadata, state.output, state.epoch)

    return score


def stress_score_of(
    sample_id: str, target: str, metadata: dict[str, Any], output: ModelOutput, epoch: int = 1
) -> Score:
    """The same of one sample of a stress run. The verdicts of each epoch are compared with one another."""
    if epoch > 1:
        record, change = record_and_change(sample_id)
        sample_id = question_id(f"{record} (epoch {epoch})", change)
    return score_of(sample_id, target, metadata, output)


@scorer(metrics=[stress_metrics()])
def recrm_stress() -> Scorer:
    """Reads the answers of a stress run: the figures over all changes, and those of each."""

    async def score(state: TaskState, target: Target) -> Score:
        return stress_score_of(str(state.sample_id), target.text, state.metadata, state.output, state.epoch)

    return score
