"""reward.yaml: the options for trainers that load a function from a file."""

from __future__ import annotations

from collections import UserDict, UserList
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.rewards.agent_turn import items_in
from recrm_tasks.rewards.trainer_options import OPTIONS, VARIABLE, read_config
from recrm_tasks.rewards.trainers.recrm_verl import compute_scores

ROOT = Path(__file__).resolve().parents[2]

SERVER = {"judge": "server:http://127.0.0.1:1/v1", "model": "stub"}


def written(folder: Path, text: str) -> Path:
    file = folder / "reward.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_file_with_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openai", reason="the extra rewards is not installed")
    file = written(
        tmp_path,
        "judge: server:http://127.0.0.1:1/v1\nmodel: stub\nmode: logprob\nmissing: drop\non_error: none\n"
        "weights: {factual: 2}\ndimensions: [instruction, factual]\ncompletion: items\nno_reward: -1\n",
    )
    monkeypatch.setenv(VARIABLE, str(file))
    found = read_config().reward()
    assert (found.batch.completion, found.no_reward) == ("items", -1.0)
    reward = found.batch.reward
    assert (reward.missing, reward.on_error, reward.weights, reward.judge.mode) == (
        "drop", "none", {"factual": 2.0}, "logprob",
    )  # fmt: skip
    # One judge in a process, whoever asks.
    assert read_config(file).reward().batch is found.batch
    assert read_config(file).reward(on_error="raise").batch is not found.batch


def test_what_omegaconf_hands_over() -> None:
    """Not dict and list, but mappings and sequences."""
    pytest.importorskip("openai", reason="the extra rewards is not installed")
    config: Any = UserDict({**SERVER, "weights": UserDict({"factual": 2}), "dimensions": UserList(["factual"])})
    assert read_config(config).reward().batch.keys == ("factual",)


def test_a_function_reads_completions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    config = {"judge": "python:builtins:repr", "completion": "python:recrm_tasks.rewards.agent_turn:items_in"}
    assert read_config(config).reward().batch.completion is items_in


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must have a line per option"),
        ("- judge", "must have a line per option"),
        ("judge: [", "not valid YAML"),
        ("model: stub", "reward.yaml: judge is missing"),
        ("judge: qwen", "judge must be server:URL, hf:PATH, recrm-rm:PATH or python:MODULE:FUNCTION, not 'qwen'"),
        ("judge: python:builtins:repr\ndimension: factual", "unknown option dimension"),
        ("judge: python:builtins:repr\nweights: {}\ndimensions: []", "dimensions must be"),
        ("judge: python:builtins:repr\nweights: {factual: }", "weights must be"),
        ("judge: python:builtins:repr\nweights: {factual: 0}\ndimensions: [behavior]", "'factual' is not one of the"),
        ("judge: python:builtins:repr\nweights: {behavior: 0}\ndimensions: behavior", "needs a weight above 0"),
        ("judge: python:builtins:repr\nno_reward: .nan", "no_reward must be a finite number, not nan"),
        ("judge: python:builtins:repr\nno_reward: nothing", "no_reward must be a finite number, not 'nothing'"),
        (
            "judge: python:builtins:repr\ncompletion: text",
            "completion must be response, items or python:MODULE:FUNCTION, not 'text'",
        ),
        (
            "judge: python:builtins:repr\ncompletion: python:builtins:nothing",
            "completion: python:builtins:nothing cannot",
        ),
        ("judge: python:builtins:repr\nname: 2026-01-01", "a value is no text, number, list or object"),
    ],
)
def test_mistakes_are_one_message(tmp_path: Path, text: str, message: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(RecrmError, match=message) as caught:
        read_config(file).reward()
    assert str(caught.value).startswith(str(file))


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(RecrmError, match="no judge is declared: set RECRM_REWARD"):
        read_config()
    with pytest.raises(RecrmError, match=r"none\.yaml: cannot be read: No such file"):
        read_config(tmp_path / "none.yaml")
    with pytest.raises(RecrmError, match="config: judge is missing"):
        read_config({"missing": "drop"}).reward()


def test_the_options_are_documented() -> None:
    page = (ROOT / "docs" / "rewards.md").read_text(encoding="utf-8")
    assert [name for name in OPTIONS if f"`{name}`" not in page] == []


def test_samples_of_verl_that_are_no_objects_and_parts_that_count_nothing() -> None:
    """Its loader is not needed for these."""
    config = {"judge": "python:builtins:repr", "dimensions": ["instruction", "factual"], "missing": "zero"}
    with pytest.raises(DataError, match="extra_infos, row 0: must be an object with the fields of the case, not str"):
        compute_scores(["d"], ["x"], [None], ["{}"], config=config)  # type: ignore[list-item]
    (found,) = compute_scores(["d"], ["x"], [None], [{"query": "q"}], config={**config, "no_reward": -1})
    assert found == {
        "score": 0.0, "recrm_instruction": 0.0, "recrm_factual": 0.0, "recrm_missing": 2.0, "recrm_failed": 0.0,
    }  # fmt: skip
