"""Two models with the same answers are marked: one of them may have got the other's out of a cache."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import lm_eval
import pytest
import scripted
from lm_eval.loggers import EvaluationTracker
from saved_runs import by_lm_eval

from recrm_tasks.cli import main
from recrm_tasks.data import load


def cached_run(folder: Path, model: str, table: scripted.Answers, cache: Path, task: str) -> dict[str, Any]:
    """A run with `--use_cache`, saved."""
    done = lm_eval.simple_evaluate(
        scripted.ScriptedLM(table), tasks=[task], task_manager=scripted.manager(), use_cache=str(cache)
    )
    tracker = EvaluationTracker(output_path=str(folder / model))
    tracker.general_config_tracker.model_name = model
    samples = done.pop("samples")
    tracker.save_results_aggregated(results=done, samples=samples)
    tracker.save_results_samples(task_name=task, samples=samples[task])
    return done["results"][task]


@pytest.mark.parametrize("mode", ["generate", "logprob"])
def test_a_cache_of_another_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    """lm-eval finds cached answers by the prompt: the second model is not asked. The task warns, with the path."""
    prompts = list(load("factual", "sample").prompts(mode))
    if mode == "generate":
        task, first, second = "recrm_factual", scripted.completions(prompts), scripted.right_answers(prompts)
    else:
        task, first = "recrm_factual_logprob", scripted.logprobs(prompts)
        second = {text: {c: -v for c, v in one.items()} for text, one in first.items()}
    cache = tmp_path / "cache" / "answers"
    with caplog.at_level(logging.WARNING, logger="recrm_tasks"):
        one = cached_run(tmp_path, "one", first, cache, task)
        assert "--use_cache" not in caplog.text
        other = cached_run(tmp_path, "other", second, cache, task)
    said = caplog.text
    assert f"--use_cache: {cache}_rank0.db already has " in said
    assert "Use one cache per model" in said
    assert one["score,none"] == other["score,none"]
    capsys.readouterr()
    assert main(["report", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert f"one and other (lm-eval, {mode}) gave the same answers, to the last digit, in factual (N 72)" in printed.err
    assert "same answers as" in printed.out


def test_models_that_differ_are_not_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not those with the same labels in other words, nor several runs of one model."""
    prompts = list(load("factual", "sample").prompts("generate"))
    table = scripted.right_answers(prompts)
    by_lm_eval(tmp_path / "a", table, "recrm_factual", model="first")
    by_lm_eval(tmp_path / "b", table, "recrm_factual", model="first")
    words = {text: f"The answer: {answer}" for text, answer in table.items()}
    by_lm_eval(tmp_path / "c", words, "recrm_factual", model="second")
    by_lm_eval(tmp_path / "d", scripted.completions(prompts), "recrm_factual", model="third")
    capsys.readouterr()
    assert main(["report", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "same answers" not in printed.out + printed.err


def test_log_probabilities_decide_where_labels_are_equal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two models that always prefer A have the same metrics, and not the same probabilities."""
    prompts = list(load("factual", "sample").prompts("logprob"))
    for model, worst in (("first", -3.0), ("second", -4.0)):
        table = {p.messages[-1].content: dict(zip(p.choices, (-0.1, worst), strict=True)) for p in prompts}
        by_lm_eval(tmp_path / model, table, "recrm_factual_logprob", model=model)
    capsys.readouterr()
    assert main(["report", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "same answers" not in printed.out + printed.err


def test_equal_numbers_without_logged_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = scripted.completions(list(load("factual", "sample").prompts("generate")))
    for model in ("first", "second"):
        by_lm_eval(tmp_path / model, table, "recrm_factual", model=model, samples=False)
    capsys.readouterr()
    assert main(["report", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    assert "every metric of factual is the same. Are the answers too?" in printed.err
    assert "same answers as" not in printed.out
