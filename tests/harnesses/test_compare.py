"""`recrm compare` and `recrm aggregate` on logs that both harnesses wrote themselves."""

from __future__ import annotations

import csv
import json
import math
import shutil
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import scripted
from inspect_ai import Task
from inspect_ai.log import read_eval_log

from inspect_tasks import dimension_task
from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.errors import DataError
from recrm_tasks.reports.aggregates import aggregates
from recrm_tasks.reports.collect import answers_in, collect, collect_answers
from recrm_tasks.reports.compare import compare, disputed
from recrm_tasks.reports.entries import entries
from recrm_tasks.reports.pairing import pair


def all_prompts(**options: object) -> list[Prompt]:
    return [p for key in dimensions() for p in load(key, "sample").prompts("generate", **options)]  # type: ignore[arg-type]


def by_lm_eval(
    folder: Path, table: scripted.Answers, task: str, samples: bool = True, limit: int | None = None
) -> None:
    scripted.save(scripted.by_lm_eval(table, task, limit=limit), folder, samples=samples)


def by_inspect(folder: Path, table: scripted.Answers, task: Task) -> dict[str, float]:
    return scripted.numbers(scripted.by_inspect(task, table, folder))


def better(prompt: Prompt) -> str:
    key = "ranking" if isinstance(prompt.gold, tuple) else "answer" if prompt.words else "probability"
    return json.dumps({key: scripted.right(prompt)})


@pytest.fixture(scope="module")
def logs(bench_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """lm-eval and Inspect with the same answers, lm-eval's hybrid task with them too, and lm-eval with right ones."""
    folder = tmp_path_factory.mktemp("logs") / "logs"
    shutil.copytree(bench_logs, folder)
    prompts = all_prompts()
    by_lm_eval(folder / "hybrid", scripted.completions(prompts), "recrm_hybrid")
    by_lm_eval(folder / "right", {p.messages[-1].content: better(p) for p in prompts}, "recrm_bench")
    return folder


def rows_of(first: Path, second: Path):
    pairs, left = pair(collect_answers([str(first)]), collect_answers([str(second)]))
    return compare(pairs), disputed(pairs, 5), left


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
    assert "No record was answered with another success." in capsys.readouterr().out
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
    for word in ("answered 1", "unreadable", "probability", "positives", "first choice", "by chance"):
        assert word in printed
    assert main(["diagnose", str(logs / "inspect"), "--to", str(tmp_path / "b.json")]) == 0
    ours, theirs = (json.loads((tmp_path / name).read_text()) for name in ("a.json", "b.json"))
    by_dimension = {entry["dimension"]: entry["rows"] for entry in theirs}
    assert {entry["dimension"]: entry["rows"] for entry in ours} == by_dimension
    assert set(by_dimension) == set(dimensions())
    assert main(["diagnose", str(logs / "inspect"), "--to", str(tmp_path / "no" / "c.json")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_the_aggregate_of_logs_is_that_of_the_harnesses(logs: Path, tmp_path: Path) -> None:
    """From single dimensions, out of both harnesses in one folder, to the last bit."""
    table = scripted.completions(all_prompts())
    (bench,) = (logs / "inspect").glob("*.eval")
    numbers = scripted.numbers(read_eval_log(str(bench), header_only=True))
    for key in dimensions():
        if key in ("factual", "ranking"):
            by_inspect(tmp_path / "singles", table, dimension_task(key, data="sample"))
        else:
            by_lm_eval(tmp_path / "singles", table, f"recrm_{key}")
    (found,) = aggregates(collect_answers([str(tmp_path / "singles")]), RECRM.roles)
    assert found.mean.value == numbers["mean_score"]
    assert found.hybrid["stratified"].value == numbers["hybrid"]
    for form in ("gated", "weighted", "geometric"):
        assert found.hybrid[form].value == numbers[f"hybrid_{form}"]
        assert found.hybrid[form].stderr == numbers[f"hybrid_{form}_stderr"]
    assert found.clusters == numbers["clusters"] == 72


def lines_of(folder: Path, capsys: pytest.CaptureFixture[str], command: str = "aggregate", *more: str) -> str:
    assert main([command, str(folder), *more]) == 2
    return capsys.readouterr().err


def test_runs_that_were_asked_otherwise_are_refused(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = scripted.completions(all_prompts()) | scripted.completions(all_prompts(lang="en"))
    by_inspect(tmp_path / "lang", table, dimension_task("factual", data="sample", prompt_lang="en"))
    told = lines_of(logs / "lm-eval", capsys, "compare", str(tmp_path / "lang"))
    assert "the runs were not asked the same" in told
    assert "factual: prompt_lang is None in A, en in B" in told
    assert "factual: 36 records have another prompt" in told

    by_inspect(tmp_path / "limit", table, dimension_task("factual", data="sample", limit=10))
    told = lines_of(logs / "lm-eval", capsys, "compare", str(tmp_path / "limit"))
    assert "factual: 72 records in A, 10 in B, 10 in both; " in told

    orders = table | scripted.completions(all_prompts(orders=2))
    by_inspect(tmp_path / "orders", orders, dimension_task("ranking", data="sample", orders=2))
    assert "ranking: orders is 1 in A, 2 in B" in lines_of(
        logs / "lm-eval", capsys, "compare", str(tmp_path / "orders")
    )

    prompts = list(load("factual", "sample").prompts("logprob"))
    by_inspect(
        tmp_path / "logprob", scripted.logprobs(prompts), dimension_task("factual", data="sample", answer="logprob")
    )
    told = lines_of(logs / "lm-eval", capsys, "compare", str(tmp_path / "logprob"))
    assert "nothing to compare" in told
    assert "B has factual (logprob)" in told


def test_a_harness_limit_is_no_difference(tmp_path: Path) -> None:
    """Ten of seventy-two by lm-eval's --limit are the ten of -T limit=10."""
    table = scripted.completions(all_prompts())
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
    ("change", "told"),
    [
        (other_version, "factual: prompt_version is 4 in A, 2 in B"),
        (other_revision, "factual: revision is None in A, abc in B"),
    ],
)
def test_versions_and_revisions(
    logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Callable[[dict], None], told: str
) -> None:
    shutil.copytree(logs / "lm-eval", tmp_path / "other")
    (file,) = (tmp_path / "other").rglob("results_*.json")
    results = json.loads(file.read_text())
    change(results)
    file.write_text(json.dumps(results))
    assert told in lines_of(logs / "lm-eval", capsys, "compare", str(tmp_path / "other"))


def test_other_golds(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(logs / "lm-eval", tmp_path / "other")
    (file,) = (tmp_path / "other").rglob("samples_recrm_factual_*.jsonl")
    first, *rest = file.read_text().splitlines()
    sample = json.loads(first)
    sample["score"]["gold"] = 1 - sample["score"]["gold"]
    file.write_text("\n".join([json.dumps(sample), *rest]) + "\n")
    told = lines_of(logs / "lm-eval", capsys, "compare", str(tmp_path / "other"))
    assert "factual: 1 records have another gold answer" in told
    assert sample["score"]["id"] in told


def test_incomplete_and_broken_logs(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_lm_eval(tmp_path / "bare", scripted.completions(all_prompts()), "recrm_factual", samples=False)
    assert "lm_eval --log_samples" in lines_of(tmp_path / "bare", capsys)

    shutil.copytree(logs / "lm-eval", tmp_path / "short")
    (file,) = (tmp_path / "short").rglob("samples_recrm_factual_*.jsonl")
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:70]) + "\n")
    assert "incomplete, 70 of 72 samples are there" in lines_of(tmp_path / "short", capsys)
    file.write_text("\n".join([*lines[:3], lines[3][:50]]) + "\n")
    assert "line 4 is no sample" in lines_of(tmp_path / "short", capsys)
    file.write_text('{"score": ["taste", []]}\n')
    assert "line 1 is no sample" in lines_of(tmp_path / "short", capsys)

    assert "two runs of " in lines_of(logs, capsys)
    shutil.copytree(logs / "lm-eval", tmp_path / "twice" / "a")
    shutil.copytree(logs / "lm-eval", tmp_path / "twice" / "b")
    told = lines_of(tmp_path / "twice", capsys, "compare", str(logs / "inspect"))
    assert "A holds two runs of " in told

    by_inspect(tmp_path / "one", scripted.completions(all_prompts()), dimension_task("factual", data="sample"))
    assert "no run of instruction, relevance, behavior, ranking" in lines_of(tmp_path / "one", capsys)
    assert "no such file or folder" in lines_of(tmp_path / "nowhere", capsys)
    (tmp_path / "empty").mkdir()
    assert "no runs of recrm tasks" in lines_of(tmp_path / "empty", capsys)
    (tmp_path / "empty" / "x.eval").write_bytes(b"PK no")
    assert "not a readable Inspect log" in lines_of(tmp_path / "empty", capsys)
    assert "parts are written as .parquet or .csv" in lines_of(logs / "inspect", capsys, "aggregate", "--to", "p.json")
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
    """They are of all dimensions together; those of each are made of the samples, and equal Inspect's."""
    by_lm_eval, by_inspect = (
        entries(collect([str(logs / name)]).runs, lru_cache(partial(answers_in, most=0)))[0][0]
        for name in ("hybrid", "inspect")
    )
    assert by_lm_eval.overall == by_inspect.overall
    for key, run in by_inspect.runs.items():
        assert by_lm_eval.runs[key].metrics == run.metrics


def test_hybrid_results_without_samples_are_told(logs: Path, tmp_path: Path) -> None:
    file = next((logs / "hybrid").rglob("results_*.json"))
    (tmp_path / file.name).write_text(file.read_text())
    with pytest.raises(DataError, match="lm_eval --log_samples"):
        collect([str(tmp_path)])


def test_a_floor_is_held_against_the_interval(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = {run.dimension: run for run in collect([str(logs / "lm-eval")])[0]}
    low, _ = runs["factual"].interval("acc")
    assert main(["report", str(logs / "lm-eval"), "--fail-under", f"factual.acc={low - 0.001}"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["report", str(logs / "lm-eval"), "--fail-under", f"factual.acc={low + 0.001}"]) == 3
    assert "model, factual (lm-eval, generate): acc is" in capsys.readouterr().err
    assert runs["factual"].metrics["acc"] > low + 0.001
    assert main(["report", str(logs / "lm-eval"), "--fail-under", "score=0.9", "--fail-under", "coverage=0.1"]) == 3
    assert {line.split()[2] for line in capsys.readouterr().err.splitlines()} == set(dimensions())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--fail-under", "acc"], "it is METRIC=NUMBER"),
        (["--fail-under", "fatcual.acc=0.5"], "the dimensions are instruction, factual"),
        (["--fail-under", "acc=nan"], "it is METRIC=NUMBER"),
        (["--fail-under", "ac=0.5"], "no run has a metric with an interval that is called 'ac'"),
        (["--fail-under", "factual.auc=0.5"], "no run of factual has a metric"),
        (["--fail-under", "n=5"], "called 'n'"),
        (["--fail-under", "brier_valid=0.5"], "more of brier_valid is not better"),
        (["--max-drop", "0.1"], "go together"),
    ],
)
def test_mistakes_with_the_gate_are_told(
    logs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    """A misspelt floor must not let everything pass: exit code 2, not 0."""
    assert main(["report", str(logs / "lm-eval"), *arguments]) == 2
    assert told in capsys.readouterr().err


def test_what_was_left_out_cannot_pass(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results_half.json").write_text("{")
    assert main(["report", str(logs / "right"), str(tmp_path)]) == 0
    assert main(["report", str(logs / "right"), str(tmp_path), "--fail-under", "acc=0.5"]) == 3
    assert "what was left out or is incomplete cannot pass" in capsys.readouterr().err


def test_a_drop_that_is_no_chance_fails(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = str(logs / "right"), str(logs / "inspect")
    assert main(["report", good, "--baseline", bad, "--max-drop", "0"]) == 0
    assert main(["report", str(logs / "lm-eval"), "--baseline", bad, "--max-drop", "0"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["report", bad, "--baseline", good, "--max-drop", "0.2"]) == 3
    assert capsys.readouterr().err.count("fell from 1.0000 to") == len(dimensions())
    assert main(["report", bad, "--baseline", good, "--max-drop", "0.99"]) == 0
    one = logs / "one-dimension"
    prompts = list(load("factual", "sample").prompts("generate"))
    by_lm_eval(one, {p.messages[-1].content: better(p) for p in prompts}, "recrm_factual")
    capsys.readouterr()
    assert main(["report", str(one), "--baseline", good, "--max-drop", "0.2"]) == 2
    assert "instruction (generate) is in A only" in capsys.readouterr().err


def test_a_drop_within_chance_passes(tmp_path: Path) -> None:
    """One answer of 72 less: a drop, but by chance."""
    prompts = list(load("factual", "sample").prompts("generate"))
    table = {p.messages[-1].content: better(p) for p in prompts}
    by_lm_eval(tmp_path / "before", table, "recrm_factual")
    by_lm_eval(tmp_path / "after", {**table, prompts[0].messages[-1].content: ""}, "recrm_factual")
    before, after = str(tmp_path / "before"), str(tmp_path / "after")
    assert main(["report", after, "--baseline", before, "--max-drop", "0"]) == 0


def test_the_published_table_stands_by_itself(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(logs / "right"), "--published"]) == 0
    printed = capsys.readouterr().out
    assert printed.index("not RecRM-Bench") < printed.index("published:") < printed.index("RecRM-RL")
