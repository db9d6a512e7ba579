"""Styles, examples, room to think and shortening through the real harnesses: the same questions, the same numbers."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import lm_eval
import pytest
import scripted
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.log import EvalLog
from inspect_ai.model import GenerateConfig, Model, get_model
from inspect_ai.model._model import init_active_model
from lm_eval.tasks import TaskManager

from inspect_tasks import dimension_task
from inspect_tasks.samples import turns_of
from recrm_tasks import lm_eval_tasks
from recrm_tasks.answers.prompt import ANSWER_TOKENS, MODES
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.lm_eval_tasks.results_file import numbers_of
from recrm_tasks.prompting import Backend, Options, load_questions

SUFFIX = {"generate": "", "logprob": "_logprob"}


def manager(arguments: dict[str, Any] | None = None, **options: Any) -> TaskManager:
    """With the model arguments and options that a command line would give."""
    given = {f"recrm_{name}": value for name, value in options.items()}
    return TaskManager(
        include_path=str(Path(lm_eval_tasks.__file__).parent),
        include_defaults=False,
        metadata={"recrm_data": "sample", **(arguments or {}), **given},
    )


def by_inspect(task: Task, table: scripted.Answers, folder: Path) -> EvalLog:
    model = get_model("scripted/any", answers=table, memoize=False)
    (log,) = inspect_eval(task, model=model, log_dir=str(folder), display="none")
    assert log.status == "success", log.error
    return log


@pytest.fixture
def active(monkeypatch: pytest.MonkeyPatch):
    """Makes a model the one that tasks are made for, as `inspect eval` does."""

    def activate(name: str, **arguments: Any) -> Model:
        api = get_model("scripted/any", answers={}, memoize=False)
        model = Model(api.api, GenerateConfig(), arguments)
        provider, _, path = name.partition("/")
        monkeypatch.setattr(Model, "name", property(lambda self: path))
        monkeypatch.setattr(Model, "__str__", lambda self: f"{provider}/{path}")
        init_active_model(model, GenerateConfig())
        return model

    yield activate
    init_active_model(None, GenerateConfig())  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dimension", dimensions())
def test_a_base_model_with_examples_gets_equal_numbers(dimension: str, mode: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"style": "completion", "fewshot": 2, "split": "hash-test"}
    prompts = list(load_questions(dimension, mode, Backend(), Options(data="sample", **options))[0])
    table = scripted.completions(prompts) if mode == "generate" else scripted.logprobs(prompts)
    name = f"recrm_{dimension}{SUFFIX[mode]}"
    done = lm_eval.simple_evaluate(scripted.ScriptedLM(table), tasks=[name], task_manager=manager(**options))
    log = by_inspect(dimension_task(dimension, data="sample", answer=mode, **options), table, tmp_path)
    ours = scripted.numbers(log)
    theirs = numbers_of(done, name)
    assert ours["n"] == len(prompts) > 0
    for metric, value in ours.items():
        assert value == theirs[metric] or (value != value and theirs[metric] != theirs[metric]), metric
    provenance = log.eval.metadata["recrm_provenance"][dimension]
    assert provenance == done["configs"][name]["metadata"]["recrm_provenance"]
    assert (provenance["style"], provenance["fewshot"]) == ("completion", 2)


def test_shortened_prompts_are_equal_in_both(active, byte_tokenizer: str) -> None:
    options: dict[str, Any] = {"overflow": "shorten", "context": 1500}
    loaded = manager({"pretrained": byte_tokenizer}, **options).load(["recrm_ranking"])["tasks"]["recrm_ranking"]
    active("hf/some-model", model_path=byte_tokenizer)
    task = dimension_task("ranking", data="sample", **options)
    assert loaded.test_docs()["prompt"][:] == [turns_of(one.input, one.metadata)[-1].text for one in task.dataset]
    fit = loaded.config.metadata["recrm_provenance"]["fit"]
    assert fit == task.metadata["recrm_provenance"]["ranking"]["fit"]
    assert (fit["context"], fit["tokenizer"]) == (1500, byte_tokenizer)
    assert fit["shortened"] > 0


@pytest.mark.parametrize("argument", ["max_length", "max_model_len"])
def test_lm_evals_model_arguments_name_tokenizer_and_context(byte_tokenizer: str, argument: str) -> None:
    arguments = {"pretrained": byte_tokenizer, argument: 600}
    with pytest.raises(DataError, match="of 72 prompts do not fit: the context has 600 tokens"):
        manager(arguments).load(["recrm_behavior"])


def test_inspect_tells_before_the_run_what_does_not_fit(active, byte_tokenizer: str) -> None:
    active("vllm/some-model", tokenizer=byte_tokenizer, max_model_len=600)
    with pytest.raises(PrerequisiteError, match="of 72 prompts do not fit: the context has 600 tokens"):
        dimension_task("behavior", data="sample")


def test_inspect_stops_where_answers_are_several_tokens(active, byte_tokenizer: str, tmp_path: Path) -> None:
    """A list of 30: candidates from 10 on are called by two digits, hence by two bytes."""
    wide = {
        "id": "wide", "dimension": "ranking", "lang": "en", "source": "test", "profile": "p", "history": [],
        "context": "c", "candidates": [{"id": str(i), "text": f"item {i}"} for i in range(30)],
        "labels": [1, *[0] * 29],
    }  # fmt: skip
    file = tmp_path / "ranking.jsonl"
    file.write_text(json.dumps(wide))
    active("hf/some-model", model_path=byte_tokenizer)
    with pytest.raises(PrerequisiteError, match="for 1 records some answers are several tokens"):
        dimension_task("ranking", data=str(file), answer="logprob")
    assert len(dimension_task("ranking", data=str(file)).dataset) == 1


def test_lm_eval_warns_where_answers_are_several_tokens(plain_byte_tokenizer: str, caplog) -> None:
    manager({"pretrained": plain_byte_tokenizer}).load(["recrm_factual_logprob"])
    assert "factual: for 72 records some answers are several tokens" in caplog.text
    caplog.clear()
    manager({"pretrained": plain_byte_tokenizer}).load(["recrm_factual"])
    assert "several tokens" not in caplog.text


def test_a_model_without_chat_template_is_reported_with_the_options(active, plain_byte_tokenizer: str) -> None:
    active("hf/some-model", model_path=plain_byte_tokenizer)
    with pytest.raises(PrerequisiteError, match=r"no chat template.*-T style=completion"):
        dimension_task("factual", data="sample")
    assert dimension_task("factual", data="sample", style="completion").metadata["recrm_provenance"]["factual"]["fit"]
    active("hf/some-model", model_path=plain_byte_tokenizer, chat_template="{{ messages[0].content }}")
    assert dimension_task("factual", data="sample", style="completion").metadata["recrm_provenance"]["factual"]["fit"]


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed here")
def test_a_server_of_vllm_that_cannot_be_started_is_reported_before_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLLM_BASE_URL", raising=False)
    init_active_model(get_model("vllm/some-model", memoize=False), GenerateConfig())
    try:
        with pytest.raises(PrerequisiteError, match=r"^vllm/some-model: vLLM is not installed here: pip install vllm"):
            dimension_task("factual", data="sample")
        for given in ({"base_url": "http://127.0.0.1:9/v1"}, {"port": 9}):
            init_active_model(get_model("vllm/some-model", memoize=False, **given), GenerateConfig())
            assert len(dimension_task("factual", data="sample", limit=1).dataset) == 1
    finally:
        init_active_model(None, GenerateConfig())  # type: ignore[arg-type]


def test_a_relative_path_is_from_where_the_user_stands(
    active, byte_tokenizer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inspect makes a task in the folder of its file."""
    folder = Path(byte_tokenizer)
    monkeypatch.setenv("PWD", str(folder.parent))
    monkeypatch.chdir(tmp_path)
    active("hf/some-model", model_path=folder.name)
    fit = dimension_task("factual", data="sample").metadata["recrm_provenance"]["factual"]["fit"]
    assert fit["tokenizer"] == str(folder)


def test_room_to_think_sets_inspects_limit(active) -> None:
    assert dimension_task("factual", data="sample").config.max_tokens == ANSWER_TOKENS
    assert dimension_task("factual", data="sample", thinking=1000).config.max_tokens == ANSWER_TOKENS + 1000


def test_the_choice_to_think_reaches_servers_and_the_result(active) -> None:
    def task(**options: Any) -> Task:
        return dimension_task("factual", data="sample", **options)

    def published(made: Task) -> object:
        return made.metadata["recrm_provenance"]["factual"]["enable_thinking"]

    assert published(task()) is None
    active("vllm/some-model", tokenizer="nowhere")
    made = task(enable_thinking=False)
    assert made.config.extra_body == {"chat_template_kwargs": {"enable_thinking": False}}
    assert published(made) is False
    assert task().config.extra_body is None


def test_inspects_hf_takes_the_choice_to_think_as_a_model_argument(active, byte_tokenizer: str) -> None:
    active("hf/some-model", model_path=byte_tokenizer, enable_thinking=True)
    made = dimension_task("factual", data="sample")
    assert made.metadata["recrm_provenance"]["factual"]["enable_thinking"] is True
    assert made.config.extra_body is None
    with pytest.raises(PrerequisiteError, match="-M enable_thinking=false"):
        dimension_task("factual", data="sample", enable_thinking=False)


def test_lm_evals_choice_to_think_stands_in_the_result(byte_tokenizer: str) -> None:
    made = manager({"pretrained": byte_tokenizer, "enable_thinking": False}).load(["recrm_factual"])
    assert made["tasks"]["recrm_factual"].config.metadata["recrm_provenance"]["enable_thinking"] is False


def test_unseen_answers_are_counted(tmp_path: Path) -> None:
    prompts = list(load_questions("behavior", "logprob", Backend(), Options(data="sample", limit=6))[0])
    table: scripted.Answers = {p.messages[-1].content: {"A": -0.5, "B": -1.5} for p in prompts}
    table[prompts[0].messages[-1].content] = {"A": -0.5}
    log = by_inspect(dimension_task("behavior", data="sample", answer="logprob", limit=6), table, tmp_path)
    assert log.results.scores[0].metrics["unseen"].value == 1
    (sure,) = (s for s in log.samples if s.id == prompts[0].id)
    assert sure.scores["recrm"].metadata["outcome"]["value"] == 1.0
    table[prompts[0].messages[-1].content] = {"A": -0.5, "B": -1.5}
    log = by_inspect(dimension_task("behavior", data="sample", answer="logprob", limit=6), table, tmp_path)
    assert "unseen" not in log.results.scores[0].metrics


def test_answers_that_the_limit_cut_off_are_counted_beside_the_reasons(tmp_path: Path) -> None:
    """The reason depends only on the text, as in lm-eval, which does not know why a model stopped."""
    prompts = [
        p.messages[-1].content
        for p in load_questions("factual", "generate", Backend(), Options(data="sample", limit=6))[0]
    ]
    table: scripted.Answers = dict.fromkeys(prompts, '{"answer": "A"}')
    table[prompts[0]] = "Let me begin with the evidence, which says"
    table[prompts[1]] = '{"answer": "A"}\nBecause the'
    model = get_model("scripted/any", answers=table, cut=prompts[:2], memoize=False)
    task = dimension_task("factual", data="sample", limit=6)
    (log,) = inspect_eval(task, model=model, log_dir=str(tmp_path), display="none")
    metrics = log.results.scores[0].metrics
    assert (metrics["cut"].value, metrics["invalid_no_answer"].value, metrics["invalid_truncated"].value) == (2, 1, 0)
    told = {s.scores["recrm"].explanation for s in log.samples if s.scores["recrm"].metadata.get("cut")}
    assert told == {
        'A (consistent), read from the line: `{"answer": "A"}`',
        "Unreadable (no_answer): no answer in an accepted form; the token limit cut it off: "
        "`Let me begin with the evidence, which says`",
    }


def test_a_chat_api_is_no_place_for_log_probabilities() -> None:
    arguments = {"model": "some", "base_url": "http://127.0.0.1:1/v1/chat/completions"}
    with pytest.raises(RecrmError, match=r"use --model recrm-server with api=chat .*or the task without _logprob"):
        manager(arguments).load(["recrm_factual_logprob"])
    assert manager(arguments).load(["recrm_factual"])
    assert manager({**arguments, "base_url": "http://127.0.0.1:1/v1/completions"}).load(["recrm_factual_logprob"])
