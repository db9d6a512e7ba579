"""Puts the question to the model, with what its answer mode needs."""

from __future__ import annotations

from typing import Any

from inspect_ai._util.error import PrerequisiteError
from inspect_ai.solver import Generate, Solver, TaskState, solver

from inspect_tasks.reward_model import CHOICES, NAMES, PROVIDER
from inspect_tasks.samples import to_prompt
from recrm_tasks.dimensions import dimension as dimension_of

TOP = 20
"""Alternatives asked for per token: what OpenAI-style servers give at most. `--top-logprobs` asks for more."""


@solver
def ask(thinking: int = 0) -> Solver:
    """Generates; a sample in log-probability mode asks for one token and its alternatives instead of a text.

    Args:
        thinking: tokens that the model may think before that one.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        try:
            if state.metadata["mode"] == "logprob":
                return await generate(state, logprobs=True, max_tokens=thinking + 1, **_for_reward_models(state))
            return await generate(state)
        except ValueError as error:
            if "temperature" not in str(error):
                raise
            raise PrerequisiteError(
                "Inspect's hf/ provider samples unless it is told not to, and cannot sample at temperature 0: "
                "add -M do_sample=false (or choose a --temperature above 0)."
            ) from error

    return solve


def _for_reward_models(state: TaskState) -> dict[str, Any]:
    """The allowed answers, which language models read in the prompt."""
    if state.model.api != PROVIDER:
        return {}
    prompt = to_prompt(str(state.sample_id), state.target.text, state.metadata)
    names = dimension_of(state.metadata["dimension"]).kind.class_names(prompt)
    return {"extra_body": {CHOICES: list(prompt.choices), NAMES: [list(one) for one in names]}}
