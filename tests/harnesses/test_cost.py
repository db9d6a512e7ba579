"""Tokens, time and records per second: in the results of both harnesses, and in the report's table of costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lm_eval
import pytest
import scripted
from lm_eval.tasks import TaskManager

from recrm_tasks import lm_eval_tasks
from recrm_tasks.answers.prompt import MODES
from recrm_tasks.dimensions import dimensions
from recrm_tasks.lm_eval_tasks.cost import count_request
from recrm_tasks.lm_eval_tasks.results_file import numbers_of
from recrm_tasks.models.usage import FIELDS, Usage
from recrm_tasks.prompting import Backend, Options, expected_cost, load_questions
from recrm_tasks.prompting.tokens import tokens_of

SUFFIX = {"generate": "", "logprob": "_logprob"}
SIX = Options(data="sample", limit=6)
AROUND = len("<user></><go>")
"""What the template of `byte_tokenizer` puts around one user turn."""


def run(tasks: list[str], table: scripted.Answers, limit: int, **arguments: Any) -> dict[str, Any]:
    manager = TaskManager(
        include_path=str(Path(lm_eval_tasks.__file__).parent),
        include_defaults=False,
        metadata={"recrm_data": "sample", "recrm_limit": limit, **arguments},
    )
    done = lm_eval.simple_evaluate(scripted.ScriptedLM(table), tasks=tasks, task_manager=manager)
    assert done is not None
    return {name: numbers_of(done, name) for name in tasks}


@pytest.mark.parametrize("mode", MODES)
def test_tokens_are_those_of_the_models_tokenizer(mode: Any, byte_tokenizer: str) -> None:
    limit, tokens_in, tokens_out, table = 5, 0, 0, {}
    for key in dimensions():
        prompts = list(load_questions(key, mode, Backend(), Options(data="sample", limit=limit))[0])
        table.update(scripted.completions(prompts) if mode == "generate" else scripted.logprobs(prompts))
        tokens_in += sum(len(p.messages[0].content.encode()) + AROUND for p in prompts)
        if mode == "generate":
            tokens_out += sum(len(table[p.messages[0].content].encode()) for p in prompts)
    names = [f"recrm_{key}{SUFFIX[mode]}" for key in dimensions()]
    results = run([*names, f"recrm_hybrid{SUFFIX[mode]}"], table, limit, pretrained=byte_tokenizer)
    for metric, expected in (("tokens_in", tokens_in), ("tokens_out", tokens_out)):
        assert sum(results[name][metric] for name in names) == expected
        assert results[f"recrm_hybrid{SUFFIX[mode]}"][metric] == expected


@pytest.mark.parametrize("mode", MODES)
def test_the_expected_tokens_are_those_of_a_run(mode: Any, byte_tokenizer: str) -> None:
    """`recrm cost` says beforehand what lm-eval's tasks count in the run."""
    given = expected_cost.Counting(tokens_of(byte_tokenizer), records=100, cached_prompts=1, answer_tokens=1)
    found = [one for one in expected_cost.expected_costs("relevance", SIX, given, ("list",)) if one.way == mode]
    prompts = list(load_questions("relevance", mode, Backend(), SIX)[0])
    table = scripted.completions(prompts) if mode == "generate" else scripted.logprobs(prompts)
    name = f"recrm_relevance{SUFFIX[mode]}"
    assert found[0].tokens_in == run([name], table, 6, pretrained=byte_tokenizer)[name]["tokens_in"]


class Counting(scripted.ScriptedLM):
    """A model that reports what its engine counted: a request for each choice, nothing for those of cached answers."""

    def __init__(self, answers: scripted.Answers, cached: int | None, answered_before: int = 0) -> None:
        super().__init__(answers)
        self.cached, self.answered_before = cached, answered_before

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        for request in requests[self.answered_before :]:
            count_request(request, Usage(1, 100, self.cached, 7))
        return super().generate_until(requests)

    def loglikelihood(self, requests: Any, disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        for request in requests:
            count_request(request, Usage(1, 100, self.cached, 1))
        return super().loglikelihood(requests)


def counted(mode: Any, cached: int | None, before: int = 0, pretrained: str | None = None) -> dict[str, Any]:
    prompts = list(load_questions("relevance", mode, Backend(), Options(data="sample", limit=6))[0])
    table = scripted.completions(prompts) if mode == "generate" else scripted.logprobs(prompts)
    model = Counting(table, cached, before)
    name = f"recrm_relevance{SUFFIX[mode]}"
    manager = scripted.manager(recrm_limit=6, **({"pretrained": pretrained} if pretrained else {}))
    done = lm_eval.simple_evaluate(model, tasks=[name], task_manager=manager)
    assert done is not None
    found = {field: numbers_of(done, name).get(field) for field in FIELDS}
    costs = [sample["score"]["cost"] for sample in done["samples"][name]]
    assert {field: sum(cost[field] for cost in costs) for field in costs[0]} == {
        field: value for field, value in found.items() if value is not None
    }
    return found


def test_the_engines_own_counts_come_first(byte_tokenizer: str) -> None:
    for pretrained in (None, byte_tokenizer):
        found = counted("generate", 40, pretrained=pretrained)
        assert found == {"requests": 6, "tokens_in": 600, "tokens_cached": 240, "tokens_out": 42}
    choices = sum(len(p.choices) for p in load_questions("relevance", "logprob", Backend(), SIX)[0])
    found = counted("logprob", 40)
    assert found == {
        "requests": choices,
        "tokens_in": 100 * choices,
        "tokens_cached": 40 * choices,
        "tokens_out": choices,
    }


def test_what_the_engine_does_not_report_is_not_known() -> None:
    assert counted("generate", None) == {"requests": 6, "tokens_in": 600, "tokens_cached": None, "tokens_out": 42}


def test_answers_without_a_request_cost_nothing() -> None:
    assert counted("generate", 40, before=2)["requests"] == 4


def test_counts_of_an_earlier_run_are_forgotten() -> None:
    counted("generate", 40)
    table = scripted.completions(list(load_questions("relevance", "generate", Backend(), SIX)[0]))
    assert not set(FIELDS) & run(["recrm_relevance"], table, 6)["recrm_relevance"].keys()


def test_without_a_tokenizer_nothing_is_counted() -> None:
    table = scripted.completions(
        list(load_questions("factual", "generate", Backend(), Options(data="sample", limit=3))[0])
    )
    assert not {"tokens_in", "tokens_out"} & run(["recrm_factual"], table, 3)["recrm_factual"].keys()
