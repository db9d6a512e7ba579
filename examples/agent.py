"""A recommender agent that searches a catalogue of the sample's places, and what a judge says of it.

    inspect eval examples/agent.py --model hf/SmolLM2 -M model_path=demo/out/SmolLM2-135M-Instruct -M dtype=float32 \
        -T explain_calls=true --max-tokens 40
    inspect eval examples/agent.py --model hf/SmolLM2 -M model_path=demo/out/SmolLM2-135M-Instruct -M dtype=float32 \
        -T scripted=true

With `scripted`, a few rules are the agent, so that a small model needs only to judge. Any model can be the judge:
`--model-role grader=openai/gpt-4.1`.
"""

from __future__ import annotations

import json
from typing import Any

from inspect_ai import Task, task
from inspect_ai.agent import AgentPrompt, AgentState, react
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    Model,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.tool import Tool, tool

from inspect_tasks import recrm_reward
from recrm_tasks.baselines.terms import terms
from recrm_tasks.data import load
from recrm_tasks.dimensions.rendering import render, render_entry
from recrm_tasks.rewards.named_items import name_of

RULES = (
    "You recommend places. Recommend one or two of those that your search found, the best first, with a short reason "
    'for each. The last line is a JSON list of their names: ["Park Hotel", "Hill Inn"]'
)
CALLS = (
    'You search by writing <tool_call>{"name": "search", "arguments": {"query": "quiet hotel"}}</tool_call> and '
    "nothing else. You then get the places that were found."
)
FOUND = 6
"""The most places that a search finds."""
URGED = 2
"""How often an agent that has not searched is urged to."""


@task
def agent(scripted: bool = False, explain_calls: bool = False) -> Task:
    """The users of the sample's lists of candidates who say what they want.

    Args:
        scripted: a few rules in the place of the model are the agent.
        explain_calls: tell the model how to call a tool, for those whose chat template does not.
    """
    rules = f"{RULES}\n\n{CALLS}" if explain_calls else RULES
    return Task(
        dataset=MemoryDataset(samples(), name="sample"),
        solver=react(
            prompt=AgentPrompt(instructions=rules, assistant_prompt=None),
            tools=[search()],
            submit=False,
            on_continue=go_on,
            model=_rules_as_model() if scripted else None,
        ),
        scorer=recrm_reward(mode="logprob"),
        message_limit=12,
        token_limit=20_000,
    )


def samples() -> list[Sample]:
    """One per user: what the user says, and in the metadata what the judge is to know besides."""
    found = []
    for record in load("ranking", "sample").records():
        if record.lang == "en" and record.query:
            known = {
                # Without what an agent is told of calls, which no response can keep or break.
                "instruction": RULES,
                "query": record.query,
                "profile": record.profile,
                "history": record.history,
                "context": record.context,
                "taken": [one.text for one, label in zip(record.candidates, record.labels, strict=True) if label],
            }
            about = f"About me: {render_entry(record.profile)}\nNow: {render(record.context)}"
            found.append(Sample(f"{record.query}\n{about}", id=record.id, metadata=known))
    return found


@tool
def search() -> Tool:
    """The places of all lists of the sample."""
    records = [record for record in load("ranking", "sample").records() if record.lang == "en"]
    places = list(dict.fromkeys(one.text for record in records for one in record.candidates))

    async def execute(query: str) -> str:
        """Searches the catalogue of places.

        Args:
            query: words that describe the place.
        """
        wanted = {word for word in terms(query) if len(word) > 3}  # not `for` and `the`
        shared = {place: len(wanted.intersection(terms(place))) for place in places}
        ranked = sorted((place for place in places if shared[place]), key=lambda place: -shared[place])
        return json.dumps(ranked[:FOUND], ensure_ascii=False)

    return execute


async def go_on(state: AgentState) -> bool | str:
    """The agent has finished when it has searched and calls no tool."""
    if state.output.message.tool_calls:
        return True
    said = [turn.role for turn in state.messages]
    if "tool" in said or said.count("assistant") > URGED:
        return False
    return "Search before you recommend."


def _rules_as_model() -> Model:
    return get_model("mockllm/rules", custom_outputs=_by_rules)


def _by_rules(input: list[ChatMessage], *others: Any) -> ModelOutput:
    """Two searches, then the first place of each, if there is one."""
    user = next(turn.text for turn in input if turn.role == "user").splitlines()
    results = [json.loads(turn.text) for turn in input if turn.role == "tool"]
    if len(results) < 2:
        output = ModelOutput.for_tool_call("rules", "search", {"query": user[0 if not results else -1]})
    else:
        names = list(dict.fromkeys(name_of(found[0]) for found in results if found))
        said = f"{' and '.join(names)} fit best." if names else "I found nothing that fits."
        output = ModelOutput.from_content("rules", f"{said}\n{json.dumps(names)}")
    output.usage = ModelUsage()  # without it, Inspect would look for a tokenizer on the network
    return output
