"""Reports of runs whose candidates were asked about one by one: of lists, and of rows without lists."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import scripted
from saved_runs import by_inspect, by_lm_eval

from inspect_tasks import bench_task, dimension_task
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import collect

pytestmark = pytest.mark.slow

ROWS = [
    {
        "id": f"r{i}", "dimension": "ranking", "lang": "en", "source": "mine", "group": f"u{i // 4}",
        "profile": f"user {i // 4}", "history": [], "context": "",
        "candidates": [{"id": "1", "text": f"shop {i}"}], "labels": [int(i % 3 == 0)],
    }
    for i in range(60)
]  # fmt: skip


def answers(data: str = "sample") -> scripted.Answers:
    """To the questions of all dimensions about the sample, or to those about other lists."""
    prompts = list(load("ranking", data, split="all", ask="item").prompts("generate", ask="item"))
    others = [p for key in dimensions() if data == "sample" for p in load(key, "sample").prompts("generate")]
    return scripted.completions(prompts) | scripted.completions(others)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """By both harnesses: `rows`, and all dimensions (`bench`), whose lists are the sample's."""
    folder = tmp_path_factory.mktemp("runs")
    file = folder / "data" / "ranking.jsonl"
    file.parent.mkdir()
    file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    table, sample = answers(str(file)), answers()
    by_lm_eval(folder / "rows" / "lm-eval", table, "recrm_ranking", data=str(file), recrm_ask="item")
    by_inspect(folder / "rows" / "inspect", table, dimension_task("ranking", data=str(file), ask="item"))
    by_lm_eval(folder / "bench" / "lm-eval", sample, "recrm_bench", recrm_ask="item")
    by_inspect(folder / "bench" / "inspect", sample, bench_task(data="sample", ask="item"))
    return folder


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main([*arguments]) == code
    printed = capsys.readouterr()
    return " ".join((printed.out + printed.err).split())


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


def test_the_report_says_how_it_was_asked(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = said(capsys, "report", str(runs / "bench" / "inspect"))
    assert "asked item by item" in text
    assert "metrics of lists are means over the lists with a positive and a negative." in text
    assert "Where there is no such list" not in text
    assert "72 lists" in text
    assert "items" in text


def test_what_is_undefined_is_said(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for harness in ("lm-eval", "inspect"):
        text = said(capsys, "report", str(runs / "rows" / harness))
        assert "Where there is no such list they are undefined, and the score is auc_pooled, over all items" in text
        assert "N 60 items, 0 lists" in text
        assert "part of the records" not in text
        ((run,), *_) = collect([str(runs / "rows" / harness)], READERS)
        assert run.primary == "auc_pooled"
        assert run.headlines[0] == "auc_pooled"
        assert math.isnan(run.metrics["auc"])
        assert run.metrics["score"] == run.metrics["auc_pooled"]
        low, high = run.interval()
        assert 0 < low < run.metrics["score"] < high < 1


def test_a_harness_limit_is_a_part_of_the_records(runs: Path, tmp_path: Path, capsys) -> None:
    """More questions than there are lists, but fewer than these make."""
    by_inspect(tmp_path, answers(), dimension_task("ranking", data="sample", ask="item"), limit=100)
    assert "part of the records" in said(capsys, "report", str(tmp_path))


def test_another_way_of_asking_is_another_entry(runs: Path, logs: Path, capsys) -> None:
    text = said(capsys, "compare", str(logs / "inspect"), str(runs / "bench" / "inspect"), code=2)
    assert "the runs were not asked the same" in text
    assert "ranking: ask is list in A, item in B" in text
    assert "factual" not in text
    text = said(capsys, "report", str(logs / "inspect"), str(runs / "bench" / "inspect"))
    assert text[text.index("┃ model") :].count("asked item by item") == 1


def test_runs_of_both_harnesses_do_not_differ(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("bench", "rows"):
        text = said(capsys, "compare", str(runs / name / "lm-eval"), str(runs / name / "inspect"))
        assert "Both runs scored the same on every record" in text
        assert "auc_pooled" in text


def test_aggregates(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = (said(capsys, "aggregate", str(runs / "bench" / name)) for name in ("lm-eval", "inspect"))
    assert one == other
    assert "hybrid" in one


def test_other_commands(runs: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = str(runs / "rows" / "inspect")
    assert "share of positives. In a calibrated model the two are equal." in said(capsys, "diagnose", rows)
    card = said(capsys, "card", rows)
    assert "name: auc_pooled" in card
    assert "ask: item" in card
    assert said(capsys, "report", rows, "--fail-under", "score=0.01", "--fail-under", "acc_pooled=0.01")
    assert "auc is undefined" in said(capsys, "report", rows, "--fail-under", "auc=0.01", code=3)
    assert said(capsys, "report", rows, "--baseline", str(runs / "rows" / "lm-eval"), "--max-drop", "0")
    files = [tmp_path / f"report.{ending}" for ending in ("html", "md", "json")]
    both = (rows, str(runs / "bench" / "inspect"))
    said(capsys, "report", *both, *(part for file in files for part in ("--to", str(file))))
    assert "asked item by item" in files[0].read_text()
    lines = [line for line in json.loads(files[2].read_text()) if line["primary"] and line["dimension"] == "ranking"]
    assert {line["metric"] for line in lines} == {"auc", "auc_pooled"}


def test_rescored_runs_are_the_same(runs: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("rows/lm-eval", "rows/inspect", "bench/lm-eval", "bench/inspect"):
        said(capsys, "rescore", str(runs / name), "--to", str(tmp_path / name))
        before, now = (
            {(run.dimension, run.mode): run.metrics for run in collect([str(folder / name)], READERS)[0]}
            for folder in (runs, tmp_path)
        )
        assert repr(before) == repr(now)
