"""Runs of models that were trained on what they were asked, in both harnesses: marked, or a note says why not."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from written_sets import made, rows_of, write_source

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import collect

pytestmark = pytest.mark.slow

RECORDS = 9
"""Of the evaluated split: three groups with three records each."""
MARK = f"trained on groups of {RECORDS} of the {RECORDS} evaluated records"
ROWS = ("inspect", "lm-eval")
"""In the order of a report."""


class Runs(NamedTuple):
    source: str
    logs: str
    model: Path
    """The folder that both logs name as the model's."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """One run of each harness on the test split of a source."""
    import scripted
    from saved_runs import by_inspect, by_lm_eval

    from inspect_tasks import dimension_task

    folder = tmp_path_factory.mktemp("both")
    source, model = write_source(folder / "source"), folder / "models" / "tuned"
    table = scripted.right_answers(list(load("factual", source, split="test").prompts("generate")))
    by_lm_eval(folder / "logs", table, "recrm_factual", str(model), data=source, recrm_split="test")
    by_inspect(folder / "logs", table, dimension_task("factual", data=source, split="test"), str(model))
    return Runs(source, str(folder / "logs"), model)


@pytest.fixture
def runs(both: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """The same, with an empty model's folder and the source in the working directory."""
    shutil.rmtree(both.model.parent, ignore_errors=True)
    both.model.mkdir(parents=True)
    (tmp_path / "here").mkdir()
    shutil.copytree(both.source, tmp_path / "here" / "source")
    monkeypatch.chdir(tmp_path / "here")
    return both


class Said(NamedTuple):
    rows: list[str]
    """The model's rows of the leaderboard in Markdown, one for each harness."""
    notes: list[str]
    numbers: list[dict[str, str]]


def report(logs: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Said:
    text, table = tmp_path / "report.md", tmp_path / "report.csv"
    assert main(["report", logs, "--no-baselines", "--to", str(text), "--to", str(table), *words]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note: ")]
    rows = [
        line for line in text.read_text(encoding="utf-8").split("###")[0].splitlines() if line.startswith("| tuned")
    ]
    assert len(rows) == len(ROWS)
    with table.open(encoding="utf-8") as stream:
        numbers = [row for row in csv.DictReader(stream) if row["metric"] == "acc"]
    return Said(rows, [line.removeprefix("note: ") for line in lines], numbers)


def copy_manifest(folder: Path, model: Path) -> None:
    """As the README of a set says it."""
    assert f"cp {folder.name}/recrm_* OUT" in (folder / "README.md").read_text(encoding="utf-8")
    for file in folder.glob("recrm_*"):
        shutil.copy(file, model)


def card(model: Path, text: str) -> None:
    (model / "README.md").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("how", [{"kind": "sft"}, {"kind": "pairs", "pairs": "content"}, {"kind": "classes"}])
def test_a_leak_made_on_purpose_is_marked(
    how: dict[str, Any], runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "set", "trl", runs.source, "factual", split="test", **how)
    copy_manifest(tmp_path / "set", runs.model)
    said = report(runs.logs, tmp_path, capsys)
    assert all(MARK in row and f"trained on {RECORDS} of {RECORDS}" in row for row in said.rows)
    assert len(said.notes) == len(ROWS)
    for harness, note in zip(ROWS, said.notes, strict=True):
        assert note.startswith(f"tuned ({harness}, generate): {MARK}: factual {RECORDS} of {RECORDS} (evidence")
    assert [row["in_training"] for row in said.numbers] == [str(RECORDS)] * len(ROWS)


def test_records_of_other_queries_are_no_leak(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of another dimension, whose groups have the same ids."""
    made(tmp_path / "set", "trl", runs.source, "relevance", kind="sft", split="test")
    copy_manifest(tmp_path / "set", runs.model)
    said = report(runs.logs, tmp_path, capsys)
    assert not any("trained on" in row for row in said.rows)


def test_nothing_in_common(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "set", "trl", runs.source, "factual", kind="sft")
    copy_manifest(tmp_path / "set", runs.model)
    said = report(runs.logs, tmp_path, capsys)
    assert not any("trained on" in row for row in said.rows)
    beginning = f"nothing in common of the {RECORDS} evaluated records and what it was trained on: recrm_manifest.json"
    assert [beginning in note for note in said.notes] == [True] * len(ROWS)
    assert [row["in_training"] for row in said.numbers] == ["0"] * len(ROWS)


def test_a_model_that_names_nothing(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card(runs.model, "---\nlicense: mit\n---\n# A model\n")
    said = report(runs.logs, tmp_path, capsys)
    assert not any("trained on" in row for row in said.rows)
    assert said.notes == []
    assert [row["in_training"] for row in said.numbers] == [""] * len(ROWS)


@pytest.mark.parametrize("form", ["datasets: my-set", "datasets:\n- my-set"])
@pytest.mark.parametrize("where", ["here", "beside the model"])
def test_the_card_names_the_set(
    form: str, where: str, runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One name, as trainers write it, or a list."""
    place = Path.cwd() if where == "here" else runs.model.parent
    made(place / "my-set", "trl", runs.source, "factual", kind="sft", split="test")
    card(runs.model, f"---\n{form}\n---\n# A model\n")
    said = report(runs.logs, tmp_path, capsys)
    assert all(MARK in row for row in said.rows)
    assert all(note.endswith("; my-set") for note in said.notes)


def test_a_set_that_is_not_here(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card(runs.model, "---\ndatasets:\n- some/where/my-set\n- other/set\n- 7\n- ''\n---\n")
    said = report(runs.logs, tmp_path, capsys)
    assert not any("trained on" in row for row in said.rows)
    assert said.notes[0] == (
        "tuned (inspect, generate): its card names sets that are not here, so that they were not compared with the "
        "evaluated records: other/set, some/where/my-set; --trained-on tuned=PATH says where one is"
    )
    assert len(said.notes) == len(ROWS)
    made(tmp_path / "my-set", "trl", runs.source, "factual", kind="sft", split="test")
    said = report(runs.logs, tmp_path, capsys, "--trained-on", f"tuned={tmp_path / 'my-set'}")
    assert all(MARK in row for row in said.rows)
    assert [note for note in said.notes if "not here" in note and "my-set" in note] == []
    assert len([note for note in said.notes if "other/set" in note]) == len(ROWS)


def test_one_set_that_cannot_be_read_hides_no_other(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(tmp_path / "set", "trl", runs.source, "factual", kind="sft", split="test")
    copy_manifest(tmp_path / "set", runs.model)
    Path("notes").mkdir()
    card(runs.model, "---\ndatasets: notes\n---\n")
    said = report(runs.logs, tmp_path, capsys)
    assert all(MARK in row for row in said.rows)
    assert "tuned (inspect, generate): a set that it was trained on was not compared: notes: " in said.notes[0]


def test_a_card_that_is_not_yaml(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ("---\ndatasets: [my-set\nlicense: : mit\n---\n", "---\n- a list\n---\n"):
        card(runs.model, wrong)
        said = report(runs.logs, tmp_path, capsys)
        assert not any("trained on" in row for row in said.rows)
        assert len(said.notes) == len(ROWS)
        assert f"{runs.model / 'README.md'}: its metadata cannot be read" in said.notes[0]
    made(tmp_path / "set", "trl", runs.source, "factual", kind="sft", split="test")
    copy_manifest(tmp_path / "set", runs.model)
    assert all(MARK in row for row in report(runs.logs, tmp_path, capsys).rows)


def test_the_user_says_it(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For all models, or for one; the models say nothing."""
    made(tmp_path / "a=set", "trl", runs.source, "factual", kind="sft", split="test")
    for word in (str(tmp_path / "a=set"), f"tuned={tmp_path / 'a=set'}", f"={tmp_path / 'a=set'}"):
        assert all(MARK in row for row in report(runs.logs, tmp_path, capsys, "--trained-on", word).rows)
    assert main(["report", runs.logs, "--trained-on", "nowhere"]) == 2
    assert "--trained-on nowhere: no such file or folder" in capsys.readouterr().err
    assert main(["report", runs.logs, "--trained-on", f"base={tmp_path / 'a=set'}"]) == 2
    assert "there are no results of 'base', only of tuned" in capsys.readouterr().err


@pytest.mark.parametrize("link", ["adapter", "card"])
def test_the_model_that_it_was_made_from(
    link: str, runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = runs.model.parent / "base"
    base.mkdir()
    made(tmp_path / "set", "trl", runs.source, "factual", kind="sft", split="test")
    copy_manifest(tmp_path / "set", base)
    if link == "adapter":
        config = {"base_model_name_or_path": str(base)}
        (runs.model / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    else:
        card(runs.model, f"---\nbase_model:\n- {base}\n---\n")
    card(base, f"---\nbase_model: {base}\n---\n")  # of itself: no endless search
    assert all(MARK in row for row in report(runs.logs, tmp_path, capsys).rows)


def test_without_the_records_ids_are_compared(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "set", "trl", runs.source, "factual", kind="sft", split="test")
    copy_manifest(tmp_path / "set", runs.model)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    said = report(runs.logs, tmp_path, capsys)
    assert all(MARK in row for row in said.rows)
    assert f"(group {RECORDS}, id {RECORDS})" in said.notes[0]
    assert "only ids compared" in said.notes[0]
    # The ids of another source are others, even if they look alike.
    shutil.copytree(runs.source, tmp_path / "other-source")
    made(tmp_path / "other", "trl", str(tmp_path / "other-source"), "factual", kind="sft", split="test")
    copy_manifest(tmp_path / "other", runs.model)
    said = report(runs.logs, tmp_path, capsys)
    assert not any("trained on" in row for row in said.rows)
    assert "was not compared with factual: the evaluated records are not here; --data PATH" in said.notes[0]
    said = report(runs.logs, tmp_path, capsys, "--data", runs.source)
    assert all(MARK in row for row in said.rows)  # but their texts are the same


def test_a_manifest_without_its_lists(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recrm_tasks.training.manifest._FEW", 5)
    made(tmp_path / "set", "trl", runs.source, "factual", kind="sft", split="test")
    shutil.copy(tmp_path / "set" / "recrm_manifest.json", runs.model)
    said = report(runs.logs, tmp_path, capsys)
    assert "recrm_groups.txt: no such file, but" in said.notes[0]
    copy_manifest(tmp_path / "set", runs.model)
    assert all(MARK in row for row in report(runs.logs, tmp_path, capsys).rows)
    (runs.model / "recrm_manifest.json").write_text('{"rows": 3}', encoding="utf-8")
    said = report(runs.logs, tmp_path, capsys)
    assert "not a manifest of recrm data export that this version can read" in said.notes[0]


def test_a_set_of_another_tool(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has no manifest: its rows are read."""
    pytest.importorskip("ahocorasick_rs")
    made(tmp_path / "set", "trl", runs.source, "factual", kind="sft", split="test")
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows_of(tmp_path / "set")[:3]), encoding="utf-8")
    said = report(runs.logs, tmp_path, capsys, "--trained-on", str(file))
    marks = {row.split("trained on groups of ")[1].split(" of ")[0] for row in said.rows}
    assert marks <= {str(n) for n in range(1, RECORDS + 1)}
    assert len(marks) == 1


def test_the_page_and_the_card_have_the_mark(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("altair")
    made(tmp_path / "set", "trl", runs.source, "factual", kind="sft", split="test")
    copy_manifest(tmp_path / "set", runs.model)
    page = tmp_path / "report.html"
    assert main(["report", runs.logs, "--no-baselines", "--to", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert text.count(f'<span class="mark">{MARK}</span>') == len(ROWS)
    assert "Such numbers say little about other records." in text
    capsys.readouterr()
    assert main(["card", runs.logs]) == 0
    said = capsys.readouterr()
    assert said.out.count(MARK) == len(ROWS)
    assert said.out.count(f"in_training: {RECORDS}") == len(ROWS)
    assert said.err.count(MARK) == len(ROWS)


def test_compared_runs_say_it_too(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(tmp_path / "set", "trl", runs.source, "factual", kind="sft", split="test")
    copy_manifest(tmp_path / "set", runs.model)
    first, second = ({run.harness: str(run.file) for run in collect([runs.logs], READERS).runs}[name] for name in ROWS)
    assert main(["compare", first, second]) == 0
    err = capsys.readouterr().err.splitlines()
    assert [line.split(" (")[0] for line in err] == ["A: tuned", "B: tuned"]
    assert all(MARK in line for line in err)


def test_the_card_names_the_evaluated_data(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card(runs.model, "---\ndatasets:\n- source\n---\n")
    shutil.rmtree("source")
    said = report(runs.logs, tmp_path, capsys)
    assert all("trained on the evaluated data, as its card says" in row for row in said.rows)
    assert "its card names source, which it was evaluated on, and nothing says which records" in said.notes[0]


@pytest.mark.parametrize("how", [{"orders": 2}, {"ask": "item"}, {"limit": 2}])
@pytest.mark.parametrize("here", [True, False])
def test_lists_are_counted_once(
    how: dict[str, Any], here: bool, runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the number of their questions, also where only ids are compared; and only those that were asked."""
    import scripted
    from saved_runs import by_lm_eval

    options = {name: value for name, value in how.items() if name != "limit"}
    table = scripted.right_answers(list(load("ranking", runs.source, split="test").prompts("generate", **options)))
    metadata = {f"recrm_{name}": value for name, value in options.items()}
    by_lm_eval(
        tmp_path / "logs", table, "recrm_ranking", str(runs.model), data=runs.source, recrm_split="test",
        limit=how.get("limit"), **metadata,
    )  # fmt: skip
    made(tmp_path / "set", "trl", runs.source, "ranking", kind="sft", split="test")
    copy_manifest(tmp_path / "set", runs.model)
    if not here:
        shutil.rmtree("source")
    assert main(["report", str(tmp_path / "logs"), "--no-baselines"]) == 0
    lists = how.get("limit", 3)
    err = capsys.readouterr().err
    assert f"trained on groups of {lists} of the {lists} evaluated records: ranking {lists} of {lists} (" in err
    assert ("only ids compared" in err) == (not here)


def test_models_and_sets_in_the_hubs_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is downloaded."""
    from huggingface_hub import constants

    from recrm_tasks.reports.model_sets import sets_of_model

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    contents = {
        "models--org--tuned": ("README.md", "---\ndatasets: org/set\nbase_model: org/base\n---\n"),
        "models--org--base": ("recrm_manifest.json", "{}"),
        "datasets--org--set": ("recrm_manifest.json", "{}"),
    }
    places = {}
    for repository, (name, text) in contents.items():
        folder = tmp_path / repository / "snapshots" / ("0" * 40)
        folder.mkdir(parents=True)
        (tmp_path / repository / "refs").mkdir()
        (tmp_path / repository / "refs" / "main").write_text("0" * 40)
        (folder / name).write_text(text, encoding="utf-8")
        places[repository] = folder / name
    found = sets_of_model(("org/tuned", "org/unknown", "not a name: /"))
    assert found.places == {
        "org/set": places["datasets--org--set"],
        "recrm_manifest.json in org/base": places["models--org--base"],
    }
    assert (found.absent, found.unreadable) == ([], [])


@pytest.mark.parametrize(
    ("config", "name", "weights"),
    [
        ({"model_args": {"pretrained": "a/base", "peft": "b/tuned"}}, "b/tuned", ("b/tuned", "a/base")),
        ({"model_args": "pretrained=a/base,dtype=float32"}, "a/base", ("a/base",)),
        ({"model_args": {"pretrained": "a/base", "lora_local_path": "c"}}, "a/base", ("c", "a/base")),
        ({"model_args": None}, "gpt", ("gpt",)),
        ({}, None, ()),
    ],
)
def test_where_lm_eval_loaded_a_model_from(config: Any, name: str | None, weights: tuple[str, ...]) -> None:
    from recrm_tasks.lm_eval_tasks.results_file import weights_of

    assert weights_of({"config": config, "model_name": name}) == weights


@pytest.mark.parametrize(
    ("model", "arguments", "weights"),
    [
        ("recrm-rm/out/model", {}, ("out/model",)),
        ("hf/local", {"model_path": "out/model"}, ("out/model", "local")),
        ("vllm/a/base:out/adapter@main", {}, ("out/adapter", "a/base", "a/base:out/adapter@main")),
        ("openai/gpt", {}, ("gpt",)),
    ],
)
def test_where_inspect_loaded_a_model_from(
    model: str, arguments: dict[str, Any], weights: tuple[str, ...], runs: Runs
) -> None:
    from inspect_tasks.log_file import read_header, weights_of

    (file,) = Path(runs.logs).glob("*.eval")
    log = read_header(file)
    assert log is not None
    log.eval.model, log.eval.model_args = model, arguments
    assert weights_of(log) == weights
