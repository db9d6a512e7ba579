"""The recipes of docs/recipes for well-known logs, on small logs of the same form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from log_shapes import SHAPES, Truth, probed, recipe_of

from recrm_tasks.cli import main


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def truth(shape: str, tmp_path: Path) -> Truth:
    (tmp_path / "log").mkdir()
    return SHAPES[shape](tmp_path / "log")


def build(recipe: Path, tmp_path: Path) -> int:
    return main(
        ["data", "build", "--recipe", str(recipe), "--from", str(tmp_path / "log"), "--to", str(tmp_path / "out")]
    )


def records(tmp_path: Path, dimension: str) -> list[dict]:
    return [json.loads(line) for line in (tmp_path / "out" / f"{dimension}.jsonl").read_text("utf-8").splitlines()]


def test_built_and_read(shape: str, truth: Truth, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build(recipe_of(shape), tmp_path) == 0
    made = json.loads((tmp_path / "out" / "build.json").read_text(encoding="utf-8"))
    assert {name: made["parts"][name]["records"] for name in truth.records} == truth.records
    capsys.readouterr()
    assert main(["data", "inspect", str(tmp_path / "out"), "--to", str(tmp_path / "mapping.yaml")]) == 0
    said = capsys.readouterr().out
    assert all(f"{name}: {count:,} records" in said for name, count in truth.records.items()), said


def test_a_history_has_only_what_was_before(shape: str, truth: Truth, tmp_path: Path) -> None:
    recipe = probed(shape, tmp_path / "recipe.yaml")
    spec = yaml.safe_load(recipe.read_text(encoding="utf-8"))
    assert build(recipe, tmp_path) == 0
    full = 0
    for dimension in truth.records:
        for record in records(tmp_path, dimension):
            if truth.histories:
                ids = [n for n in truth.histories[record["id"].split("-")[1]] if n != "N999"]
                expected = ids[-10:]
            else:
                moment = int(record["meta"]["time"])
                # Stable: acts of one moment stay in the order of the file.
                before = sorted((a for a in truth.acts[record["group"]] if a[0] < moment), key=lambda act: act[0])
                expected = [f"{time} {item}" for time, item in before][-spec["events"]["last"] :]
            assert record["history"] == expected
            full += bool(expected)
    assert full > 100


def test_splits_are_as_promised(shape: str, truth: Truth, tmp_path: Path) -> None:
    recipe = probed(shape, tmp_path / "recipe.yaml")
    assert build(recipe, tmp_path) == 0
    for dimension, part in yaml.safe_load(recipe.read_text(encoding="utf-8"))["records"].items():
        train, test = ([r for r in records(tmp_path, dimension) if r["split"] == name] for name in ("train", "test"))
        assert len(train) + len(test) == truth.records[dimension]
        assert min(len(train), len(test)) > 5
        if part["split"]["by"] == "time":
            assert max(int(r["meta"]["time"]) for r in train) < min(int(r["meta"]["time"]) for r in test)
        else:
            assert not {r["group"] for r in train} & {r["group"] for r in test}


@pytest.mark.parametrize("shape", [name for name in SHAPES if name != "mind"], indirect=True)
def test_sampled_negatives_are_items_that_the_user_never_acted_on(shape: str, truth: Truth, tmp_path: Path) -> None:
    """MIND has negatives of its own."""
    assert build(recipe_of(shape), tmp_path) == 0
    for record in records(tmp_path, "ranking"):
        acted = {item for _, item in truth.acts[record["group"]]}
        for candidate, label in zip(record["candidates"], record["labels"], strict=True):
            assert (candidate["id"] in acted) == bool(label)


def test_the_catalogue_of_a_log_is_its_first_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").mkdir()
    truth = SHAPES["tafeng"](tmp_path / "log")
    assert build(recipe_of("tafeng"), tmp_path) == 0
    said = capsys.readouterr().out
    left_out = json.loads((tmp_path / "out" / "build.json").read_text(encoding="utf-8"))["parts"]["items"]["left_out"]
    rows = [line.split(",") for line in (tmp_path / "log" / truth.log).read_text("utf-8").splitlines()[1:]]
    first = {row[5]: row for row in reversed(rows)}
    versions = {(row[5], row[4], row[8]) for row in rows}
    assert left_out == {
        "further rows that say the same of an id": len(rows) - len(versions),
        "further rows that say something else of an id (the first is kept)": len(versions) - len(first),
    }
    assert f"items: {len(first)} items" in said
    for record in records(tmp_path, "ranking"):
        for candidate in record["candidates"]:
            row = first[candidate["id"]]
            assert candidate["text"] == f"product {row[5]} of group {row[4]}, {row[8]} TWD"


@pytest.mark.parametrize("cut", ["in the middle", "empty", "heading only"])
def test_a_log_that_is_not_whole(
    shape: str, truth: Truth, tmp_path: Path, cut: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message that names the file, exit code 2, and nothing is left behind."""
    file = tmp_path / "log" / truth.log
    content = file.read_bytes()
    rows = content.splitlines(keepends=True)
    if cut == "in the middle":
        half = rows[: len(rows) // 2]
        file.write_bytes(b"".join(half) + rows[len(half)][:4])
    elif cut == "empty":
        file.write_bytes(b"")
    else:
        file.write_bytes(rows[0] if shape in ("recbole", "tafeng") else b"\n")
    assert build(recipe_of(shape), tmp_path) == 2
    said = capsys.readouterr().err
    assert truth.log in said or "*.inter" in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == 1
    if cut == "in the middle":
        assert f"{'line' if shape == 'yelp' else 'row'} {len(rows) // 2 + (shape not in ('recbole', 'tafeng'))}" in said
    assert not (tmp_path / "out").exists()


def test_the_recipe_of_another_log(
    shape: str, truth: Truth, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One message names every file that the recipe needs and what is there."""
    other = next(name for name in SHAPES if name != shape)
    assert build(recipe_of(other), tmp_path) == 2
    said = capsys.readouterr().err
    for table in yaml.safe_load(recipe_of(other).read_text(encoding="utf-8"))["tables"].values():
        assert table["file"] in said
    assert truth.log in said
    assert len(said.strip().splitlines()) == 1
