"""The same answers for both harnesses: a model that looks them up by the text of the prompt, behind both interfaces."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import lm_eval
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    TopLogprob,
    get_model,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from recrm_tasks import lm_eval_tasks
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.models.usage import FIELDS as USAGE

ASKED = {
    "shard": None,
    "engine": None,
    "mode": "generate",
    "prompt_lang": None,
    "orders": 1,
    "ask": "list",
    "style": "chat",
    "fewshot": 0,
    "thinking": 0,
    "thinking_marks": None,
    "close_thinking": False,
    "thinking_in_prompt": None,
    "enable_thinking": None,
    "suite": RECRM.to_json(),
    "fit": "not checked: the model's tokenizer is not known",
}
"""What a result says of how its questions were put, by default and without a tokenizer; and how many there are."""

Answers = dict[str, Any]
"""Text of the prompt -> a completion, or log-probabilities by choice."""


def right(prompt: Prompt) -> object:
    """The value of a perfect answer in the asked JSON."""
    if prompt.of_list is not None:
        return float(prompt.gold > 0)  # type: ignore[operator]
    if isinstance(prompt.gold, tuple):
        order = sorted(range(len(prompt.gold)), key=lambda i: -prompt.gold[i])
        return [prompt.choices[i] for i in order]
    return float(prompt.gold) if not prompt.words else prompt.choices[prompt.gold]


def wrong(prompt: Prompt) -> object:
    """The value of the worst answer."""
    if isinstance(prompt.gold, tuple):
        return list(reversed(right(prompt)))  # type: ignore[call-overload]
    return 1.0 - right(prompt) if not prompt.words else prompt.choices[prompt.gold - 1]


def all_prompts(**options: Any) -> list[Prompt]:
    """The questions of all dimensions about the sample, in generating mode."""
    return [p for key in dimensions() for p in load(key, "sample").prompts("generate", **options)]


def stated(prompt: Prompt, value: object) -> str:
    """A value in the asked JSON."""
    key = "ranking" if isinstance(prompt.gold, tuple) else "answer" if prompt.words else "probability"
    return json.dumps({key: value})


def right_answers(prompts: Sequence[Prompt]) -> Answers:
    """A perfect answer to every prompt."""
    return {p.messages[-1].content: stated(p, right(p)) for p in prompts}


def completions(prompts: Sequence[Prompt]) -> Answers:
    """A completion of another kind for every prompt in turn: good, bad, and unreadable in every way."""
    kinds: list[Callable[[Prompt], str]] = [
        lambda p: stated(p, right(p)),
        lambda p: stated(p, wrong(p)),
        lambda p: f"<think>Let me see… {stated(p, wrong(p))}</think>\n```json\n{stated(p, right(p))}\n```",
        lambda p: "",
        lambda p: f"{stated(p, right(p))}\n{stated(p, wrong(p))}",
        lambda p: f"<think>{stated(p, right(p))} but wait",
        lambda p: stated(p, right(p))[:-2],
        lambda p: f"答案：{right(p) if isinstance(right(p), str) else stated(p, right(p))}",
        lambda p: "I cannot say.",
        lambda p: stated(p, 1.7 if not p.words and not isinstance(p.gold, tuple) else ["Z"]),
        lambda p: stated(p, [p.choices[0], p.choices[0]] if isinstance(p.gold, tuple) else 0.25),
    ]
    return {p.messages[-1].content: kind(p) for p, kind in zip(prompts, cycle(kinds), strict=False)}


def logprobs(prompts: Sequence[Prompt]) -> Answers:
    """Log-probabilities of the choices: varied, with ties, and with choices that are out of sight."""
    table: Answers = {}
    for i, prompt in enumerate(prompts):
        values = [-0.1 - ((7 * i + 5 * j) % 11) / 3 for j in range(len(prompt.choices))]
        if i % 9 == 0:
            values = [-1.0] * len(values)
        table[prompt.messages[-1].content] = dict(zip(prompt.choices, values, strict=True))
    return table


class ScriptedLM(LM):
    """lm-evaluation-harness's side."""

    def __init__(self, answers: Answers) -> None:
        super().__init__()
        self.answers = answers

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        return [self.answers[request.args[0]] for request in requests]

    def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        return [(self.answers[context][choice.strip()], False) for context, choice in (r.args for r in requests)]

    def loglikelihood_rolling(self, requests: Any, disable_tqdm: bool = False) -> list[float]:
        raise NotImplementedError


USED = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
"""Without usage, Inspect would look for a tokenizer on the network."""


@modelapi(name="scripted")
class ScriptedAPI(ModelAPI):
    """Inspect's side: `get_model("scripted/any", answers=…)`; answers to prompts in `cut` met the token limit."""

    def __init__(
        self, model_name: str, answers: Answers, cut: Sequence[str] = (), usage: ModelUsage = USED, **others: Any
    ) -> None:
        super().__init__(model_name)
        self.answers, self.cut, self.usage = answers, cut, usage

    async def generate(
        self, input: list[ChatMessage], tools: list[ToolInfo], tool_choice: ToolChoice, config: GenerateConfig
    ) -> ModelOutput:
        answer = self.answers[input[-1].text]
        seen = None
        if isinstance(answer, dict):
            assert config.logprobs
            assert config.max_tokens == 1
            ranked = sorted(answer.items(), key=lambda item: -item[1])
            top = [TopLogprob(token=f"Ġ{token}", logprob=value) for token, value in ranked]
            seen = Logprobs(content=[Logprob(token=top[0].token, logprob=top[0].logprob, top_logprobs=top)])
            answer = ranked[0][0]
        choice = ChatCompletionChoice(
            message=ChatMessageAssistant(content=answer),
            stop_reason="max_tokens" if input[-1].text in self.cut else "stop",
            logprobs=seen,
        )
        return ModelOutput(model="scripted", choices=[choice], usage=self.usage)


def manager(**metadata: Any) -> TaskManager:
    """Our tasks on the sample, without lm-eval's own 14,700, which take ten seconds to index."""
    return TaskManager(
        include_path=str(Path(lm_eval_tasks.__file__).parent),
        include_defaults=False,
        metadata={"recrm_data": "sample", **metadata},
    )


def by_lm_eval(answers: Answers, *tasks: str, limit: int | None = None, **metadata: Any) -> dict[str, Any]:
    """A run of lm-eval, as `simple_evaluate` returns it."""
    done = lm_eval.simple_evaluate(
        ScriptedLM(answers), tasks=list(tasks), task_manager=manager(**metadata), limit=limit
    )
    assert done is not None
    return done


def by_inspect(
    task: Task, answers: Answers, folder: Path, model: str = "some/model", cut: Sequence[str] = (), **options: Any
) -> EvalLog:
    """A run of Inspect without its live display, which computes all metrics after each sample."""
    api = get_model(f"scripted/{model}", answers=answers, cut=cut, memoize=False)
    lean = {"display": "none", "score_display": False, "log_realtime": False, "log_model_api": False}
    (log,) = inspect_eval(task, model=api, log_dir=str(folder), **{**lean, **options})
    return log


def numbers(log: EvalLog) -> dict[str, float]:
    """The metrics of a run that succeeded, without what it cost: each harness's model counts that in its own way."""
    assert log.status == "success", log.error
    assert log.results is not None
    found = {name: metric.value for name, metric in log.results.scores[0].metrics.items()}
    return {name: value for name, value in found.items() if not name.endswith(USAGE)}
