"""`recrm baselines`: tables, files, and mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from recrm_tasks import baselines_command
from recrm_tasks.baselines.evaluate import evaluate
from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions


def test_the_sample(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baselines", "sample"]) == 0
    said = capsys.readouterr()
    for key in dimensions():
        assert re.search(rf"│ {key} +│ overlap ", said.out), key
    assert "--split hash-test" in said.out
    assert "left out: behavior: popularity: it learns from a train split, and there is none" in said.err


def test_a_sample_of_the_records_is_that_of_a_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["baselines", "sample", "--dimension", "factual", "--split", "hash-train", "--limit", "20", "--seed", "3"]
    assert main([*words, "--to", str(tmp_path / "out.json")]) == 0
    said = capsys.readouterr()
    assert "20 of " in said.out
    assert "sample: factual: the first records in the order of seed 3" in said.err
    rows = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    run = load("factual", "sample", split="hash-train", limit=20, seed=3)
    assert {row["sha256"] for row in rows} == {run.provenance["sha256"]}
    assert {row["n"] for row in rows} == {20}


def test_files_have_every_metric(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["baselines", "sample", "--dimension", "factual", "--dimension", "ranking", "--split", "hash-test"]
    for ending in ("json", "csv", "parquet", "md"):
        assert main([*words, "--to", str(tmp_path / f"out.{ending}")]) == 0
    rows = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert pq.read_table(tmp_path / "out.parquet").to_pylist() == rows
    assert pyarrow.csv.read_csv(tmp_path / "out.csv").num_rows == len(rows)
    found = evaluate(load("ranking", "sample", split="hash-test"))
    for one in found.results:
        values = {r["metric"]: r["value"] for r in rows if (r["dimension"], r["baseline"]) == ("ranking", one.baseline)}
        assert values["ndcg@3"] == one.numbers["ndcg@3"]
        assert values["auc"] == one.headline.value
    assert {"auc_best", "acc", "f1"} <= {row["metric"] for row in rows if row["dimension"] == "factual"}
    text = (tmp_path / "out.md").read_text(encoding="utf-8")
    assert "| factual | overlap |" in text
    assert "hash-train: " in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sample", "--dimension", "taste"], "unknown dimension 'taste'"),
        (["no/such/path"], "no such file or folder"),
        (["sample", "--limit", "0"], "--limit must be"),
        (["sample", "--learn-from", "none"], "--learn-from must be a whole number of at least 1"),
        (["sample", "--to", "out.txt"], "baselines are written as .md, .csv, .parquet, .json"),
        (["sample", "--split", "train"], "no records of split 'train'"),
    ],
)
def test_mistakes(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["baselines", *words]) == 2
    assert said in capsys.readouterr().err


def test_data_without_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "factual.jsonl").write_text("", encoding="utf-8")
    assert main(["baselines", str(tmp_path)]) == 2
    assert "no records" in capsys.readouterr().err


def test_without_scikit_learn(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(baselines_command, "find_spec", lambda name: None)
    assert main(["baselines", "sample"]) == 2
    assert "pip install 'recrm-tasks[baselines]'" in capsys.readouterr().err
