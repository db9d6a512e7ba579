"""`recrm card --eval-results`: what it writes is what the hub's own client reads, and nothing else is written.

The runs are those of the other tests, on the sample, with the provenance of the hub's data in its place:
tests/docs/test_release_workflow.py publishes a run on data that a stand-in of the hub serves.
"""

from __future__ import annotations

import json
import sys
import tarfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import EvalResultEntry, parse_eval_result_entries
from inspect_ai.log import read_eval_log, write_eval_log

from recrm_tasks.cli import main
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.collect import collect

ROOT = Path(__file__).resolve().parents[2]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB = {"data": "hub", "source": "wwzeng/RecRM-Bench", "revision": COMMIT}
OLDER = Path(__file__).parent / "older_logs" / "0.1.0.tar.xz"

Change = Callable[[dict[str, Any]], None]


def of_lm_eval(results: Path, folder: Path, change: Change = lambda content: None, **provenance: Any) -> Path:
    """A run of lm-eval, as if it had been asked about the hub's data.

    Args:
        results: the folder of the run.
        folder: where its results file is written.
        change: what else is changed in it.
        provenance: other entries of the provenance.
    """
    (file,) = results.rglob("results_*.json")
    content = json.loads(file.read_text(encoding="utf-8"))
    for config in content["configs"].values():
        config["metadata"]["recrm_provenance"].update({**HUB, **provenance})
    change(content)
    folder.mkdir(exist_ok=True)
    (folder / file.name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def of_inspect(results: Path, folder: Path) -> Path:
    """The same of Inspect."""
    (file,) = results.rglob("*.eval")
    log = read_eval_log(str(file))
    assert log.eval.metadata is not None
    for entry in log.eval.metadata["recrm_provenance"].values():
        entry.update(HUB)
    folder.mkdir(exist_ok=True)
    write_eval_log(log, str(folder / file.name))
    return folder


@pytest.fixture(scope="module")
def hub(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of lm-eval in `lm-eval`, one of Inspect in `inspect`."""
    folder = tmp_path_factory.mktemp("hub")
    of_lm_eval(results / "lm-eval", folder / "lm-eval")
    of_inspect(results / "inspect", folder / "inspect")
    return folder


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What version 0.1.0 logged."""
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(OLDER) as archive:
        archive.extractall(folder, filter="data")
    return folder


def card(*arguments: str | Path) -> int:
    return main(["card", *map(str, arguments)])


def written(folder: Path, name: str = "recrm-bench.yaml") -> list[EvalResultEntry]:
    """A results file, by the hub's client."""
    text = (folder / ".eval_results" / name).read_text(encoding="utf-8")
    return parse_eval_result_entries(yaml.safe_load(text))


@pytest.mark.parametrize("harness", ["lm-eval", "inspect"])
def test_what_is_written_is_what_the_hub_reads(
    hub: Path, harness: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = "https://example.org/report.html"
    assert card(hub / harness, "--eval-results", tmp_path, "--source", link) == 0
    said = capsys.readouterr()
    assert said.out.startswith("---\n")  # the card, as without the option
    read = {one.task_id: one for one in written(tmp_path)}
    assert list(read) == list(dimensions())
    for run in collect([str(hub / harness)], READERS).runs:
        one, (low, high) = read[run.dimension], run.interval()
        assert run.began is not None
        assert one.date is not None
        assert one == EvalResultEntry(
            dataset_id="wwzeng/RecRM-Bench",
            task_id=run.dimension,
            value=round(100 * run.metrics[run.primary], 2),
            dataset_revision=COMMIT,
            date=one.date,
            source_url=link,
            source_name="recrm-tasks: logs and report",
            notes=f"{run.primary} in percent, 95 % interval {100 * low:.2f} to {100 * high:.2f}; N 72; "
            f"coverage {run.metrics['coverage']:.4f}; generated answers; {harness}, "
            f"task version {dimension_of(run.dimension).version}, recrm-tasks {run.provenance['recrm_tasks']}; "
            f"records sha256 {run.provenance['sha256'][:12]}",
        )
        assert datetime.fromisoformat(one.date.replace("Z", "+00:00")) == run.began.replace(microsecond=0)
    assert f"written: {tmp_path / '.eval_results' / 'recrm-bench.yaml'}: instruction " in said.err


def test_the_date_is_that_of_the_run(results: Path, hub: Path, tmp_path: Path) -> None:
    """And not that of the file: lm-eval logs it in seconds, Inspect in its form of ISO 8601."""
    old = of_lm_eval(results / "lm-eval", tmp_path / "old", lambda content: content.update(date=1_700_000_000.25))
    assert card(old, "--eval-results", tmp_path) == 0
    assert {one.date for one in written(tmp_path)} == {"2023-11-14T22:13:20Z"}
    for wrong in ("soon", None, 1e99):
        odd = of_lm_eval(results / "lm-eval", tmp_path / "odd", lambda content, date=wrong: content.update(date=date))
        assert card(odd, "--eval-results", tmp_path) == 0
        assert {one.date for one in written(tmp_path)} == {None}
    assert card(hub / "inspect", "--eval-results", tmp_path) == 0
    (log,) = (hub / "inspect").glob("*.eval")
    created = read_eval_log(str(log), header_only=True).eval.created
    assert {one.date for one in written(tmp_path)} == {created[:19] + "Z"}


def test_the_tasks_are_those_of_the_benchmarks_declaration() -> None:
    declared = yaml.safe_load((ROOT / "docs" / "hub" / "eval.yaml").read_text(encoding="utf-8"))
    assert [task["id"] for task in declared["tasks"]] == list(dimensions())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"data": "sample", "source": "sample", "revision": None}, "was asked about the sample of this package. Only"),
        ({"data": "path", "source": "mine", "revision": None}, "was asked about local data, mine. Only runs with"),
        ({"revision": None}, "its run of instruction does not say which commit of wwzeng/RecRM-Bench"),
        ({"questions": 9_391}, "its run of instruction has 72 of 9,391 answers: a limit of the harness"),
    ],
    ids=["sample", "local", "no revision", "limit of the harness"],
)
def test_what_is_no_result_of_the_hubs_data(
    results: Path, given: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = of_lm_eval(results / "lm-eval", tmp_path / "logs", **given)
    assert card(logs, "--eval-results", tmp_path) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert "results_" in said.err  # which file
    assert said.out == ""
    assert not (tmp_path / ".eval_results").exists()


def test_a_declared_part_is_said_to_be_one(results: Path, tmp_path: Path) -> None:
    given = {"rows": 72, "rows_available": 9_391, "limit": 72, "split": "test", "lang": "zh", "fewshot": 2}
    logs = of_lm_eval(results / "lm-eval", tmp_path / "logs", **given)
    assert card(logs, "--eval-results", tmp_path) == 0
    for one in written(tmp_path):
        assert "; N 72 (72 of 9,391 records, balanced); coverage" in str(one.notes)
        assert "; generated answers; 2 examples; split test; only records in zh; lm-eval, " in str(one.notes)


@pytest.mark.parametrize(("limit", "code"), [(36, 2), (None, 0)], ids=["a limit of the harness", "all records"])
def test_epochs_are_no_further_records(
    hub: Path, tmp_path: Path, limit: int | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half of the records twice are as many answers as all of them once."""
    (file,) = (hub / "inspect").glob("*.eval")
    log = read_eval_log(str(file))
    assert log.results is not None
    log.eval.config.epochs, log.eval.config.limit = 2, limit
    if limit is None:
        for name, metric in log.results.scores[0].metrics.items():
            if name.endswith("_n"):
                metric.value = 2 * metric.value
    write_eval_log(log, str(tmp_path / file.name))
    assert card(tmp_path / file.name, "--eval-results", tmp_path) == code
    said = capsys.readouterr()
    if code:
        assert "has 72 of 144 answers: a limit of the harness" in said.err
    else:
        assert all("; N 144; 2 answers to each question; coverage" in str(one.notes) for one in written(tmp_path))
    assert main(["report", str(tmp_path / file.name), "--no-baselines"]) == 0
    assert ("72 of 144" in capsys.readouterr().out) == bool(limit)


def test_results_of_one_model_once(
    hub: Path, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = of_lm_eval(results / "lm-eval", tmp_path / "other", lambda content: content.update(model_name="other"))
    assert card(hub / "lm-eval", other, "--eval-results", tmp_path) == 2
    assert "a card is of one model, but these runs are of model, other" in capsys.readouterr().err
    assert card(hub / "lm-eval", hub / "inspect", "--eval-results", tmp_path) == 2
    said = capsys.readouterr().err
    assert "two runs of instruction with generated answers: " in said
    assert "(inspect)" in said
    assert "(lm-eval). A results file has one; name the logs of the one to publish" in said
    assert card(tmp_path / "other" / "nothing", "--eval-results", tmp_path) == 2
    (tmp_path / "empty").mkdir()
    capsys.readouterr()
    assert card(tmp_path / "empty", "--eval-results", tmp_path) == 2
    assert "no results of recrm tasks under" in capsys.readouterr().err
    assert not (tmp_path / ".eval_results").exists()


def test_an_interrupted_run_is_left_out(
    hub: Path, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside a whole one; alone it is refused as for every card."""
    (file,) = of_inspect(results / "inspect", tmp_path / "logs").glob("*.eval")
    log = read_eval_log(str(file))
    log.status = "cancelled"
    write_eval_log(log, str(file))
    assert card(file, "--eval-results", tmp_path) == 2
    assert "no run is finished; a card is of whole runs" in capsys.readouterr().err
    assert card(file, hub / "lm-eval", "--eval-results", tmp_path) == 0
    assert all("lm-eval, task version" in str(one.notes) for one in written(tmp_path))
    assert f"left out: {file}: 72 of 72 records of instruction" in capsys.readouterr().err


def test_undefined_values_are_named(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def without(*keys: str) -> Change:
        def change(content: dict[str, Any]) -> None:
            for key in keys:
                numbers = content["configs"][f"recrm_{key}"]["metadata"]["recrm_metrics"]
                primary = dimension_of(key).primary
                numbers.update({primary: float("nan"), f"{primary}_stderr": float("nan")})

        return change

    logs = of_lm_eval(results / "lm-eval", tmp_path / "logs", without("behavior"))
    assert card(logs, "--eval-results", tmp_path) == 0
    assert {one.task_id for one in written(tmp_path)} == {*dimensions()} - {"behavior"}
    assert "undefined, so not written: auc of behavior (" in capsys.readouterr().err
    logs = of_lm_eval(results / "lm-eval", tmp_path / "logs", without(*dimensions()))
    assert card(logs, "--eval-results", tmp_path / "to") == 2
    assert "there is no result to write:\nundefined" in capsys.readouterr().err
    assert not (tmp_path / "to").exists()


def test_each_mode_has_a_file(older: Path, hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The logs of the older version have few records and no `questions`, and say which task version asked."""
    logs = of_lm_eval(older / "lm-eval" / "bench_logprob", tmp_path / "logs")
    assert card(logs, "--eval-results", tmp_path) == 0
    assert [one.task_id for one in written(tmp_path, "recrm-bench_logprob.yaml")] == [*dimensions()]
    asked = {run.dimension: run.provenance["prompt_version"] for run in collect([str(logs)], READERS).runs}
    for one in written(tmp_path, "recrm-bench_logprob.yaml"):
        assert asked[one.task_id] < dimension_of(one.task_id).version
        how = f"; log-probabilities of the allowed answers; lm-eval, task version {asked[one.task_id]}, recrm-tasks "
        assert how in str(one.notes)
        assert "8 of 72 records, balanced" in str(one.notes)
    assert not (tmp_path / ".eval_results" / "recrm-bench.yaml").exists()
    capsys.readouterr()
    assert card(hub / "inspect", "--eval-results", tmp_path) == 0  # of another model: nobody else can know that
    assert "recrm-bench_logprob.yaml: these are earlier results, which stay as they are" in capsys.readouterr().err


def test_a_rescored_run_says_which_versions_asked_and_read(older: Path, tmp_path: Path) -> None:
    source = older / "lm-eval" / "bench"
    logs = of_lm_eval(source, tmp_path / "logs")
    for samples in source.rglob("samples_*.jsonl"):
        (logs / samples.name).write_bytes(samples.read_bytes())
    assert main(["rescore", str(logs), "--to", str(tmp_path / "again")]) == 0
    assert card(tmp_path / "again", "--eval-results", tmp_path) == 0
    asked = {run.dimension: run.provenance["prompt_version"] for run in collect([str(logs)], READERS).runs}
    for one in written(tmp_path):
        now = dimension_of(one.task_id).version
        assert f"; lm-eval, asked by task version {asked[one.task_id]}, read by {now}, recrm-tasks 0.1.0; " in str(
            one.notes
        )


def test_a_file_that_is_there(hub: Path, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is replaced as a whole, and what is lost is named; files of other benchmarks are not touched."""

    def only_factual(content: dict[str, Any]) -> None:
        for part in ("configs", "results"):
            content[part] = {key: value for key, value in content[part].items() if key == "recrm_factual"}

    assert card(hub / "inspect", "--eval-results", tmp_path) == 0
    other = tmp_path / ".eval_results" / "hle.yaml"
    other.write_text("- dataset: {id: cais/hle, task_id: hle}\n  value: 20.9\n", encoding="utf-8")
    logs = of_lm_eval(results / "lm-eval", tmp_path / "logs", only_factual)
    capsys.readouterr()
    assert card(logs, "--eval-results", tmp_path) == 0
    assert [one.task_id for one in written(tmp_path)] == ["factual"]
    assert "the earlier results of behavior, instruction, ranking, relevance; name their" in capsys.readouterr().err
    assert written(tmp_path, "hle.yaml")[0].value == 20.9
    before = other.read_text(encoding="utf-8")
    ours = tmp_path / ".eval_results" / "recrm-bench.yaml"
    ours.write_text(before, encoding="utf-8")
    assert card(logs, "--eval-results", tmp_path) == 2
    assert "it has results of cais/hle, which would be lost; move them to a file" in capsys.readouterr().err
    assert ours.read_text(encoding="utf-8") == before
    for broken in ("- dataset: {id: x", "- value: 3", "no results", "- 3", "7", "a: 1"):
        ours.write_text(broken, encoding="utf-8")
        assert card(logs, "--eval-results", tmp_path) == 2, broken
        assert "not a results file that huggingface_hub reads" in capsys.readouterr().err
        assert ours.read_text(encoding="utf-8") == broken
    ours.write_text("", encoding="utf-8")
    assert card(logs, "--eval-results", tmp_path) == 0


def test_a_folder_that_cannot_be_made(hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert card(hub / "inspect", "--eval-results", tmp_path / "file") == 2
    assert "recrm-bench.yaml: cannot be written: Not a directory" in capsys.readouterr().err


def test_the_source_is_a_link(hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (
        "report.html",
        "ftp://example.org",
        "https://",
        "https:///report.html",
        "https://example.org/my report",
        "",
    ):
        with pytest.raises(SystemExit) as error:
            card(hub / "inspect", "--eval-results", tmp_path, "--source", wrong)
        assert error.value.code == 2
        assert f"{wrong!r} is not a link, https://…" in capsys.readouterr().err
    assert card(hub / "inspect", "--source", "https://example.org") == 2
    assert "--source goes with --eval-results" in capsys.readouterr().err
    assert card(hub / "inspect", "--eval-results", tmp_path) == 0
    assert {(one.source_url, one.source_name) for one in written(tmp_path)} == {(None, None)}


def test_an_older_client_is_named(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "recrm_tasks.reports.files.eval_results", None)
    assert card(hub / "inspect", "--eval-results", tmp_path) == 2
    assert "--eval-results needs huggingface-hub 1.4: pip install -U" in capsys.readouterr().err
