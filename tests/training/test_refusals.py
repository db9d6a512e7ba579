"""Sets that would leak, teach nothing or not load are refused, with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from written_sets import made, write_source

from recrm_tasks.cli import main
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.rewards.trainer_options import read_config


def command(*words: str) -> list[str]:
    return ["data", "export", "sample", *words]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--as", "sft"], "--as sft needs a trainer: --for trl|ms-swift|verl|openrlhf|llama-factory"),
        (["--for", "trl"], "--for is for training sets: say which kind with --as"),
        (["--limit", "3"], "--limit is for training sets"),
        (["--as", "x", "--for", "trl"], "--as must be one of sft, classes, pairs, rl, not 'x'"),
        (["--as", "sft", "--for", "x"], "--for must be one of trl, ms-swift"),
        (
            ["--as", "pairs", "--for", "verl"],
            "verl does not take pairs: it takes sft, rl; pairs can be written for trl",
        ),
        (["--as", "sft", "--for", "trl", "--pairs", "content"], "--pairs is for --as pairs"),
        (["--as", "pairs", "--for", "trl", "--better", "2"], "--better is for --pairs content"),
        (["--as", "pairs", "--for", "trl", "--pairs", "x"], "--pairs must be verdict or content, not 'x'"),
        (["--as", "sft", "--for", "trl", "--limit", "0"], "--limit must be a whole number of at least 1"),
        (["--as", "classes", "--for", "trl"], "--as classes needs one --dimension"),
        (["--as", "classes", "--for", "trl", "--ask", "list"], "--ask must be item"),
        (["--as", "sft", "--for", "verl", "--style", "completion"], "verl takes sft as turns only"),
        (["--as", "pairs", "--for", "trl", "--style", "completion"], "reward models are asked in turns"),
        (["--as", "sft", "--for", "trl"], "sample: instruction has no splits, and 72 of 72 records have no group"),
        (["--as", "sft", "--for", "trl", "--dimension", "x"], "unknown dimension 'x'"),
        (
            ["--as", "pairs", "--for", "trl", "--pairs", "content", "--dimension", "factual", "--split", "hash-train"],
            "factual has no content pairs",
        ),
        (["--as", "pairs", "--for", "trl", "--pairs", "content", "--shares", "balanced"], "--shares has no effect"),
    ],
)
def test_options(tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    assert main(command(*words, "--to", str(tmp_path / "set"))) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_folder_with_another_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = command("--as", "sft", "--for", "trl", "--split", "hash-train", "--dimension", "factual")
    assert main([*words, "--to", str(tmp_path / "set")]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].startswith("trl sft --model_name_or_path MODEL --dataset_name ")
    assert "Evaluate factual on split=hash-test" in err
    before = {file.name: file.read_bytes() for file in (tmp_path / "set").iterdir()}
    assert main([*words, "--to", str(tmp_path / "set")]) == 2
    assert "exists already" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in (tmp_path / "set").iterdir()} == before


def test_no_train_split_and_no_group(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", splits=False, groups=False)
    with pytest.raises(DataError, match=r"no splits, and 36 of 36 records have no group.*--split hash-train divides"):
        made(tmp_path / "set", "trl", source, "factual", kind="sft")
    assert made(tmp_path / "set", "trl", source, "factual", kind="sft", split="hash-train").manifest["rows"] > 20


def test_other_splits_only(tmp_path: Path) -> None:
    source = Path(write_source(tmp_path / "source"))
    file = source / "factual.jsonl"
    file.write_text(file.read_text(encoding="utf-8").replace('"train"', '"dev"'), encoding="utf-8")
    with pytest.raises(DataError, match=r"no split 'train', only dev, test. --split names the one to train on"):
        made(tmp_path / "set", "trl", str(source), "factual", kind="sft")
    assert made(tmp_path / "set", "trl", str(source), "factual", kind="sft", split="dev").manifest["rows"] == 27


@pytest.mark.parametrize("kind", ["sft", "classes", "pairs", "rl"])
def test_one_label(tmp_path: Path, kind: str) -> None:
    source = Path(write_source(tmp_path / "source"))
    file = source / "factual.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    kept = [row for row in rows if row["label"] == "consistent" or row["split"] == "test"]
    file.write_text("\n".join(map(json.dumps, kept)), encoding="utf-8")
    with pytest.raises(DataError, match=r"all 9 records of factual in split 'train' have the label 'consistent'"):
        made(tmp_path / "set", "trl", str(source), "factual", kind=kind)
    assert not (tmp_path / "set").exists()


def test_languages_that_cannot_be_balanced(tmp_path: Path) -> None:
    source = Path(write_source(tmp_path / "source"))
    file = source / "factual.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    kept = [row for row in rows if (row["label"] == "consistent") == (row["lang"] == "zh") or row["split"] == "test"]
    file.write_text("\n".join(map(json.dumps, kept)), encoding="utf-8")
    with pytest.raises(DataError, match=r"no language has records of all labels of factual"):
        made(tmp_path / "set", "trl", str(source), "factual", kind="sft", shares="balanced")


def test_turns_that_trainers_drop(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    turns = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    rows = [
        {"id": str(i), "dimension": "factual", "lang": "en", "source": "x", "split": "train", "messages": turns,
         "label": ("consistent", "inconsistent")[i % 2], "group": str(i)}
        for i in range(4)
    ]  # fmt: skip
    (source / "factual.jsonl").write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(DataError, match=r"the turns of its ready-made prompt are user, user"):
        made(tmp_path / "set", "llama-factory", str(source), "factual", kind="sft")
    with pytest.raises(DataError, match=r"ready-made"):
        made(tmp_path / "set", "trl", str(source), "factual", kind="pairs", pairs="content")


def test_a_reward_that_asks_nobody() -> None:
    reward = read_config({"judge": "gold", "dimensions": ["factual"]}).reward().batch
    assert reward.keys == ("factual",)
    with pytest.raises(RecrmError, match=r"it has no 'question', which `judge: gold` compares completions with"):
        reward(["A"], {"case": ['{"query": "x"}']})
    with pytest.raises(RecrmError, match="model: with judge: gold nobody is asked"):
        read_config({"judge": "gold", "model": "x"}).reward()
