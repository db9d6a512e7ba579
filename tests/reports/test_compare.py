"""`recrm compare` and `recrm aggregate` on logs that both harnesses wrote themselves."""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import scripted
from inspect_ai.log import read_eval_log
from paired import pair
from saved_runs import by_inspect, by_lm_eval

from inspect_tasks import dimension_task
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.aggregate_runs import aggregate_runs
from recrm_tasks.reports.collect import answers_in, collect, collect_answers
from recrm_tasks.reports.compare_runs import compare_pairs, disputed
from recrm_tasks.reports.leaderboard_entries import entries


def rows_of(first: Path, second: Path):
    pairs, left = pair(collect_answers([str(first)], READERS), collect_answers([str(second)], READERS))
    return compare_pairs(pairs), disputed(pairs, 5), left


@pytest.mark.parametrize("other", ["inspect", "hybrid"])
def test_the_same_answers_do_not_differ(logs: Path, other: str) -> None:
    rows, records, left = rows_of(logs / "lm-eval", logs / other)
    assert left == records == []
    assert {row.dimension for row in rows} == {*dimensions(), "all"}
    for row in rows:
        assert row.difference.first == row.difference.second
        assert row.difference.value == 0
        assert row.difference.p == 1
    assert {row.metric for row in rows if row.dimension == "all"} == {
        "mean_score", "hybrid", "hybrid_gated", "hybrid_weighted", "hybrid_geometric",
    }  # fmt: skip


def test_right_answers_are_better(logs: Path) -> None:
    rows, records, _ = rows_of(logs / "inspect", logs / "right")
    for row in rows:
        change = row.difference
        if row.metric == "brier":
            assert change.value < 0
            continue
        assert change.second > change.first
        assert 0 < change.low < change.value < change.high or (row.metric == "acc" and change.low > 0)
        assert change.p < 0.002
        assert math.isnan(row.adjusted) if row.dimension == "all" else change.p <= row.adjusted <= 5 * change.p
    assert [r.dimension for r in records] == [key for key in dimensions() for _ in range(5)]
    assert all(after > before for before, after in (r.credits for r in records))


def test_both_commands_print(logs: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["compare", str(logs / "lm-eval"), str(logs / "right"), "--top", "1"]) == 0
    printed = capsys.readouterr().out
    for word in ("McNemar, exact", "DeLong, paired", "resampled tables", "hybrid_geometric", "unreadable: ", "model"):
        assert word in printed
    assert main(["compare", str(logs / "lm-eval"), str(logs / "inspect")]) == 0
    assert "Both runs scored the same on every record." in capsys.readouterr().out
    for name in ("parts.parquet", "parts.csv"):
        file = tmp_path / name
        assert main(["aggregate", str(logs / "inspect"), "--to", str(file), "--weight", "relevance=2"]) == 0
        assert "weight 2" in capsys.readouterr().out
    table = pq.read_table(tmp_path / "parts.parquet").to_pylist()
    with (tmp_path / "parts.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["id"], float(row["gold"])) for row in rows] == [(row["id"], row["gold"]) for row in table]
    assert {row["dimension"] for row in table} == set(dimensions())
    assert {row["weight"] for row in table if row["dimension"] == "relevance"} == {2.0}
    lists = [row for row in table if row["dimension"] == "ranking"]
    assert len({row["id"] for row in lists}) == 72 < len(lists)
    assert {row["candidate"] for row in table if row["dimension"] != "ranking"} == {0}
    unreadable = [row for row in table if row["verdict"] is None]
    assert unreadable
    assert all(0 <= row["gold"] <= 1 and 0 <= (row["verdict"] or 0) <= 1 for row in table)


def test_diagnoses(logs: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["diagnose", str(logs / "lm-eval"), "--to", str(tmp_path / "a.json")]) == 0
    printed = capsys.readouterr().out
    for word in ("B (inconsistent)", "answered", "unreadable", "probability", "positives", "first choice", "by chance"):
        assert word in printed
    assert main(["diagnose", str(logs / "inspect"), "--to", str(tmp_path / "b.json")]) == 0
    ours, theirs = (json.loads((tmp_path / name).read_text()) for name in ("a.json", "b.json"))
    by_dimension = {entry["dimension"]: entry["rows"] for entry in theirs}
    assert {entry["dimension"]: entry["rows"] for entry in ours} == by_dimension
    assert set(by_dimension) == set(dimensions())
    assert main(["diagnose", str(logs / "inspect"), "--to", str(tmp_path / "no" / "c.json")]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.slow
def test_the_aggregate_of_logs_is_that_of_the_harnesses(logs: Path, tmp_path: Path) -> None:
    """From single dimensions by both harnesses in one folder, to the last bit."""
    table = scripted.completions(scripted.all_prompts())
    (bench,) = (logs / "inspect").glob("*.eval")
    numbers = scripted.numbers(read_eval_log(str(bench), header_only=True))
    for key in dimensions():
        if key in ("factual", "ranking"):
            by_inspect(tmp_path / "singles", table, dimension_task(key, data="sample"))
        else:
            by_lm_eval(tmp_path / "singles", table, f"recrm_{key}")
    (found,), _ = aggregate_runs(collect_answers([str(tmp_path / "singles")], READERS))
    assert found.mean.value == numbers["mean_score"]
    assert found.hybrid["stratified"].value == numbers["hybrid"]
    for form in ("gated", "weighted", "geometric"):
        assert found.hybrid[form].value == numbers[f"hybrid_{form}"]
        assert found.hybrid[form].stderr == numbers[f"hybrid_{form}_stderr"]
    assert found.clusters == numbers["clusters"] == 72


@pytest.mark.slow
def test_a_run_of_one_dimension_beside_all_is_left_out_of_the_aggregate(logs: Path) -> None:
    answers = collect_answers([str(logs / "inspect")], READERS)
    alone = [replace(one, mode="logprob") for one in answers if one.dimension == "factual"]
    (found,), incomplete = aggregate_runs([*answers, *alone])
    assert found.mode == "generate"
    assert len(incomplete) == 1
    assert "(logprob): no run of instruction, relevance, behavior, ranking" in incomplete[0]
    with pytest.raises(DataError, match="no run of instruction"):
        aggregate_runs(alone)


def lines_of(folder: Path, capsys: pytest.CaptureFixture[str], command: str = "aggregate", *more: str) -> str:
    assert main([command, str(folder), *more]) == 2
    return capsys.readouterr().err


@pytest.mark.slow
def test_runs_that_were_asked_differently_are_refused(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = scripted.completions(scripted.all_prompts()) | scripted.completions(scripted.all_prompts(lang="en"))
    by_inspect(tmp_path / "lang", table, dimension_task("factual", data="sample", prompt_lang="en"))
    printed = lines_of(logs / "lm-eval", capsys, "compare", str(tmp_path / "lang"))
    assert "the runs were not asked the same" in printed
    assert "factual: prompt_lang is None in A, en in B" in printed
    assert "factual: 36 records have different prompts" in printed

    by_inspect(tmp_path / "limit", table, dimension_task("factual", data="sample", limit=10))
    printed = lines_of(logs / "lm-eval", capsys, "compare", str(tmp_path / "limit"))
    assert "factual: 72 records in A, 10 in B, 10 in both; " in printed

    orders = table | scripted.completions(scripted.all_prompts(orders=2))
    by_inspect(tmp_path / "orders", orders, dimension_task("ranking", data="sample", orders=2))
    assert "ranking: orders is 1 in A, 2 in B" in lines_of(
        logs / "lm-eval", capsys, "compare", str(tmp_path / "orders")
    )

    prompts = list(load("factual", "sample").prompts("logprob"))
    by_inspect(
        tmp_path / "logprob", scripted.logprobs(prompts), dimension_task("factual", data="sample", answer="logprob")
    )
    printed = lines_of(logs / "lm-eval", capsys, "compare", str(tmp_path / "logprob"))
    assert "nothing to compare" in printed
    assert "B has factual (logprob)" in printed


def test_a_harness_limit_is_no_difference(tmp_path: Path) -> None:
    """The ten records of lm-eval's --limit 10 are those of -T limit=10."""
    table = scripted.completions(scripted.all_prompts())
    by_lm_eval(tmp_path / "a", table, "recrm_factual", limit=10)
    by_inspect(tmp_path / "b", table, dimension_task("factual", data="sample", limit=10))
    rows, records, _ = rows_of(tmp_path / "a", tmp_path / "b")
    assert {row.difference.value for row in rows} == {0}
    assert records == []


def other_version(results: dict) -> None:
    results["configs"]["recrm_factual"]["metadata"]["recrm_provenance"]["prompt_version"] = 2


def other_revision(results: dict) -> None:
    for config in results["configs"].values():
        config["metadata"]["recrm_provenance"]["revision"] = "abc"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            other_version,
            f"factual: its answers were read by task version {dimensions()['factual'].version} in A, 2 in B",
        ),
        (other_revision, "factual: revision is None in A, abc in B"),
    ],
)
def test_versions_and_revisions(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[dict], None], message: str
) -> None:
    shutil.copytree(logs / "lm-eval", tmp_path / "other")
    (file,) = (tmp_path / "other").rglob("results_*.json")
    results = json.loads(file.read_text())
    change(results)
    file.write_text(json.dumps(results))
    assert message in lines_of(logs / "lm-eval", capsys, "compare", str(tmp_path / "other"))


def test_other_golds(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(logs / "lm-eval", tmp_path / "other")
    (file,) = (tmp_path / "other").rglob("samples_recrm_factual_*.jsonl")
    first, *rest = file.read_text().splitlines()
    sample = json.loads(first)
    sample["score"]["gold"] = 1 - sample["score"]["gold"]
    file.write_text("\n".join([json.dumps(sample), *rest]) + "\n")
    printed = lines_of(logs / "lm-eval", capsys, "compare", str(tmp_path / "other"))
    assert "factual: 1 records differ in the gold answer" in printed
    assert sample["score"]["id"] in printed


@pytest.mark.slow
def test_incomplete_and_broken_logs(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_lm_eval(tmp_path / "bare", scripted.completions(scripted.all_prompts()), "recrm_factual", samples=False)
    assert "lm_eval --log_samples" in lines_of(tmp_path / "bare", capsys)

    shutil.copytree(logs / "lm-eval", tmp_path / "short")
    (file,) = (tmp_path / "short").rglob("samples_recrm_factual_*.jsonl")
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:70]) + "\n")
    assert "incomplete, it has 70 of 72 samples" in lines_of(tmp_path / "short", capsys)
    file.write_text("\n".join([*lines[:3], lines[3][:50]]) + "\n")
    assert "line 4 is not a sample" in lines_of(tmp_path / "short", capsys)
    file.write_text('{"score": ["taste", []]}\n')
    assert "line 1 is not a sample" in lines_of(tmp_path / "short", capsys)

    assert "two runs of " in lines_of(logs, capsys)
    shutil.copytree(logs / "lm-eval", tmp_path / "twice" / "a")
    shutil.copytree(logs / "lm-eval", tmp_path / "twice" / "b")
    printed = lines_of(tmp_path / "twice", capsys, "compare", str(logs / "inspect"))
    assert "A has two runs of " in printed

    by_inspect(tmp_path / "one", scripted.completions(scripted.all_prompts()), dimension_task("factual", data="sample"))
    (line,) = lines_of(tmp_path / "one", capsys).splitlines()
    assert "no run of instruction, relevance, behavior, ranking; the aggregate, with the expected dead groups" in line
    assert "no such file or folder" in lines_of(tmp_path / "nowhere", capsys)
    (tmp_path / "empty").mkdir()
    assert "no runs of recrm tasks" in lines_of(tmp_path / "empty", capsys)
    (tmp_path / "empty" / "x.eval").write_bytes(b"PK no")
    assert "not a readable Inspect log" in lines_of(tmp_path / "empty", capsys)
    other = lines_of(logs / "inspect", capsys, "aggregate", "--to", "p.txt")
    assert "an aggregate and its parts are written as .json, .parquet, .csv" in other
    missing = str(tmp_path / "no" / "such" / "p.csv")
    assert "cannot be written" in lines_of(logs / "inspect", capsys, "aggregate", "--to", missing)


def test_data_of_two_revisions_is_not_aggregated(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(logs / "lm-eval", tmp_path / "mixed")
    (file,) = (tmp_path / "mixed").rglob("results_*.json")
    results = json.loads(file.read_text())
    results["configs"]["recrm_factual"]["metadata"]["recrm_provenance"].update(data="hub", revision="abc")
    file.write_text(json.dumps(results))
    assert "the dimensions are of different data" in lines_of(tmp_path / "mixed", capsys)


def test_a_report_of_hybrid_results(logs: Path) -> None:
    """They are of all dimensions together; each dimension's are computed from the samples, and equal Inspect's."""
    by_lm_eval, by_inspect = (
        entries(collect([str(logs / name)], READERS).runs, lru_cache(partial(answers_in, readers=READERS)))[0][0]
        for name in ("hybrid", "inspect")
    )
    assert by_lm_eval.overall == by_inspect.overall
    for key, run in by_inspect.runs.items():
        assert by_lm_eval.runs[key].metrics == run.metrics


def test_hybrid_results_without_samples(logs: Path, tmp_path: Path) -> None:
    """They have the numbers of each dimension; those of earlier versions have only the whole's."""
    file = next((logs / "hybrid").rglob("results_*.json"))
    content = json.loads(file.read_text())
    (tmp_path / file.name).write_text(json.dumps(content))
    with_samples = {run.dimension: run for run in collect([str(logs / "hybrid")], READERS).runs}
    found = {run.dimension: run for run in collect([str(tmp_path)], READERS).runs}
    assert found.keys() == with_samples.keys()
    assert all(run.same_as(with_samples[key]) for key, run in found.items())
    (config,) = content["configs"].values()
    del config["metadata"]["recrm_metrics"]
    (tmp_path / file.name).write_text(json.dumps(content))
    with pytest.raises(DataError, match="lm_eval --log_samples"):
        collect([str(tmp_path)], READERS)


def test_the_published_table_comes_last(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(logs / "right"), "--published"]) == 0
    printed = capsys.readouterr().out
    assert printed.index("not RecRM-Bench") < printed.index("published:") < printed.index("RecRM-RL")
