"""The same answers give the same numbers in both harnesses, to the last bit, through their real machinery."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import scripted
from inspect_ai import score as inspect_score
from inspect_ai.log import EvalLog
from scripted import by_inspect, by_lm_eval, numbers

from inspect_tasks import bench_task, dimension_task
from inspect_tasks.samples import turns_of
from inspect_tasks.scorers import recrm
from recrm_tasks.answers.prompt import MODES
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.lm_eval_tasks.results_file import numbers_of
from recrm_tasks.scoring.outcomes import Reason

SUFFIX = {"generate": "", "logprob": "_logprob"}
LIMIT = 24
"""Records of each dimension where all are in one run; `test_every_metric_is_equal` compares every record."""

Both = Callable[[str, str], tuple[dict[str, Any], EvalLog]]


def answers(dimension: str, mode: str) -> scripted.Answers:
    prompts = list(load(dimension, "sample").prompts(mode))
    return scripted.completions(prompts) if mode == "generate" else scripted.logprobs(prompts)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """A dimension and mode -> its runs by lm-eval and by Inspect with the same answers, made when first wanted."""

    @cache
    def run(dimension: str, mode: str) -> tuple[dict[str, Any], EvalLog]:
        table = answers(dimension, mode)
        done = by_lm_eval(table, f"recrm_{dimension}{SUFFIX[mode]}")
        task = dimension_task(dimension, data="sample", answer=mode)
        return done, by_inspect(task, table, tmp_path_factory.mktemp("inspect"))

    return run


def assert_same(ours: dict[str, float], theirs: dict[str, float]) -> None:
    for name, value in ours.items():
        other = theirs[name]
        assert value == other or (math.isnan(value) and math.isnan(other)), (name, value, other)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dimension", dimensions())
def test_every_metric_is_equal(dimension: str, mode: str, both: Both) -> None:
    done, log = both(dimension, mode)
    task = f"recrm_{dimension}{SUFFIX[mode]}"
    results, inspect_numbers = numbers_of(done, task), numbers(log)
    assert results.keys() == inspect_numbers.keys()
    assert inspect_numbers["n"] == 72
    assert_same(inspect_numbers, results)
    shown = {name.removesuffix(",none"): one for name, one in done["results"][task].items() if name.endswith(",none")}
    assert_same({name: one for name, one in shown.items() if one != "N/A"}, results)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_bench_and_group_are_equal(mode: str, tmp_path: Path) -> None:
    table = {text: answer for dimension in dimensions() for text, answer in answers(dimension, mode).items()}
    group = f"recrm_bench{SUFFIX[mode]}"
    results = by_lm_eval(table, group, recrm_limit=LIMIT)
    inspect_numbers = numbers(by_inspect(bench_task(data="sample", answer=mode, limit=LIMIT), table, tmp_path))
    whole = results["groups"][group]
    assert inspect_numbers["mean_score"] == whole["score,none"]
    assert inspect_numbers["mean_score_stderr"] == whole["score_stderr,none"]
    name = f"recrm_hybrid{SUFFIX[mode]}"
    hybrid = numbers_of(by_lm_eval(table, name, recrm_limit=LIMIT), name)
    assert inspect_numbers["hybrid"] == hybrid["score"]
    assert 0 < inspect_numbers["hybrid"] < 1
    assert hybrid.keys() - inspect_numbers.keys() == {"score", "score_stderr"}
    assert_same(inspect_numbers, hybrid)
    for dimension in dimensions():
        own = {n: v for n, v in inspect_numbers.items() if n.startswith(f"{dimension}_")}
        theirs = numbers_of(results, f"recrm_{dimension}{SUFFIX[mode]}")
        assert own.keys() == {f"{dimension}_{n}" for n in theirs}
        assert_same(own, {f"{dimension}_{n}": value for n, value in theirs.items()})


@pytest.mark.parametrize("dimension", dimensions())
def test_both_log_the_same_outcomes(dimension: str, both: Both) -> None:
    done, log = both(dimension, "generate")
    samples = done["samples"][f"recrm_{dimension}"]
    shown = ("dimension", "answer")
    theirs = {s["doc"]["id"]: {n: v for n, v in s["score"].items() if n not in shown} for s in samples}
    ours = {s.id: s.scores["recrm"].metadata["outcome"] for s in log.samples}
    assert theirs == ours
    assert {s["doc"]["id"]: s["score"]["answer"] for s in samples} == {
        s.id: s.scores["recrm"].answer for s in log.samples
    }
    reasons = {outcome.get("reason") for outcome in ours.values()}
    assert {None, "empty", "ambiguous", "truncated", "no_answer"} <= reasons
    assert reasons - {None} <= {reason.value for reason in Reason}


def test_order_and_limit_are_the_same(tmp_path: Path) -> None:
    manager = scripted.manager(recrm_limit=10, recrm_seed=3, recrm_lang="zh")
    docs = manager.load(["recrm_ranking"])["tasks"]["recrm_ranking"].test_docs()
    task = dimension_task("ranking", data="sample", limit=10, seed=3, lang="zh")
    assert docs["id"][:] == [sample.id for sample in task.dataset]
    assert docs["prompt"][:] == [turns_of(one.input, one.metadata)[-1].text for one in task.dataset]


def test_a_log_can_be_scored_again(both: Both) -> None:
    _, log = both("relevance", "generate")
    again = inspect_score(log, recrm(), action="overwrite", display="none")
    assert_same(numbers(log), numbers(again))


@pytest.mark.slow
def test_orders_of_a_list_are_one_cluster(tmp_path: Path) -> None:
    """Three questions per list: equal numbers in both harnesses, and as many clusters as lists."""
    prompts = list(load("ranking", "sample").prompts("generate", orders=3))
    table = scripted.completions(prompts)
    done = by_lm_eval(table, "recrm_ranking", recrm_orders=3, recrm_limit=LIMIT)
    ours = numbers(by_inspect(dimension_task("ranking", data="sample", orders=3, limit=LIMIT), table, tmp_path))
    assert (ours["n"], ours["clusters"]) == (3 * LIMIT, LIMIT)
    assert_same(ours, numbers_of(done, "recrm_ranking"))


def one_by_one(mode: str, data: str = "sample", limit: int | None = None) -> scripted.Answers:
    prompts = list(load("ranking", data, split="all", ask="item", limit=limit).prompts(mode, ask="item"))
    return scripted.completions(prompts) if mode == "generate" else scripted.logprobs(prompts)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_candidates_one_by_one_are_equal(mode: str, tmp_path: Path) -> None:
    """A question per candidate, and the metrics of their lists."""
    table = one_by_one(mode, limit=LIMIT)
    name = f"recrm_ranking{SUFFIX[mode]}"
    done = by_lm_eval(table, name, recrm_ask="item", recrm_limit=LIMIT)
    log = by_inspect(dimension_task("ranking", data="sample", answer=mode, ask="item", limit=LIMIT), table, tmp_path)
    ours = numbers(log)
    assert_same(ours, numbers_of(done, name))
    assert (ours["lists"], ours["clusters"], ours["n"]) == (LIMIT, LIMIT, len(table))
    assert 0 < ours["auc"] < 1
    assert 0 < ours["auc_pooled"] < 1
    assert ours["score"] == ours["auc"]
    assert math.isnan(ours["position_bias"])
    if mode == "generate":
        logged = {s["doc"]["id"]: s["score"] for s in done["samples"][name]}
        theirs = {i: {n: v for n, v in one.items() if n not in ("dimension", "answer")} for i, one in logged.items()}
        assert theirs == {s.id: s.scores["recrm"].metadata["outcome"] for s in log.samples}


def test_a_harness_limit_cuts_no_list_in_two(tmp_path: Path) -> None:
    """The list in which it ends is none; its answers are in the pooled metrics."""
    table = one_by_one("generate")
    done = by_lm_eval(table, "recrm_ranking", limit=8, recrm_ask="item")
    log = by_inspect(dimension_task("ranking", data="sample", ask="item"), table, tmp_path, limit=8)
    ours = numbers(log)
    assert_same(ours, numbers_of(done, "recrm_ranking"))
    outcomes = [sample.scores["recrm"].metadata["outcome"] for sample in log.samples]
    seen = Counter(outcome["of_list"] for outcome in outcomes)
    whole = [o for o in outcomes if seen[o["of_list"]] == o["candidates"]]
    assert (ours["n"], ours["lists"]) == (8, len({o["of_list"] for o in whole}))
    assert len(whole) < 8


def test_each_epoch_has_its_lists(tmp_path: Path) -> None:
    table = one_by_one("generate")
    once, twice = (
        numbers(by_inspect(dimension_task("ranking", data="sample", ask="item", limit=6), table, tmp_path, epochs=n))
        for n in (1, 2)
    )
    assert (twice["lists"], twice["n"], twice["clusters"]) == (12, 2 * once["n"], 6)
    for name in ("auc", "acc", "ndcg@3", "auc_pooled"):
        assert twice[name] == pytest.approx(once[name], abs=1e-12)
    assert twice["auc_stderr"] == pytest.approx(once["auc_stderr"], rel=1e-12)


ROWS = [
    {
        "id": f"r{i}", "dimension": "ranking", "lang": "en", "source": "mine", "group": f"u{i // 4}",
        "profile": f"user {i // 4}", "history": [], "context": "",
        "candidates": [{"id": "1", "text": f"shop {i}"}], "labels": [int(i % 4 == 0)],
    }
    for i in range(24)
]  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_rows_without_lists_are_equal(mode: str, tmp_path: Path) -> None:
    """A row per user and item: metrics of lists are undefined, and the score is that of all answers together."""
    file = tmp_path / "ranking.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    table, name = one_by_one(mode, str(file)), f"recrm_ranking{SUFFIX[mode]}"
    done = by_lm_eval(table, name, recrm_ask="item", recrm_data=str(file))
    log = by_inspect(dimension_task("ranking", data=str(file), answer=mode, ask="item"), table, tmp_path / "logs")
    ours = numbers(log)
    assert_same(ours, numbers_of(done, name))
    assert (ours["n"], ours["lists"], ours["clusters"]) == (24, 0, 6)
    assert math.isnan(ours["auc"])
    assert ours["score"] == ours["auc_pooled"]
    said = done["configs"][name]["metadata"]["recrm_provenance"]
    assert said == log.eval.metadata["recrm_provenance"]["ranking"]
    assert (said["ask"], said["questions"], said["lists_without_order"]) == ("item", 24, 24)
    assert 0 < ours["score"] < 1


@pytest.mark.slow
def test_epochs_are_clusters_of_one_record(both: Both, tmp_path: Path) -> None:
    once = numbers(both("factual", "generate")[1])
    task = dimension_task("factual", data="sample")
    twice = numbers(by_inspect(task, answers("factual", "generate"), tmp_path, epochs=2))
    assert twice["n"] == 2 * once["n"]
    assert twice["acc"] == once["acc"]
    assert twice["acc_stderr"] == pytest.approx(once["acc_stderr"], rel=1e-12)
