"""OpenRLHF: TRL's columns, whose names its command gives."""

from __future__ import annotations

from typing import Any

from recrm_tasks.answers.prompt import ANSWER_TOKENS
from recrm_tasks.training.rows import Row
from recrm_tasks.training.trainers.trainer import JSONL, REWARD, Made, Target, Trainer
from recrm_tasks.training.trainers.trl import TRL

_REWARD_FUNCTION = """from pathlib import Path

from recrm_tasks.rewards.trainers.recrm_openrlhf import OpenRLHFReward

reward_func = OpenRLHFReward(str(Path(__file__).with_name("reward.yaml")))
"""


def _rl(row: Row, plain: bool) -> dict[str, Any]:
    return {"prompt": row.text if plain else row.turns, "case": row.case}


def _command(module: str, keys: str, made: Made, model: str = "model") -> str:
    data = "prompt_dataset" if module == "train_ppo_ray" else "dataset"
    template = ' --data.input_template "{}"' if made.plain else " --data.apply_chat_template"
    return (
        f"python -m openrlhf.cli.{module} --{model}.model_name_or_path MODEL --data.{data} {made.folder}/{JSONL} "
        f"{keys}{template}{made.limit('--data.max_len ')} --ckpt.output_dir OUT"
    )


def _sft(made: Made) -> str:
    return _command("train_sft", "--data.input_key prompt --data.output_key completion", made)


def _rm(made: Made) -> str:
    keys = "--data.prompt_key prompt --data.chosen_key chosen --data.rejected_key rejected"
    return _command("train_rm", keys + (" --model.margin_loss_enable" if made.margins else ""), made)


def _ppo(made: Made) -> str:
    keys = f"--data.input_key prompt --data.label_key case --reward.remote_url {made.folder}/reward.py"
    return _command("train_ppo_ray", keys, made, "actor")


OPENRLHF = Trainer(
    "openrlhf",
    "0.11",
    {
        "sft": Target(TRL.takes["sft"].row, _sft, 2048, "shortens them", "--data.max_len", room=2, plain=True),
        "pairs": Target(TRL.takes["pairs"].row, _rm, 512, "shortens them", "--data.max_len", room=2),
        "rl": Target(
            _rl,
            _ppo,
            2048,
            "shortens them",
            "--data.max_len",
            with_answer=False,
            room=ANSWER_TOKENS,
            files=lambda made: {"reward.yaml": REWARD, "reward.py": _REWARD_FUNCTION},
            plain=True,
        ),
    },
)
