"""What answers cost, in Inspect's metrics and as reports read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import scripted
from inspect_ai import eval as inspect_eval
from inspect_ai import eval_retry
from inspect_ai.log import EvalLog
from inspect_ai.model import ModelUsage, get_model
from inspect_ai.scorer import SampleScore, Score

from inspect_tasks import bench_task, dimension_task
from inspect_tasks.logged_runs import read_contents
from inspect_tasks.metrics import bench_metrics, dimension_metrics
from inspect_tasks.samples import turns_of
from inspect_tasks.usage import usage_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.models.usage import FIELDS, Usage, total

CACHED = ModelUsage(input_tokens=30, input_tokens_cache_read=60, input_tokens_cache_write=10, output_tokens=5)


def costs(log: EvalLog, prefix: str = "") -> dict[str, float]:
    assert log.results is not None
    found = log.results.scores[0].metrics
    return {name: found[prefix + name].value for name in FIELDS if prefix + name in found}


def test_cached_tokens_are_tokens_of_the_prompt() -> None:
    assert usage_of(CACHED, 1) == Usage(1, 100, 60, 5)
    assert usage_of(ModelUsage(input_tokens=7, output_tokens=2)) == Usage(None, 7, None, 2)
    assert usage_of(None, 1) == Usage(1)


def test_what_one_lacks_the_sum_lacks_but_for_the_cache() -> None:
    assert total([Usage(1, 10, 4, 1), Usage(1, 20, None, 1)]) == Usage(2, 30, 4, 2)
    assert total([Usage(1, 10, None, 1), Usage(1, 20, None, 1)]) == Usage(2, 30, None, 2)
    assert total([Usage(1, 10, 4, 1), Usage(1)]) == Usage(2, None, 4, None)
    assert total([]) == Usage()


@pytest.mark.slow
def test_the_counts_of_a_bench_and_of_its_dimensions(tmp_path: Path) -> None:
    table = scripted.right_answers(scripted.all_prompts())
    api = get_model("scripted/some/model", answers=table, usage=CACHED, memoize=False)
    (log,) = inspect_eval(
        bench_task(data="sample", limit=3), model=api, log_dir=str(tmp_path), display="none", score_display=False
    )
    assert costs(log) == {"requests": 15, "tokens_in": 1500, "tokens_cached": 900, "tokens_out": 75}
    for key in dimensions():
        assert costs(log, f"{key}_") == {"requests": 3, "tokens_in": 300, "tokens_cached": 180, "tokens_out": 15}
    runs = read_contents(Path(log.location)).runs
    assert {run.cost.usage for run in runs if run.cost} == {Usage(15, 1500, 900, 75)}
    assert {run.cost.computed for run in runs if run.cost} == {40}
    assert not any(name in run.metrics for run in runs for name in FIELDS)


def test_a_cache_that_is_not_reported_is_not_known(tmp_path: Path) -> None:
    table = scripted.right_answers(scripted.all_prompts())
    log = scripted.by_inspect(dimension_task("factual", data="sample", limit=3), table, tmp_path)
    assert costs(log) == {"requests": 3, "tokens_in": 3, "tokens_out": 3}
    (run,) = read_contents(Path(log.location)).runs
    assert run.cost
    assert run.cost.computed is None


def test_epochs_are_requests(tmp_path: Path) -> None:
    table = scripted.right_answers(scripted.all_prompts())
    log = scripted.by_inspect(dimension_task("factual", data="sample", limit=3), table, tmp_path, epochs=2)
    assert costs(log)["requests"] == 6


def test_scores_of_an_earlier_version_have_no_counts() -> None:
    counted = {"dimension": "factual", "outcome": {"id": "a", "gold": 0, "value": 0}, "usage": {"requests": 1}}
    older = {"dimension": "factual", "outcome": {"id": "b", "gold": 0, "value": 0}}
    for metric in (dimension_metrics(), bench_metrics()):
        scores = [SampleScore(score=Score(value=1, metadata=one)) for one in (counted, older)]
        found: Any = metric(scores)  # type: ignore[call-arg]
        assert not any(name.endswith(FIELDS) for name in found)
        assert metric(scores[:1])["requests"] == 1  # type: ignore[call-arg, index]


@pytest.mark.slow
def test_a_resumed_run_has_the_counts_of_all_its_parts(tmp_path: Path) -> None:
    table = scripted.right_answers(scripted.all_prompts())
    sample = dimension_task("factual", data="sample", limit=6).dataset[4]
    prompt = turns_of(sample.input, sample.metadata)[-1].text
    options: dict[str, Any] = {"display": "none", "log_dir": str(tmp_path), "max_connections": 1}

    def model_with(answers: scripted.Answers) -> Any:
        return get_model("scripted/some/model", answers=answers, usage=CACHED, memoize=False)

    file, given = "recrm_tasks/factual.py", {"data": "sample", "limit": 6}
    broken = model_with({text: answer for text, answer in table.items() if text != prompt})
    (failed,) = inspect_eval(file, model=broken, task_args=given, **options)
    assert failed.status == "error"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inspect_ai._eval.eval.get_model", lambda *names, **more: model_with(table))
        (log,) = eval_retry(failed, **options)
    assert log.status == "success"
    assert costs(log) == {"requests": 6, "tokens_in": 600, "tokens_cached": 360, "tokens_out": 30}
    (run,) = read_contents(Path(log.location)).runs
    assert run.cost
    assert (run.cost.usage, run.cost.computed) == (Usage(6, 600, 360, 30), 40)
