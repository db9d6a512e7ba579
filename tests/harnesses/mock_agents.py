"""Agents of a few lines that behave well or badly, and runs of them that `recrm_reward` scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.agent import react
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessage, ChatMessageSystem, ChatMessageUser, Model, ModelOutput, ModelUsage, get_model
from inspect_ai.tool import Tool, tool

from inspect_tasks import recrm_reward
from recrm_tasks.rewards import FunctionJudge

PLACES = ["Park Hotel: quiet, by the station | $90", "Hill Inn: pool | $40", "Bay Rooms: on the beach | $70"]
RULES = "Recommend one place."
KNOWN = {"profile": "likes quiet", "history": ["stayed at Elm House"], "context": "Friday", "taken": "Park Hotel"}

Say = Callable[[list[ChatMessage]], ModelOutput]


def said(text: str) -> ModelOutput:
    return ModelOutput.from_content("mock", text)


def called(name: str = "search", **arguments: Any) -> ModelOutput:
    return ModelOutput.for_tool_call("mock", name, arguments or {"query": "hotel"})


def after_a_search(answer: str) -> Say:
    return lambda turns: said(answer) if any(turn.role == "tool" for turn in turns) else called()


AGENTS: Mapping[str, Say] = {
    "good": after_a_search('Park Hotel is quiet.\n["Park Hotel"]'),
    "prose": after_a_search("I would take Hill Inn, or else Bay Rooms."),
    "endless": lambda turns: called(),
    "no such tool": lambda turns: said("Hill Inn.") if len(turns) > 3 else called("lookup", q="hotel"),
    "silent": after_a_search(""),
    "inventive": after_a_search('["Ghost Hotel"]'),
    "thinking": after_a_search("<think>Park Hotel is"),
}


def mock(name: str = "mock", agents: Mapping[str, Say] = AGENTS) -> Model:
    """An agent that behaves as the user's turn says; asked as a judge, it says A."""

    def output(input: list[ChatMessage], tools: list[Any], *others: Any) -> ModelOutput:
        found = agents[input[1].text](input) if tools else said('{"answer": "A"}')
        found.choices[0].message.model = name
        found.usage = ModelUsage(input_tokens=3, output_tokens=2, total_tokens=5)
        return found

    return get_model(f"mockllm/{name}", custom_outputs=output, memoize=False)


@tool
def search() -> Tool:
    async def execute(query: str) -> str:
        """Finds places.

        Args:
            query: words.
        """
        return json.dumps(PLACES)

    return execute


def sample(agent: str, **metadata: Any) -> Sample:
    turns: list[ChatMessage] = [ChatMessageSystem(content=RULES), ChatMessageUser(content=agent)]
    return Sample(turns, id=agent, metadata=metadata)


def run(samples: list[Sample], folder: Path, *, model: Model | None = None, **options: Any) -> EvalLog:
    """A run of the agents, judged with `options`; those of Inspect are named `eval_…`."""
    to_eval = {name.removeprefix("eval_"): options.pop(name) for name in list(options) if name.startswith("eval_")}
    solver = react(prompt=None, tools=[search()], submit=False)
    dataset = MemoryDataset(samples, name="places")
    task = Task(dataset=dataset, name="travel", solver=solver, scorer=recrm_reward(**options), message_limit=8)
    lean = {"display": "none", "score_display": False, "log_realtime": False}
    (log,) = inspect_eval(task, model=model or mock(), log_dir=str(folder), **{**lean, **to_eval})
    return log


def metrics(log: EvalLog) -> dict[str, float]:
    """The metrics of the first scorer of a run that ended well."""
    assert log.status == "success", log.error
    assert log.results is not None
    return {name: metric.value for name, metric in log.results.scores[0].metrics.items()}


def says_a(prompt: Any) -> str:
    return {"behavior": '{"probability": 1}', "ranking": '{"ranking": ["A", "B", "C"]}'}.get(prompt.dimension, "A")


JUDGE = FunctionJudge(says_a, name="says A")
