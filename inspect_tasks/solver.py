"""Asks the model, with the settings of the answer mode."""

from __future__ import annotations

from typing import Any

from inspect_ai.model import ChatMessageAssistant, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from inspect_tasks.alternatives import Alternatives
from inspect_tasks.backend import use_our_hf
from inspect_tasks.prompt_ends import continue_last_turn
from inspect_tasks.reward_model import PROVIDER, places, settings_for
from inspect_tasks.samples import PREFILL, to_prompt, turns_of

ANSWER_TOKENS = "answer_tokens"
"""In a sample's metadata: how its provider writes the token of each allowed answer, where that is known."""


@solver
def ask(thinking: int = 0, enable_thinking: bool | None = None) -> Solver:
    """Generates a text; in log-probability mode, only one token with its alternatives.

    Args:
        thinking: the number of thinking tokens before that token.
        enable_thinking: whether the model should think; None for what its chat template does.
    """
    alternatives = Alternatives(thinking, enable_thinking)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        use_our_hf(get_model())
        state.messages = turns_of(state.input if isinstance(state.input, str) else state.messages, state.metadata)
        if prefill := state.metadata.get(PREFILL):
            continue_last_turn(get_model())
            state.messages.append(ChatMessageAssistant(content=prefill))
        if state.metadata["mode"] == "logprob":
            if state.model.api == PROVIDER:
                settings = _for_reward_models(state)
            else:
                choices = to_prompt(str(state.sample_id), state.target.text, state.metadata).choices
                settings, tokens = await alternatives.of(choices, state.messages, get_model())
                if tokens is not None:
                    state.metadata[ANSWER_TOKENS] = tokens
            return await generate(state, logprobs=True, max_tokens=thinking + 1, **settings)
        await alternatives.look_at(state.messages, get_model())
        return await generate(state)

    return solve


def _for_reward_models(state: TaskState) -> dict[str, Any]:
    prompt = to_prompt(str(state.sample_id), state.target.text, state.metadata)
    if prompt.reads == "content":
        state.metadata[ANSWER_TOKENS] = places(len(prompt.choices))
    return settings_for(prompt)
