"""Logs that version 0.1.0 wrote give the numbers that it gave, to the last bit.

`older_logs/0.1.0.tar.xz` has small runs of both harnesses with scripted answers, as that version wrote them but for
paths and hosts, and what its reports made of them, in `expected`.
"""

from __future__ import annotations

import json
import math
import tarfile
from pathlib import Path
from typing import Any

import pytest
from newer_metrics import is_newer
from paired import pair

import recrm_tasks.dimensions.suites as registry
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import RECRM, Suite, suites
from recrm_tasks.log_readers import READERS
from recrm_tasks.reports.aggregate_runs import aggregate_runs
from recrm_tasks.reports.collect import collect, collect_answers
from recrm_tasks.reports.compare_runs import compare_pairs
from recrm_tasks.reports.diagnose_runs import diagnose
from recrm_tasks.reports.logged_answers import prompt_hash
from recrm_tasks.scoring.metric import flat

ARCHIVE = Path(__file__).parent / "older_logs" / "0.1.0.tar.xz"
RUNS = {
    "lm-eval_bench": "lm-eval/bench",
    "lm-eval_bench_logprob": "lm-eval/bench_logprob",
    "lm-eval_hybrid": "lm-eval/hybrid",
    "inspect_bench": "inspect/bench",
    "inspect_bench_logprob": "inspect/bench_logprob",
    "inspect_factual": "inspect/factual",
    "second_lm-eval": "second/lm-eval",
    "second_inspect": "second/inspect",
}
PAIRS = {
    "lm-eval_with_second": ("lm-eval/bench", "second/lm-eval"),
    "inspect_with_second": ("inspect/bench", "second/inspect"),
    "lm-eval_with_second_inspect": ("lm-eval/bench", "second/inspect"),
    "factual_with_second": ("inspect/factual", "second/inspect"),
    "logprob_lm-eval_with_inspect": ("lm-eval/bench_logprob", "inspect/bench_logprob"),
}


@pytest.fixture(scope="module", autouse=True)
def few_pairs() -> None:
    """Overrides the one of the folder: the older values are of all pairs."""


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("older")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def expected(logs: Path, name: str) -> Any:
    return json.loads((logs / "expected" / f"{name}.json").read_text(encoding="utf-8"))


def plain(x: Any) -> Any:
    """As JSON has it; undefined numbers are null."""
    if hasattr(x, "tolist"):
        x = x.tolist()
    if isinstance(x, float):
        return None if math.isnan(x) else x
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    return [plain(one) for one in x] if isinstance(x, list | tuple) else x


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_report(name: str, logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "r.json"
    assert main(["report", str(logs / RUNS[name]), "--to", str(file)]) == 0
    rows, older = json.loads(file.read_text(encoding="utf-8")), expected(logs, f"report_{name}")
    # New columns and metrics were added; and answers have since been read in another way.
    columns = [column for column in older[0] if column != "outdated"]
    assert [{column: row[column] for column in columns} for row in rows if not is_newer(row["metric"])] == [
        {column: row[column] for column in columns} for row in older
    ]
    assert all(row["outdated"] for row in rows)
    assert "0.1.0" not in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RUNS if name != "inspect_factual"])
def test_aggregate(name: str, logs: Path) -> None:
    (one,), _ = aggregate_runs(collect_answers([str(logs / RUNS[name])], READERS))
    found = {
        "model": one.model,
        "mode": one.mode,
        "clusters": one.clusters,
        "mean_score": one.mean._asdict(),
        "hybrid": {form: score._asdict() for form, score in one.hybrid.items()},
        "metrics": {
            key: {name: value for name, value in flat(metrics).items() if not is_newer(name)}
            for key, metrics in one.metrics.items()
        },
    }
    assert [plain(found)] == expected(logs, f"aggregate_{name}")


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_compare(name: str, logs: Path) -> None:
    pairs, _ = pair(*(collect_answers([str(logs / folder)], READERS) for folder in PAIRS[name]))
    found = [
        {
            "mode": row.mode,
            "dimension": row.dimension,
            "metric": row.metric,
            **row.difference._asdict(),
            "adjusted": row.adjusted,
        }
        for row in compare_pairs(pairs)
        if not is_newer(row.metric)
    ]
    assert plain(found) == expected(logs, f"compare_{name}")


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_rescored(name: str, logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They have what reading their answers again needs. What is said of changes is what changed."""
    assert main(["rescore", str(logs / RUNS[name]), "--to", str(tmp_path / "again")]) == 0
    before = {one.dimension: one for one in collect_answers([str(logs / RUNS[name])], READERS)}
    now = {one.dimension: one for one in collect_answers([str(tmp_path / "again")], READERS)}
    assert before.keys() == now.keys()
    for key, one in now.items():
        # Inspect's JSON logs are sorted by record, its .eval logs are in the order of the data.
        pairs = list(zip(*(sorted(side.outcomes, key=lambda o: o.id) for side in (before[key], one)), strict=True))
        assert all(old._replace(value=None, reason=None) == new._replace(value=None, reason=None) for old, new in pairs)
        assert one.prompts == before[key].prompts
        (entry,) = one.provenance["rescored"]
        changed = sum((old.value, old.reason) != (new.value, new.reason) for old, new in pairs)
        assert (entry["n"], entry["changed"]) == (len(pairs), changed)
        assert entry["before"]["recrm_tasks"] == "0.1.0"
        assert one.reader_version == dimension_of(key).version
    for run in collect([str(tmp_path / "again")], READERS).runs:
        measured = flat(dimension_of(run.dimension).metrics(now[run.dimension].outcomes))
        assert plain({metric: run.metrics[metric] for metric in measured}) == plain(measured)
        assert (run.outdated, run.wanted) == (False, None)
    assert "recrm rescore" not in capsys.readouterr().err


@pytest.mark.parametrize("name", RUNS)
def test_outcomes_and_diagnoses(name: str, logs: Path) -> None:
    answers = collect_answers([str(logs / RUNS[name])], READERS)
    outcomes = [
        {
            "dimension": one.dimension,
            "mode": one.mode,
            "outcome": list(outcome)[:6],  # later fields are of candidates that are asked about one by one
            "asked": one.prompts[outcome.id][:16],
        }
        for one in answers
        for outcome in one.outcomes
    ]
    assert plain(outcomes) == expected(logs, f"outcomes_{name}")
    diagnoses = [
        {
            "model": one.answers.model,
            "harness": one.answers.harness,
            "mode": one.answers.mode,
            "dimension": one.answers.dimension,
            "rows": one.diagnosis.rows,
        }
        for one in diagnose(answers)
    ]
    assert plain(diagnoses) == expected(logs, f"diagnose_{name}")


def test_a_log_of_a_suite_that_is_not_installed(logs: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    """One message; other files are reported all the same."""
    (source,) = (logs / "lm-eval/bench").rglob("results_*.json")
    content = json.loads(source.read_text(encoding="utf-8"))
    for config in content["configs"].values():
        config["metadata"]["recrm_provenance"]["suite"] = {"name": "service", "version": 3, "keys": ["factual"]}
    (tmp_path / source.name).write_text(json.dumps(content), encoding="utf-8")
    assert main(["report", str(tmp_path), str(logs / "inspect/bench")]) == 0
    said = capsys.readouterr().err
    assert said.count("of suite 'service', which is not installed; the suites here are recrm") == 1
    assert main(["report", str(tmp_path)]) == 2
    monkeypatch.setattr(registry, "SUITES", (RECRM, Suite("service", 1, ("factual",))))
    suites.cache_clear()
    try:
        assert [run.suite.name for run in collect([str(tmp_path)], READERS).runs] == ["service"] * 5
    finally:
        monkeypatch.undo()
        suites.cache_clear()


@pytest.fixture(scope="module")
def unnamed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of Inspect whose samples have the whole prompt as input, and the fields for reading as lists."""
    folder = tmp_path_factory.mktemp("unnamed")
    with tarfile.open(ARCHIVE.with_name("unnamed_fields.tar.xz")) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["generate", "logprob"])
def test_logs_with_unnamed_fields(mode: str, unnamed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Their numbers and prompts are those that a run of today has, and reading them again changes nothing."""
    file = unnamed / f"{mode}.json"
    log = json.loads(file.read_text(encoding="utf-8"))
    logged = {name: metric["value"] for name, metric in log["results"]["scores"][0]["metrics"].items()}
    for run in collect([str(file)], READERS).runs:
        theirs = {name.removeprefix(f"{run.dimension}_"): value for name, value in logged.items()}
        assert plain(run.metrics) == plain({name: theirs[name] for name in run.metrics})
    assert main(["rescore", str(file), "--to", str(tmp_path / "again")]) == 0
    before = {one.dimension: one for one in collect_answers([str(file)], READERS)}
    now = {one.dimension: one for one in collect_answers([str(tmp_path / "again")], READERS)}
    assert before.keys() == now.keys() == set(RECRM.keys)
    for key, one in now.items():
        assert sorted(one.outcomes) == sorted(before[key].outcomes)
        assert one.provenance["rescored"][0]["changed"] == 0
        asked = {prompt.id: prompt for prompt in load(key, "sample", limit=12).prompts(mode)}
        sent = {name: [(turn.role, turn.content) for turn in prompt.messages] for name, prompt in asked.items()}
        assert {name: prompt_hash(turns) for name, turns in sent.items()} == one.prompts
    capsys.readouterr()
