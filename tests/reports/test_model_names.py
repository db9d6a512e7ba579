"""Models whose names end alike are told apart, and what one model answered under two names is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import scripted
from saved_runs import by_lm_eval

from recrm_tasks.cli import main
from recrm_tasks.errors import DataError
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.aggregate_runs import aggregate_runs
from recrm_tasks.reports.collect import collect, collect_answers
from recrm_tasks.reports.leaderboard_entries import entries
from recrm_tasks.reports.model_names import told_apart
from recrm_tasks.reports.run_info import RunInfo


def run(model: str, *weights: str, revision: str | None = None) -> RunInfo:
    settings = {} if revision is None else {"model argument revision": revision}
    return RunInfo(Path("x"), "lm-eval", model, "factual", "generate", {}, weights=weights, harness_settings=settings)


def names(*runs: RunInfo) -> list[str]:
    return [one.model for one in told_apart(runs)]


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ([run("M", "org/M"), run("M", "org/M")], ["M", "M"]),
        ([run("M", "orgA/M"), run("M", "orgB/M")], ["orgA/M", "orgB/M"]),
        # A path seen from elsewhere, and the name that a server has, are the same model.
        ([run("M", "runs/M"), run("M", "/home/me/runs/M/"), run("M", "./runs/M"), run("M", "M")], ["M"] * 4),
        ([run("M", "/a/x/M"), run("M", "/b/x/M"), run("M", "x/M")], ["a/x/M", "b/x/M", "M"]),
        ([run("c-5", "/a/c-5"), run("c-5", "/b/c-5"), run("other", "/b/other")], ["a/c-5", "b/c-5", "other"]),
        # Inspect's own name for a folder, and adapters, which lm-eval names by the model below them.
        ([run("local", "/ckpt/5", "local"), run("local", "/ckpt/6", "local")], ["local (5)", "local (6)"]),
        ([run("M", "org/M"), run("M", "/lora/1", "org/M")], ["M", "M (1)"]),
        ([run("M", "org/M", revision="a"), run("M", "org/M", revision="b")], ["M@a", "M@b"]),
        ([run("M", "org/M"), run("M", "org/M", revision="b")], ["M", "M@b"]),
        ([run("M", "oA/M", revision="a"), run("M", "oB/M", revision="a")], ["oA/M@a", "oB/M@a"]),
        ([run("M"), run("M", "org/M")], ["M", "M"]),
        ([], []),
    ],
)
def test_names(runs: list[RunInfo], told: list[str]) -> None:
    assert names(*runs) == told
    assert names(*reversed(runs)) == told[::-1]


def saved(folder: Path, keys: tuple[str, ...], pretrained: str, **config: Any) -> None:
    """Runs of lm-eval with right answers, of a model with this path."""
    table = scripted.right_answers(scripted.all_prompts())
    for key in keys:
        by_lm_eval(folder, table, f"recrm_{key}", model=pretrained)
    for file in folder.rglob("results_*.json"):
        found = json.loads(file.read_text())
        found["config"]["model_args"] = {"pretrained": pretrained}
        found["model_name"] = pretrained
        file.write_text(json.dumps({**found, **config}))


FIRST, REST = ("instruction", "factual"), ("relevance", "behavior", "ranking")


def test_dimensions_of_two_models_are_no_entry(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path / "a", FIRST, "/runs/a/checkpoint-500")
    saved(tmp_path / "b", REST, "/runs/b/checkpoint-500")
    listed, _ = entries(collect([str(tmp_path)], READERS).runs, lambda files: [])
    assert {one.model: tuple(one.runs) for one in listed} == {"a/checkpoint-500": FIRST, "b/checkpoint-500": REST}
    assert not any(one.overall for one in listed)
    assert main(["aggregate", str(tmp_path)]) == 2
    assert "a/checkpoint-500 (generate): no run of relevance, behavior, ranking" in capsys.readouterr().err
    assert main(["card", str(tmp_path)]) == 2
    assert "these runs are of a/checkpoint-500, b/checkpoint-500" in capsys.readouterr().err


def test_dimensions_asked_with_and_without_a_chat_template_are_no_entry(tmp_path: Path) -> None:
    saved(tmp_path / "a", FIRST, "org/M", chat_template_sha="ab12")
    saved(tmp_path / "b", REST, "org/M")
    listed, notes = entries(collect([str(tmp_path)], READERS).runs, lambda files: [])
    assert [one.name for one in listed] == ["M", "M (2)"]
    assert not any(one.overall for one in listed)
    assert any("differ in chat template" in note for note in notes)
    with pytest.raises(
        DataError, match=r"not asked alike: chat template \(SHA-256\) is ab12 for instruction .* and None"
    ):
        aggregate_runs(collect_answers([str(tmp_path)], READERS))
