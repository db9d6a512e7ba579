"""LLaMA-Factory: turns in OpenAI's form, declared in dataset_info.json."""

from __future__ import annotations

import json
from typing import Any

from recrm_tasks.training.rows import Row, said
from recrm_tasks.training.trainers.trainer import JSONL, Made, Target, Trainer

NAME = "recrm"
"""What dataset_info.json calls the set."""
_TAGS = {
    "role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant",
    "system_tag": "system",
}  # fmt: skip


def _sft(row: Row, plain: bool) -> dict[str, Any]:
    return {"messages": row.conversation}


def _pairs(row: Row, plain: bool) -> dict[str, Any]:
    return {"messages": row.turns, "chosen": said(row.answer), "rejected": said(row.rejected)}


def _info(ranking: bool) -> dict[str, str]:
    columns = {"messages": "messages", **({"chosen": "chosen", "rejected": "rejected"} if ranking else {})}
    entry = {"file_name": JSONL, "formatting": "sharegpt", "ranking": ranking, "columns": columns, "tags": _TAGS}
    return {"dataset_info.json": json.dumps({NAME: entry}, indent=2) + "\n"}


def _command(stage: str, made: Made) -> str:
    return (
        f"llamafactory-cli train --stage {stage} --do_train true --model_name_or_path MODEL --dataset {NAME} "
        f"--dataset_dir {made.folder} --template TEMPLATE{made.limit('--cutoff_len ')} --finetuning_type lora "
        "--output_dir OUT"
    )


LLAMA_FACTORY = Trainer(
    "llama-factory",
    "0.9.5",
    {
        "sft": Target(
            _sft, lambda made: _command("sft", made), 2048, "shortens them", "--cutoff_len", room=8,
            files=lambda made: _info(ranking=False),
        ),
        "pairs": Target(
            _pairs, lambda made: _command("rm", made), 2048, "shortens them", "--cutoff_len", room=8,
            files=lambda made: _info(ranking=True),
        ),
    },
)  # fmt: skip
