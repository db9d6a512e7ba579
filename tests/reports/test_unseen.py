"""A provider that reports its most likely tokens only: every report marks the figures, and counts the records."""

from __future__ import annotations

import json
import math
from pathlib import Path

import lean
import pytest
import scripted
from inspect_ai.log import read_eval_log, write_eval_log
from saved_runs import by_inspect, by_lm_eval

from inspect_tasks import bench_task
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import collect

pytestmark = pytest.mark.slow

UNSEEN = {"behavior": 2, "ranking": 3}
LIMIT = 6
MEANING = "the provider did not report the probability of every allowed answer"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """lm-eval and Inspect with the same answers, but that Inspect's provider withholds one of some records."""
    folder = tmp_path_factory.mktemp("runs")
    prompts = {key: list(load(key, "sample", limit=LIMIT).prompts("logprob")) for key in dimensions()}
    table = scripted.logprobs([prompt for of_key in prompts.values() for prompt in of_key])
    with lean.pairs(lean.FEW):
        by_lm_eval(folder / "lm-eval", table, "recrm_bench_logprob", recrm_limit=LIMIT)
        for key, count in UNSEEN.items():
            for prompt in prompts[key][:count]:
                text = prompt.messages[-1].content
                table[text] = {choice: value for choice, value in table[text].items() if choice != "B"}
        by_inspect(folder / "inspect", table, bench_task(data="sample", answer="logprob", limit=LIMIT))
    return folder


def log_of(runs: Path) -> Path:
    return next((runs / "inspect").glob("*.eval"))


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main([str(word) for word in words]) == 0
    return " ".join(capsys.readouterr().out.split())


def test_runs_know_their_count(runs: Path) -> None:
    found = collect([str(runs)], READERS)[0]
    for run in found:
        assert run.unseen == (UNSEEN.get(run.dimension, 0) if run.harness == "inspect" else 0)


@pytest.mark.parametrize("task", ["recrm_bench_logprob", "recrm_hybrid_logprob"])
def test_lm_eval_counts_them_too_and_reading_again_keeps_the_count(task: str, tmp_path: Path) -> None:
    """As `recrm-server` answers where a server does not report a letter."""
    table = {}
    for key in dimensions():
        prompts = list(load(key, "sample", limit=LIMIT).prompts("logprob"))
        table.update(scripted.logprobs(prompts))
        for prompt in prompts[: UNSEEN.get(key, 0)]:
            table[prompt.messages[-1].content]["B"] = -math.inf
    with lean.pairs(lean.FEW):
        by_lm_eval(tmp_path / "logged", table, task, recrm_limit=LIMIT)
        assert main(["rescore", str(tmp_path / "logged"), "--to", str(tmp_path / "again")]) == 0
    for folder in ("logged", "again"):
        found = collect([str(tmp_path / folder)], READERS)[0]
        assert {run.dimension: run.unseen for run in found} == {key: UNSEEN.get(key, 0) for key in dimensions()}


def test_logs_of_earlier_versions_have_one_count_for_all_dimensions(runs: Path, tmp_path: Path) -> None:
    log = read_eval_log(str(log_of(runs)))
    metrics = log.results.scores[0].metrics
    for key in UNSEEN:
        assert metrics.pop(f"{key}_unseen").value == UNSEEN[key]
    assert metrics["unseen"].value == sum(UNSEEN.values())
    write_eval_log(log, str(tmp_path / "older.eval"))
    assert {run.dimension: run.unseen for run in collect([str(tmp_path)], READERS)[0] if run.unseen} == UNSEEN


def test_a_run_that_ended_early_too(runs: Path, tmp_path: Path) -> None:
    log = read_eval_log(str(log_of(runs)))
    log.status = "cancelled"
    log.results = None
    write_eval_log(log, str(tmp_path / "cut.eval"))
    assert {run.dimension: run.unseen for run in collect([str(tmp_path)], READERS)[0] if run.unseen} == UNSEEN


def test_the_report(runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    to = [str(tmp_path / name) for name in ("r.md", "r.json", "r.csv", "r.html")]
    assert MEANING in printed(capsys, "report", str(runs), *(word for file in to for word in ("--to", file)))
    text = (tmp_path / "r.md").read_text(encoding="utf-8")
    lines = text.splitlines()
    (leaders,) = (line for line in lines if line.startswith("| model<br>part of the records | inspect | logprob |"))
    cells = [cell.strip() for cell in leaders.strip("|").split("|")]
    for key, cell in zip(dimensions(), cells[3:], strict=False):
        number = cell.split("<br>")[0]
        assert number.endswith("*") == (key in UNSEEN)
        assert cell.endswith(f"<br>{UNSEEN[key]} unseen" if key in UNSEEN else "%")
    assert all(cell.split("<br>")[0].endswith("*") for cell in cells[-2:])  # mean score and hybrid
    (others,) = (line for line in lines if line.startswith("| model<br>part of the records | lm-eval | logprob |"))
    assert "*" not in others
    for key, count in UNSEEN.items():
        assert any(f"| {key} | inspect |" in line and line.endswith(f"| {count} |") and "* |" in line for line in lines)
    assert any("| behavior | lm-eval |" in line and line.endswith("| 0 |") for line in lines)
    rows = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    found = {(row["harness"], row["dimension"]): row["unseen"] for row in rows}
    assert {key: count for (_, key), count in found.items() if count} == {**UNSEEN, "all": sum(UNSEEN.values())}
    assert "unseen" in (tmp_path / "r.csv").read_text(encoding="utf-8").splitlines()[0]
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "2 unseen" in page
    assert "<h3>Expected dead groups</h3>" in page
    assert MEANING in page


def test_nothing_is_marked_where_all_is_seen(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "report", str(runs / "lm-eval"))
    assert "*" not in text
    assert "unseen" not in text


def test_the_other_reports(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "aggregate", str(runs / "inspect"))
    assert MEANING in text
    assert f"{sum(UNSEEN.values())} " in text
    text = printed(capsys, "compare", str(runs / "lm-eval"), str(runs / "inspect"))
    assert MEANING in text
    (row,) = (line for line in text.split("│ behavior") if line.startswith(" │ auc"))
    first, second = (cell.strip() for cell in row.split("│")[2:4])
    assert not first.endswith("*")
    assert second.endswith("*")
    text = printed(capsys, "diagnose", str(runs / "inspect"))
    assert "(2 records with unseen answers)" in text
    text = printed(capsys, "card", str(runs / "inspect"))
    assert "unseen: 2" in text
    assert "unseen: 3" in text
    assert MEANING in text
