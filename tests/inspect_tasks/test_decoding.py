"""Inspect's `hf/` without any flag: greedy unless the user samples, and the right log-probabilities either way."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, task
from inspect_ai import eval as inspect_eval
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.model import GenerateConfig, Model, get_model
from inspect_ai.model._model import init_active_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate
from tokenizers.processors import TemplateProcessing

from inspect_tasks import dimension_task

OPTIONS = {"data": "sample", "limit": 3}


def hf(folder: str, **arguments: Any) -> Model:
    return get_model(f"hf/{folder}", device="cpu", memoize=False, **arguments)


def run(model: Model, folder: Path, tasks: Any = None, *, answer: str = "generate", **options: Any) -> EvalLog:
    """As from Python: the task is made before the model."""
    tasks = tasks or dimension_task("factual", answer=answer, **OPTIONS)
    lean = {"display": "none", "score_display": False, "max_connections": 3, "max_tokens": 6}
    return inspect_eval(tasks, model=model, log_dir=str(folder), **{**lean, **options})[0]


def texts(log: EvalLog) -> list[str]:
    assert log.status == "success", log.error
    return [sample.output.completion for sample in log.samples]


@pytest.fixture
def active() -> Iterator[Any]:
    """As on the command line: the model is made first, with the user's settings."""

    def activate(folder: str, config: GenerateConfig, **arguments: Any) -> None:
        init_active_model(hf(folder, **arguments), config)

    yield activate
    init_active_model(None, GenerateConfig())  # type: ignore[arg-type]


@pytest.mark.slow
def test_without_flags_the_model_is_asked_greedily(policy: str, tmp_path: Path) -> None:
    log = run(hf(policy), tmp_path)
    assert texts(log) == texts(run(hf(policy, do_sample=False), tmp_path))
    said = [event.data for sample in log.samples for event in sample.events if event.event == "info"]
    assert said == ["hf/ samples by default; at temperature 0 it is asked greedily"]
    assert not [event for sample in run(hf(policy, do_sample=False), tmp_path).samples for event in sample.events
                if event.event == "info"]  # fmt: skip


@pytest.mark.slow
def test_a_users_own_sampling_is_respected(policy: str, tmp_path: Path) -> None:
    greedy = texts(run(hf(policy), tmp_path))
    for arguments in ({}, {"do_sample": True}):
        assert texts(run(hf(policy, **arguments), tmp_path, temperature=5.0, seed=1)) != greedy


@pytest.mark.slow
def test_sampling_does_not_change_the_log_probabilities(policy: str, tmp_path: Path) -> None:
    """Neither those of the first token, nor those after thinking: the token of a position is the one that was drawn."""
    logs = [run(hf(policy), tmp_path, answer="logprob", **more) for more in ({}, {"temperature": 5.0, "seed": 1})]
    alone, sampled = ([sample.output.choices[0].logprobs.content[0] for sample in log.samples] for log in logs)
    assert [one.token for one in alone] != [one.token for one in sampled]
    for left, right in zip(alone, sampled, strict=True):
        assert [top.token for top in left.top_logprobs] == [top.token for top in right.top_logprobs]
        for first, second in zip(left.top_logprobs, right.top_logprobs, strict=True):
            assert math.isclose(first.logprob, second.logprob, abs_tol=1e-6)
        assert left.token == left.top_logprobs[0].token
        assert right.logprob <= left.logprob
    thought = dimension_task("factual", answer="logprob", thinking=5, **OPTIONS)
    log = run(hf(policy), tmp_path, thought, temperature=5.0, seed=1, max_tokens=None)
    tokenizer: Any = hf(policy).api.tokenizer  # type: ignore[attr-defined]
    for sample in log.samples:
        ids = tokenizer.convert_tokens_to_ids([one.token for one in sample.output.choices[0].logprobs.content])
        assert len(ids) == 6
        assert tokenizer.decode(ids, skip_special_tokens=True) == sample.output.completion


@task
def of_another() -> Task:
    return Task(
        dataset=[Sample(id=1, input="Say something", target="x")], solver=generate(), scorer=includes(),
        config=GenerateConfig(max_tokens=40),
    )  # fmt: skip


@pytest.mark.slow
def test_tasks_of_others_sample_as_before(policy: str, tmp_path: Path) -> None:
    model = hf(policy)
    before = texts(run(model, tmp_path, of_another(), seed=3))
    run(model, tmp_path)
    assert model.api.do_sample is True  # type: ignore[attr-defined]
    again = {tuple(texts(run(model, tmp_path, of_another(), seed=3))) for _ in range(2)} | {tuple(before)}
    assert len(again) > 1  # `hf/` takes the seed only when it is made, so runs differ: it samples


@pytest.mark.slow
def test_tasks_of_others_get_the_prompts_that_hf_makes(policy: str, tmp_path: Path) -> None:
    """Also with a second start token, which our tasks leave out."""

    def asked(task: Any = None) -> int:
        (sample, *_) = run(model, tmp_path, task, max_tokens=1).samples
        return int(sample.output.usage.input_tokens)

    model = hf(policy, chat_template="{{ bos_token }}{{ messages[0].content }}")
    tokenizer: Any = model.api.tokenizer  # type: ignore[attr-defined]
    tokenizer.bos_token = "~"
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="~ $A", special_tokens=[("~", tokenizer.convert_tokens_to_ids("~"))]
    )
    assert asked(of_another()) == len("~~Say something")
    assert asked() > 100
    assert asked(of_another()) == len("~~Say something")


@pytest.mark.parametrize(
    ("arguments", "config", "message"),
    [
        ({"do_sample": True}, {}, "-M do_sample=true needs a --temperature above 0"),
        ({"do_sample": True}, {"temperature": 0.0}, "-M do_sample=true needs a --temperature above 0"),
        ({"do_sample": False}, {"temperature": 0.7}, "--temperature 0.7 has no effect with -M do_sample=false"),
    ],
)
@pytest.mark.parametrize("answer", ["generate", "logprob"])
def test_contradictions_are_refused_before_the_run(
    active: Any, policy: str, tmp_path: Path, answer: str, arguments: Any, config: Any, message: str
) -> None:
    log = run(hf(policy, **arguments), tmp_path, answer=answer, **config)
    assert log.status == "error"
    assert message in log.error.message
    active(policy, GenerateConfig(**config), **arguments)
    with pytest.raises(PrerequisiteError, match=message):
        dimension_task("factual", answer=answer, **OPTIONS)


@pytest.mark.parametrize(
    ("arguments", "config", "how"),
    [
        ({}, {}, "greedy"),
        ({"do_sample": False}, {}, "greedy"),
        ({}, {"temperature": 0.7}, "sampled at temperature 0.7"),
        ({"do_sample": True}, {"temperature": 0.7}, "sampled at temperature 0.7"),
    ],
)
def test_the_log_says_how_tokens_are_chosen(active: Any, policy: str, arguments: Any, config: Any, how: str) -> None:
    active(policy, GenerateConfig(**config), **arguments)
    assert dimension_task("factual", **OPTIONS).metadata["decoding"] == how


def test_of_other_providers_the_temperature_says_it() -> None:
    assert "decoding" not in dimension_task("factual", **OPTIONS).metadata


@pytest.fixture
def plain_policy(policy: str, tmp_path: Path) -> str:
    """The same model without a chat template."""
    folder = tmp_path / "plain"
    shutil.copytree(policy, folder)
    (folder / "chat_template.jinja").unlink()
    return str(folder)


@pytest.mark.slow
def test_a_base_model_gets_the_plain_text(plain_policy: str, tmp_path: Path) -> None:
    """And needs no template: its answers are those with one that passes the text on."""
    base = dimension_task("factual", style="completion", **OPTIONS)
    log = run(hf(plain_policy), tmp_path, base)
    passed_on = run(hf(plain_policy, chat_template="{{ messages[0].content }}"), tmp_path, base)
    assert texts(log) == texts(passed_on)
    used = [[sample.output.usage.input_tokens for sample in one.samples] for one in (log, passed_on)]
    assert used[0] == used[1]
