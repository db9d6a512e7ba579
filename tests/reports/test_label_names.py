"""Labels are shown by the names that the run's own label set declares, also those that no record has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import scripted
from saved_runs import by_inspect, by_lm_eval

from inspect_tasks import dimension_task
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.answer_format import answer_text
from recrm_tasks.reports.collect import collect_answers


@pytest.fixture(scope="module", params=["lm-eval", "inspect"])
def one_record(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one record, with the wrong answer."""
    folder = tmp_path_factory.mktemp("one")
    (prompt,) = load("relevance", "sample", limit=1).prompts("generate")
    table = {prompt.messages[-1].content: scripted.stated(prompt, scripted.wrong(prompt))}
    if request.param == "lm-eval":
        by_lm_eval(folder, table, "recrm_relevance", recrm_limit=1)
    else:
        by_inspect(folder, table, dimension_task("relevance", data="sample", limit=1))
    return folder


def test_every_label_has_its_name(one_record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"{letter} ({name})" for letter, name in zip("ABC", ("relevant", "partial", "irrelevant"), strict=True)]
    (answers,) = collect_answers([str(one_record)], READERS)
    assert answers.targets == dict(enumerate(names))
    (outcome,) = answers.outcomes
    assert answer_text(outcome, answers.targets) == names[outcome.value]
    file = tmp_path / "diagnosis.json"
    assert main(["diagnose", str(one_record), "--to", str(file)]) == 0
    printed = capsys.readouterr().out
    assert all(f" {name} " in printed and f"answered {name}" in printed for name in names)
    (entry,) = json.loads(file.read_text())
    assert entry["labels"] == dict(zip("012", names, strict=True))
    assert list(entry["rows"][0]) == ["gold", "answered 0", "answered 1", "answered 2", "unreadable"]
