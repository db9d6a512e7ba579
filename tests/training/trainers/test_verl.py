"""verl's own data sets take the Parquet files, and its loader the reward."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from written_sets import made, rendered, rows_of

pytestmark = [pytest.mark.slow, pytest.mark.trainer]


def tokenizer_of(model: str) -> Any:
    import transformers

    return transformers.AutoTokenizer.from_pretrained(model)


def limit_in(command: str, option: str) -> int:
    return int(command.partition(f"{option}=")[2].split()[0])


def test_sft(tmp_path: Path, source: str, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from omegaconf import OmegaConf

    # It imports a model with images, which this transformers has under other names; only such models call it.
    images = SimpleNamespace(get_rope_index=None)
    monkeypatch.setitem(sys.modules, "verl.models.transformers.qwen2_vl", images)
    from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset

    found = made(tmp_path / "set", "verl", source, kind="sft", tokenizer=model)
    config = OmegaConf.create(
        {"max_length": limit_in(found.command, "data.max_length"), "truncation": "error", "pad_mode": "no_padding"}
    )
    tokenizer = tokenizer_of(model)
    data = MultiTurnSFTDataset(str(tmp_path / "set" / "train.parquet"), tokenizer, config)
    rows = rows_of(tmp_path / "set")
    assert len(data) == len(rows)
    for row, one in zip(rows, data, strict=True):
        assert tokenizer.decode(one["input_ids"]) == rendered(row["messages"])
        answer = one["input_ids"][one["loss_mask"].bool()]
        assert tokenizer.decode(answer).rstrip("!") == row["messages"][-1]["content"]


def test_rl(tmp_path: Path, source: str, model: str) -> None:
    from omegaconf import OmegaConf
    from verl.trainer.ppo.reward import get_custom_reward_fn
    from verl.utils.dataset.rl_dataset import RLHFDataset

    found = made(tmp_path / "set", "verl", source, kind="rl", tokenizer=model)
    words = dict(word.lstrip("+").split("=", 1) for word in found.command.split() if "=" in word)
    config = OmegaConf.create(
        {"max_prompt_length": int(words["data.max_prompt_length"]), "filter_overlong_prompts": True,
         "filter_overlong_prompts_workers": 1, "cache_dir": str(tmp_path / "cache")}
    )  # fmt: skip
    data = RLHFDataset(words["data.train_files"], tokenizer_of(model), config)
    rows = rows_of(tmp_path / "set")
    assert len(data) == len(rows)  # none is too long
    reward = get_custom_reward_fn(OmegaConf.from_dotlist([f"{k}={v}" for k, v in words.items() if k[:7] == "reward."]))
    assert reward is not None
    for row, one in zip(rows, data, strict=True):
        assert one["raw_prompt"] == row["prompt"]
        assert one["data_source"].startswith("recrm_")
        scored = reward(
            data_source=one["data_source"], solution_str=one["reward_model"]["ground_truth"],
            ground_truth=one["reward_model"]["ground_truth"], extra_info=one["extra_info"],
        )  # fmt: skip
        assert asyncio.run(scored)["score"] == 1.0
