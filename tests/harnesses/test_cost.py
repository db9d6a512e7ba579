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
from recrm_tasks.prompting import Backend, Options, load_questions

SUFFIX = {"generate": "", "logprob": "_logprob"}
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
    return done["results"]


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
        assert sum(results[name][f"{metric},none"] for name in names) == expected
        assert results[f"recrm_hybrid{SUFFIX[mode]}"][f"{metric},none"] == expected


def test_without_a_tokenizer_nothing_is_counted() -> None:
    table = scripted.completions(
        list(load_questions("factual", "generate", Backend(), Options(data="sample", limit=3))[0])
    )
    assert not {"tokens_in,none", "tokens_out,none"} & run(["recrm_factual"], table, 3)["recrm_factual"].keys()
