"""OpenRLHF's own data sets take the files by the keys of the printed command, and its executor the reward."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from written_sets import made, rendered, rows_of

pytestmark = [pytest.mark.slow, pytest.mark.trainer]


def strategy(command: str) -> Any:
    """What the data sets read of the command's options."""
    words = command.split()
    data = {
        word.removeprefix("--data."): True if i + 1 == len(words) or words[i + 1].startswith("--") else words[i + 1]
        for i, word in enumerate(words)
        if word.startswith("--data.")
    }
    args = SimpleNamespace(data=SimpleNamespace(**data), use_ms=False)
    return SimpleNamespace(args=args, print=print, is_rank_0=lambda: True)


def prepared(command: str, model: str) -> tuple[Any, Any, Any]:
    """OpenRLHF's strategy, tokenizer and rows."""
    import transformers
    from openrlhf.datasets.utils import blending_datasets

    chosen = strategy(command)
    name = getattr(chosen.args.data, "dataset", None) or chosen.args.data.prompt_dataset
    rows = blending_datasets(name, None, chosen, max_count=10_000, dataset_split="train")
    return chosen, transformers.AutoTokenizer.from_pretrained(model), rows


def test_sft(tmp_path: Path, source: str, model: str) -> None:
    from openrlhf.datasets import SFTDataset

    found = made(tmp_path / "set", "openrlhf", source, kind="sft", tokenizer=model)
    chosen, tokenizer, data = prepared(found.command, model)
    data = SFTDataset(data, tokenizer, int(chosen.args.data.max_len), chosen, num_processors=1)
    rows = rows_of(tmp_path / "set")
    assert len(data) == len(rows)
    for i, row in enumerate(rows):
        ids, _, mask = data[i]
        assert tokenizer.decode(ids[0]) == rendered([*row["prompt"], *row["completion"]])
        assert int(mask.sum()) >= len(row["completion"][0]["content"].encode())


@pytest.mark.parametrize("pairs", ["verdict", "content"])
def test_pairs(tmp_path: Path, source: str, model: str, pairs: Any) -> None:
    from openrlhf.datasets import RewardDataset

    found = made(tmp_path / "set", "openrlhf", source, kind="pairs", pairs=pairs, tokenizer=model)
    assert ("--model.margin_loss_enable" in found.command) == (pairs == "content")
    chosen, tokenizer, data = prepared(found.command, model)
    data = RewardDataset(data, tokenizer, int(chosen.args.data.max_len), chosen, num_processors=1)
    rows = rows_of(tmp_path / "set")
    assert len(data) == len(rows)
    for i, row in enumerate(rows):
        good, _, bad, _, margin = data[i]
        assert tokenizer.decode(good[0]) == rendered([*row["prompt"], *row["chosen"]])
        assert tokenizer.decode(bad[0]) == rendered([*row["prompt"], *row["rejected"]])
        assert margin == row["margin"]


def test_rl(tmp_path: Path, source: str, model: str) -> None:
    from openrlhf.datasets import PromptDataset
    from openrlhf.utils.agent import SingleTurnAgentExecutor

    found = made(tmp_path / "set", "openrlhf", source, kind="rl", tokenizer=model)
    chosen, tokenizer, data = prepared(found.command, model)
    data = PromptDataset(data, tokenizer, chosen)
    rows = rows_of(tmp_path / "set")
    truths = {row["case"]: row for row in rows_of_rl(tmp_path, source)}
    assert len(data) == len(rows)
    executor = SingleTurnAgentExecutor(str(tmp_path / "set" / "reward.py"))
    prompts = [data[i][1] for i in range(len(data))]
    labels = [data[i][2] for i in range(len(data))]
    assert prompts[0] == rendered(rows[0]["prompt"], answering=True)
    queries = [p + truths[label]["ground_truth"] for p, label in zip(prompts, labels, strict=True)]
    assert executor.reward_func(queries, prompts, labels)["rewards"].tolist() == [1.0] * len(rows)


def rows_of_rl(tmp_path: Path, source: str) -> list[dict[str, Any]]:
    """The same set with the right answers, which OpenRLHF has no column for."""
    made(tmp_path / "trl", "trl", source, kind="rl")
    return rows_of(tmp_path / "trl")
