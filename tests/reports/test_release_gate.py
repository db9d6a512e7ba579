"""`recrm report` as a gate of a release pipeline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import scripted
from saved_runs import by_lm_eval

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import collect

SAMPLE = Path(__file__).parents[2] / "recrm_tasks" / "data" / "sources" / "sample"


def test_a_floor_is_compared_with_the_interval(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = {run.dimension: run for run in collect([str(logs / "lm-eval")], READERS)[0]}
    low, _ = runs["factual"].interval("acc")
    assert main(["report", str(logs / "lm-eval"), "--fail-under", f"factual.acc={low - 0.001}"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["report", str(logs / "lm-eval"), "--fail-under", f"factual.acc={low + 0.001}"]) == 3
    assert "model, factual (lm-eval, generate): acc is" in capsys.readouterr().err
    assert runs["factual"].metrics["acc"] > low + 0.001
    assert main(["report", str(logs / "lm-eval"), "--fail-under", "score=0.9", "--fail-under", "coverage=0.1"]) == 3
    assert {line.split()[2] for line in capsys.readouterr().err.splitlines()} == set(dimensions())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fail-under", "acc"], "expected METRIC=NUMBER"),
        (["--fail-under", "fatcual.acc=0.5"], "the dimensions are instruction, factual"),
        (["--fail-under", "acc=nan"], "expected METRIC=NUMBER"),
        (["--fail-under", "ac=0.5"], "no dimension has a metric 'ac'"),
        (["--fail-under", "factual.mrr=0.5"], "factual has no metric 'mrr'"),
        # reward models that read content have it
        (["--fail-under", "factual.auc=0.5"], "no run of factual has the metric 'auc'"),
        (["--fail-under", "n=5"], "higher is not better for n,"),
        (["--fail-under", "brier_valid=0.5"], "higher is not better for brier_valid"),
        (["--max-drop", "0.1"], "--max-drop needs --baseline"),
    ],
)
def test_mistakes_with_the_gate(
    logs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """A misspelt floor must not let everything pass: exit code 2, not 0."""
    assert main(["report", str(logs / "lm-eval"), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_files_that_were_left_out_cannot_pass(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "results_half.json").write_text("{")
    assert main(["report", str(logs / "right"), str(tmp_path)]) == 0
    assert main(["report", str(logs / "right"), str(tmp_path), "--fail-under", "acc=0.5"]) == 3
    assert "files that were left out and incomplete runs cannot pass" in capsys.readouterr().err


def test_a_significant_drop_fails(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = str(logs / "right"), str(logs / "inspect")
    assert main(["report", good, "--baseline", bad, "--max-drop", "0"]) == 0
    assert main(["report", str(logs / "lm-eval"), "--baseline", bad, "--max-drop", "0"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["report", bad, "--baseline", good, "--max-drop", "0.2"]) == 3
    assert capsys.readouterr().err.count("fell from 1.0000 to") == len(dimensions())
    assert main(["report", bad, "--baseline", good, "--max-drop", "0.99"]) == 0
    one = tmp_path / "one-dimension"
    prompts = list(load("factual", "sample").prompts("generate"))
    by_lm_eval(one, scripted.right_answers(prompts), "recrm_factual")
    capsys.readouterr()
    assert main(["report", str(one), "--baseline", good, "--max-drop", "0.2"]) == 2
    assert "instruction (generate) is in the baseline only" in capsys.readouterr().err


def test_a_drop_that_is_not_significant_passes(tmp_path: Path) -> None:
    """One right answer of 72 less."""
    prompts = list(load("factual", "sample").prompts("generate"))
    table = scripted.right_answers(prompts)
    by_lm_eval(tmp_path / "before", table, "recrm_factual")
    by_lm_eval(tmp_path / "after", {**table, prompts[0].messages[-1].content: ""}, "recrm_factual")
    before, after = str(tmp_path / "before"), str(tmp_path / "after")
    assert main(["report", after, "--baseline", before, "--max-drop", "0"]) == 0


@pytest.fixture(scope="module")
def of_one_user(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs on behavior records of a single user: all right, and all wrong."""
    folder = tmp_path_factory.mktemp("one-user")
    data = folder / "behavior.jsonl"
    lines = (SAMPLE / "behavior.jsonl").read_text(encoding="utf-8").splitlines()
    data.write_text("".join(json.dumps({**json.loads(line), "group": "u"}) + "\n" for line in lines))
    prompts = list(load("behavior", str(data)).prompts("generate"))
    right = scripted.right_answers(prompts)
    wrong = {p.messages[-1].content: scripted.stated(p, scripted.wrong(p)) for p in prompts}
    for name, table in (("right", right), ("wrong", wrong)):
        by_lm_eval(folder / name, table, "recrm_behavior", data=str(data))
    return folder


def test_an_undefined_interval_does_not_pass(of_one_user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One user says nothing of others, so that no floor is low enough, whatever the value."""
    assert main(["report", str(of_one_user / "right"), "--fail-under", "auc=0.01"]) == 3
    assert "auc is 1.0000, its interval undefined – undefined" in capsys.readouterr().err


def test_a_drop_that_cannot_be_tested_does_not_pass(of_one_user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong = str(of_one_user / "right"), str(of_one_user / "wrong")
    assert main(["report", wrong, "--baseline", right, "--max-drop", "0.1"]) == 3
    found = capsys.readouterr()
    assert "auc fell from 1.0000 to 0.0000 (-1.0000, p undefined), by more than 0.1" in found.err
    assert "1 of 1 cannot be tested" in found.out
    assert main(["report", right, "--baseline", wrong, "--max-drop", "0.1"]) == 0
    assert main(["report", right, "--baseline", right, "--max-drop", "0"]) == 0
