"""docs/suites.md and examples/suite. test_commands.py runs the commands; here is what the page says of them, and the
script."""

from __future__ import annotations

import sys
from pathlib import Path
from runpy import run_path

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from lm_eval.tasks import TaskManager
from markdown_pages import ROOT, blocks
from stand_ins import Models

from recrm_tasks import lm_eval_tasks
from recrm_tasks.cli import main as recrm

SUITE = ROOT / "examples" / "suite"


@pytest.mark.parametrize("name", ["release_suite.yaml", "shop_sense.yaml"])
def test_the_page_quotes_the_files(name: str) -> None:
    (quoted,) = (block.code for block in blocks("docs/suites.md") if block.file == f"examples/suite/{name}")
    assert quoted == (SUITE / name).read_text(encoding="utf-8")


def test_the_page_quotes_the_script() -> None:
    (quoted,) = (block.code for block in blocks("docs/suites.md") if block.language == "python")
    script = (SUITE / "release_suite.py").read_text(encoding="utf-8")
    assert all(f"    {line}\n" in script for line in quoted.splitlines())


@pytest.mark.slow
def test_metadata_limits_only_our_tasks_of_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    manager = TaskManager(
        include_path=[str(Path(lm_eval_tasks.__file__).parent), str(SUITE)],
        include_defaults=False,
        metadata={"recrm_data": "sample", "recrm_limit": 3},
    )
    tasks = manager.load(["release_suite"])["tasks"]
    counts = {name: len(task.eval_docs) for name, task in tasks.items()}
    assert counts.pop("shop_sense") == 8
    assert len(counts) == 5
    assert set(counts.values()) == {3}


def test_the_own_task_reads_right_and_wrong_answers(tmp_path: Path) -> None:
    task = run_path(str(SUITE / "shop_sense.py"))["shop_sense"]()
    outputs = [ModelOutput.from_content("mockllm/model", "Yes.") for _ in task.dataset]
    for output in outputs:
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    model = get_model("mockllm/model", custom_outputs=outputs)
    (log,) = inspect_eval(task, model=model, log_dir=str(tmp_path), display="none")
    assert log.results is not None
    assert log.results.scores[0].metrics["accuracy"].value == 0.5


@pytest.mark.slow
def test_the_script_runs_the_set(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And a second start has nothing to do; a report takes what is ours."""
    monkeypatch.setenv("RECRM_DATA", "sample")
    monkeypatch.setattr(sys, "path", [*sys.path])
    script = run_path(str(SUITE / "release_suite.py"))["main"]
    monkeypatch.setattr(sys, "argv", ["release_suite.py", f"hf/{models.chat}", str(tmp_path / "set"), "--limit", "1"])
    for _ in range(2):
        assert script() == 0
        printed = capsys.readouterr().out.splitlines()[-3:]
        assert sorted(line.split()[:2] for line in printed) == [  # what is done already comes first or last
            ["recrm_tasks/behavior", "success"],
            ["recrm_tasks/factual", "success"],
            ["shop_sense", "success"],
        ]
    assert len(list((tmp_path / "set").glob("*.eval"))) == 3
    assert recrm(["report", str(tmp_path / "set"), "--no-baselines"]) == 0
    assert capsys.readouterr().err.count("passed over: ") == 1
