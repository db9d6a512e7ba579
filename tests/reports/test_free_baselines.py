"""The free baselines beside the models: of the very records that were evaluated, or a note that says why not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.baselines.evaluate import evaluate
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.data.sources import sample
from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports import evaluated_records
from recrm_tasks.reports import free_baselines as module
from recrm_tasks.reports.collect import answers_in, collect
from recrm_tasks.reports.evaluated_records import Choice
from recrm_tasks.reports.free_baselines import free_baselines
from recrm_tasks.reports.leaderboard_entries import entries
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.outcomes import Outcome

BEST = "best free baseline"


def results_file(folder: Path, key: str, data: str, **options: Any) -> Path:
    """lm-eval's results of a run with right answers, without samples."""
    dataset = load(key, data, **options)
    outcomes = [Outcome(p.id, p.gold, p.gold if key != "behavior" else float(p.gold), None)  # type: ignore[arg-type]
                for p in dataset.prompts("generate")]  # fmt: skip
    numbers = flat(dataset.dimension.metrics(outcomes))
    metadata = {"recrm_dimension": key, "recrm_mode": "generate", "recrm_provenance": dataset.provenance}
    file = folder / f"results_{key}.json"
    content = {
        "results": {f"recrm_{key}": {"alias": key, **{f"{name},none": value for name, value in numbers.items()}}},
        "configs": {f"recrm_{key}": {"task": f"recrm_{key}", "metadata": metadata}},
        "model_name": "some/model",
    }
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A folder with the sample's records of one dimension."""
    folder = tmp_path / "mine"
    folder.mkdir()
    shutil.copy(Path(sample.__file__).parent / "factual.jsonl", folder)
    return folder


@pytest.mark.slow
def test_of_the_sample_they_stand_below_the_models(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, text = tmp_path / "report.html", tmp_path / "report.md"
    assert main(["report", str(results), "--to", str(page), "--to", str(text)]) == 0
    said = capsys.readouterr()
    assert "no free baselines" not in said.err
    (row,) = (line for line in said.out.splitlines() if BEST in line and "│" in line)
    cells = [cell.strip() for cell in row.split("│")[1:-1]]
    for cell, key in zip(cells[3:8], dimensions(), strict=True):
        best = evaluate(load(key, "sample")).best()
        assert best is not None
        # The whole sample is evaluated, so nothing says where thresholds are.
        assert cell == ("auc " if best.headline.metric != "auc" else "") + f"{best.area.value:.4f}"
    assert cells[8:] == ["–", "–"]
    assert "| factual | overlap | 72 | nothing | acc | undefined |" in text.read_text(encoding="utf-8")
    html = page.read_text(encoding="utf-8")
    assert html.count("<summary>Free baselines</summary>") == len(dimensions())
    assert f"{BEST}: overlap" in html  # of behavior and ranking, whose primary metric is the AUC: also in the plot
    assert main(["report", str(results), "--no-baselines"]) == 0
    assert BEST not in capsys.readouterr().out


@pytest.mark.slow
def test_of_a_run_on_some_records_they_are_of_these_records(tmp_path: Path) -> None:
    """lm-eval's own --limit takes the first records: the log's ids say which."""
    import scripted
    from saved_runs import by_lm_eval

    by_lm_eval(tmp_path, scripted.completions(scripted.all_prompts()), "recrm_behavior", limit=30, data="sample")
    runs = collect([str(tmp_path)], READERS).runs
    listed, _ = entries(runs, lambda files: answers_in(files, READERS))
    found, notes = free_baselines(listed, lambda files: answers_in(files, READERS), Choice())
    assert notes == []
    (by_dimension,) = found.values()
    (one,) = by_dimension["behavior"]
    dataset = load("behavior", "sample")
    ids = [outcome.id for answers in answers_in(runs[0].logs, READERS) for outcome in answers.outcomes]
    assert one.n == len(ids) == 30
    assert [r.numbers for r in one.results] == [r.numbers for r in evaluate(dataset.only(ids)).results]


@pytest.mark.parametrize("way", ["--data", "RECRM_DATA", "here"])
def test_records_on_disk_are_found(
    way: str, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = results_file(tmp_path, "factual", str(records), split="hash-test")
    more = ["--data", str(records)] if way == "--data" else []
    if way == "RECRM_DATA":
        monkeypatch.setenv("RECRM_DATA", str(records))
    elif way == "here":
        monkeypatch.chdir(tmp_path)
    assert main(["report", str(file), *more]) == 0
    said = capsys.readouterr()
    best = evaluate(load("factual", str(records), split="hash-test")).best()
    assert best is not None
    assert "no free baselines" not in said.err
    (row,) = (line for line in said.out.splitlines() if BEST in line and "│" in line)
    assert f" {best.headline.value:.4f} " in row


def test_records_that_are_not_here_are_named(records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = results_file(tmp_path, "factual", str(records))
    assert main(["report", str(file)]) == 0
    said = capsys.readouterr()
    assert BEST not in said.out
    assert "note: no free baselines of factual (mine): the evaluated records are not here; --data PATH" in said.err


def test_other_records_are_not_taken_for_the_evaluated_ones(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = results_file(tmp_path, "factual", str(records))
    lines = (records / "factual.jsonl").read_text(encoding="utf-8").splitlines()
    (records / "factual.jsonl").write_text("\n".join(lines[1:]), encoding="utf-8")
    assert main(["report", str(file), "--data", str(records)]) == 0
    said = capsys.readouterr()
    assert BEST not in said.out
    assert f"{records}: its records are not those that were evaluated" in said.err


def test_the_hub_is_not_asked(monkeypatch: pytest.MonkeyPatch, records: Path, tmp_path: Path) -> None:
    """A report reads what the hub's cache has; it does not download a million rows."""
    from huggingface_hub import constants

    file = results_file(tmp_path, "factual", str(records))
    text = file.read_text(encoding="utf-8").replace('"data": "path"', '"data": "hub"')
    file.write_text(text.replace('"revision": null', f'"revision": "{"0" * 40}"'), encoding="utf-8")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    asked = []

    def offline(*args: Any, **more: Any) -> Any:
        asked.append(constants.HF_HUB_OFFLINE)
        return load(*args, **more)

    monkeypatch.setattr(evaluated_records, "load", offline)
    listed, _ = entries(collect([str(file)], READERS).runs, lambda files: answers_in(files, READERS))
    found, notes = free_baselines(listed, lambda files: answers_in(files, READERS), Choice())
    assert (found, asked) == ({}, [True])
    assert "not in the hub's cache" in notes[0]
    assert constants.HF_HUB_OFFLINE is False


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    found, (note,) = free_baselines([], lambda file: [], Choice())
    assert found == {}
    assert "pip install 'recrm-tasks[baselines]'" in note


def test_runs_of_different_records_have_baselines_of_their_own(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for split in ("hash-test", "hash-train"):
        (tmp_path / split).mkdir()
        results_file(tmp_path / split, "factual", str(records), split=split)
    assert main(["report", str(tmp_path), "--data", str(records)]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if BEST in line and "│" in line]
    assert [line.split("│")[1].strip() for line in lines] == [BEST, f"{BEST} (2)"]


def test_the_best_accuracy_is_shown_with_the_best_auc(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = results_file(tmp_path, "factual", str(records), split="hash-test")
    assert main(["report", str(file), "--data", str(records)]) == 0
    out = capsys.readouterr().out
    found = evaluate(load("factual", str(records), split="hash-test"))
    area = found.best_area()
    assert area is not None
    assert f"auc {area.area.value:.4f}, {area.baseline}" in out
