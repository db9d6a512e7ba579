"""TRL's own trainers and scripts take the sets: no row is shortened or lost, and a step is taken."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from written_sets import made, rendered, rows_of

from recrm_tasks.data import load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.models.reward_model import Asked, RewardModel
from recrm_tasks.models.trained_as import trained_as

pytestmark = [pytest.mark.slow, pytest.mark.trainer]

QUICK: dict[str, Any] = {
    "max_steps": 1, "per_device_train_batch_size": 2, "bf16": False, "use_cpu": True, "save_strategy": "no",
    "report_to": "none", "disable_tqdm": True, "logging_steps": 1,
}  # fmt: skip
RUN: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 300}


def loaded(folder: Path) -> Any:
    """As TRL's scripts load `--dataset_name FOLDER`."""
    from datasets import load_dataset

    return load_dataset(str(folder))["train"]


def limit_in(command: str) -> int:
    return int(command.partition("--max_length ")[2].split()[0])


def test_sft(tmp_path: Path, source: str, model: str) -> None:
    from trl import SFTConfig, SFTTrainer

    found = made(tmp_path / "set", "trl", source, kind="sft", tokenizer=model)
    args = SFTConfig(output_dir=str(tmp_path / "out"), max_length=limit_in(found.command), **QUICK)
    trainer = SFTTrainer(model=model, args=args, train_dataset=loaded(tmp_path / "set"))
    rows, decode = rows_of(tmp_path / "set"), trainer.processing_class.decode
    assert len(trainer.train_dataset) == len(rows) == found.manifest["rows"]
    for row, prepared in zip(rows, trainer.train_dataset, strict=True):
        assert decode(prepared["input_ids"]) == rendered([*row["prompt"], *row["completion"]])
        answer = [label for label in prepared["labels"] if label >= 0]
        assert decode(answer).rstrip("!") == row["completion"][0]["content"]
    trainer.train()
    assert trainer.state.global_step == 1


def test_text_for_base_models(tmp_path: Path, source: str, model: str) -> None:
    from trl import SFTConfig, SFTTrainer

    found = made(tmp_path / "set", "trl", source, "factual", kind="sft", style="completion", tokenizer=model)
    args = SFTConfig(output_dir=str(tmp_path / "out"), max_length=limit_in(found.command), **QUICK)
    trainer = SFTTrainer(model=model, args=args, train_dataset=loaded(tmp_path / "set"))
    for row, prepared in zip(rows_of(tmp_path / "set"), trainer.train_dataset, strict=True):
        assert trainer.processing_class.decode(prepared["input_ids"]) == row["prompt"] + row["completion"] + "!"


@pytest.mark.parametrize("pairs", ["verdict", "content"])
def test_pairs(tmp_path: Path, source: str, model: str, pairs: Any) -> None:
    from trl import RewardConfig, RewardTrainer

    found = made(tmp_path / "set", "trl", source, kind="pairs", pairs=pairs, tokenizer=model)
    rows = rows_of(tmp_path / "set")

    def prepared(longest: int) -> Any:
        args = RewardConfig(output_dir=str(tmp_path / "out"), max_length=longest, **QUICK)
        return RewardTrainer(model=model, args=args, train_dataset=loaded(tmp_path / "set"))

    trainer = prepared(limit_in(found.command))
    decode = trainer.processing_class.decode
    assert len(trainer.train_dataset) == len(rows)
    for row, one in zip(rows, trainer.train_dataset, strict=True):
        assert decode(one["chosen_ids"]) == rendered([*row["prompt"], *row["chosen"]])
        assert decode(one["rejected_ids"]) == rendered([*row["prompt"], *row["rejected"]])
        assert one["margin"] == row["margin"]
    trainer.train()
    assert trainer.state.global_step == 1
    # What the export warns of: with a lower limit rows are dropped, and nothing is said.
    assert len(prepared(found.manifest["lengths"]["median"] - 1).train_dataset) < len(rows)


def test_rl(tmp_path: Path, source: str, model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from trl import GRPOConfig, GRPOTrainer

    from recrm_tasks.rewards.trainers.recrm_trl import recrm

    made(tmp_path / "set", "trl", source, kind="rl", tokenizer=model)
    monkeypatch.setenv("RECRM_REWARD", str(tmp_path / "set" / "reward.yaml"))
    rows = rows_of(tmp_path / "set")
    answers = [[{"role": "assistant", "content": row["ground_truth"]}] for row in rows]
    assert recrm(answers, case=[row["case"] for row in rows]) == [1.0] * len(rows)
    args = GRPOConfig(output_dir=str(tmp_path / "out"), num_generations=2, max_completion_length=4, **QUICK)
    trainer = GRPOTrainer(model=model, reward_funcs=recrm, args=args, train_dataset=loaded(tmp_path / "set"))
    trainer.train()
    (step,) = [one for one in trainer.state.log_history if "reward" in one]
    assert step["reward"] == 0  # random bytes are no answer
    assert step["recrm/empty"] < 1


@pytest.mark.parametrize(("script", "kind"), [("sft", "sft"), ("reward", "pairs")])
def test_the_printed_command(tmp_path: Path, trl_python: Path, source: str, model: str, script: str, kind: Any) -> None:
    found = made(tmp_path / "set", "trl", source, "factual", kind=kind, tokenizer=model)
    words = found.command.replace("MODEL", model).replace("OUT", str(tmp_path / "out")).split()
    assert words[:2] == ["trl", script]
    words += [word for name, value in QUICK.items() for word in (f"--{name}", str(value))]
    done = subprocess.run([trl_python, "-m", f"trl.scripts.{script}", *words[2:]], **RUN)
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "out" / "config.json").exists()


@pytest.mark.parametrize(("key", "template"), [("factual", True), ("behavior", True), ("ranking", False)])
def test_classes(tmp_path: Path, trl_python: Path, source: str, model: str, key: str, template: bool) -> None:
    """transformers' Trainer, by the script beside the set; `recrm-rm` then needs no argument."""
    import transformers

    if not template:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        tokenizer.chat_template = None
        transformers.AutoModelForCausalLM.from_pretrained(model).save_pretrained(tmp_path / "model")
        tokenizer.save_pretrained(tmp_path / "model")
        model = str(tmp_path / "model")
    found = made(tmp_path / "set", "trl", source, key, kind="classes", tokenizer=model)
    words = found.command.replace("MODEL", model).replace("OUT", str(tmp_path / "out")).split()
    words += [word for name, value in QUICK.items() if name != "bf16" for word in (f"--{name}", str(value))]
    done = subprocess.run([trl_python, *words[1:]], **RUN)
    assert done.returncode == 0, done.stderr[-3000:]
    config = transformers.AutoConfig.from_pretrained(tmp_path / "out")
    assert list(config.id2label.values()) == found.manifest["classes"]
    said = trained_as(str(tmp_path / "out"))
    assert said is not None
    assert (said.reads, list(said.prompt_versions)) == ("letters", [key])
    trained, kind = RewardModel(str(tmp_path / "out")), dimension_of(key).kind
    prompts = list(load(key, source, split="test", ask="item").prompts("logprob", ask="item"))
    rewards, _ = trained.rewards([Asked(p.messages, p.choices, kind.class_names(p)) for p in prompts])
    assert len(rewards) == len(prompts)
