"""verl: Parquet with `messages`, or with the columns of its RL data."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from recrm_tasks.training.rows import Row
from recrm_tasks.training.trainers.trainer import PARQUET, REWARD, Made, Target, Trainer

TURNS = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
SFT = pa.schema([("messages", TURNS)])
RL = pa.schema(
    [
        ("data_source", pa.string()),
        ("prompt", TURNS),
        ("ability", pa.string()),
        ("reward_model", pa.struct([("style", pa.string()), ("ground_truth", pa.string())])),
        ("extra_info", pa.struct([("index", pa.int64()), ("id", pa.string()), ("case", pa.string())])),
    ]
)


def _sft(row: Row, plain: bool) -> dict[str, Any]:
    return {"messages": row.conversation}


def _rl(row: Row, plain: bool) -> dict[str, Any]:
    return {
        "data_source": f"recrm_{row.dimension}",
        "prompt": row.turns,
        "ability": row.dimension,
        "reward_model": {"style": "rule", "ground_truth": row.answer},
        "extra_info": {"index": row.number, "id": row.ids[0], "case": row.case},
    }


def _ppo(made: Made) -> str:
    reward = "reward.custom_reward_function"
    return (
        f"python -m verl.trainer.main_ppo algorithm.adv_estimator=grpo data.train_files={made.folder}/{PARQUET} "
        f"data.val_files=HELD_OUT.parquet{made.limit('data.max_prompt_length=')} actor_rollout_ref.model.path=MODEL "
        f"{reward}.path=pkg://recrm_tasks.rewards.trainers.recrm_verl {reward}.name=compute_score "
        f"+{reward}.reward_kwargs.config={made.folder}/reward.yaml"
    )


def _sft_command(made: Made) -> str:
    return (
        f"torchrun --nproc_per_node=1 -m verl.trainer.sft_trainer data.train_files={made.folder}/{PARQUET} "
        f"model.path=MODEL{made.limit('data.max_length=')} trainer.default_local_dir=OUT"
    )


VERL = Trainer(
    "verl",
    "0.9.1",
    {
        "sft": Target(_sft, _sft_command, 1024, "stops at them", "data.max_length=", schema=SFT),
        "rl": Target(
            _rl,
            _ppo,
            512,
            "stops at them",
            "data.max_prompt_length=",
            with_answer=False,
            schema=RL,
            files=lambda made: {"reward.yaml": REWARD},
        ),
    },
)
