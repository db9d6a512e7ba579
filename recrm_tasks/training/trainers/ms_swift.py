"""ms-swift: `messages`, with `rejected_response` and `margin`, with `label`, or with columns for reward functions."""

from __future__ import annotations

from typing import Any

from recrm_tasks.training.rows import Row
from recrm_tasks.training.trainers.trainer import JSONL, REWARD, Made, Target, Trainer

_PLUGIN = "from recrm_tasks.rewards.trainers import recrm_ms_swift  # noqa: F401, registers recrm and its parts\n"


def _sft(row: Row, plain: bool) -> dict[str, Any]:
    return {"messages": row.conversation}


def _pairs(row: Row, plain: bool) -> dict[str, Any]:
    return {"messages": row.conversation, "rejected_response": row.rejected, "margin": row.margin}


def _classes(row: Row, plain: bool) -> dict[str, Any]:
    return {"messages": row.turns, "label": row.place}


def _rl(row: Row, plain: bool) -> dict[str, Any]:
    return {"messages": row.turns, "case": row.case, "ground_truth": row.answer}


def _command(words: str, made: Made) -> str:
    # strict: without it ms-swift deletes rows that it cannot use, and the log mentions only the first ten.
    return (
        f"swift {words} --model MODEL --dataset {made.folder}/{JSONL} --strict true{made.limit('--max_length ')} "
        "--output_dir OUT"
    )


def _seq_cls(made: Made) -> str:
    return _command(
        f"sft --task_type seq_cls --num_labels {len(made.classes)} --problem_type single_label_classification", made
    )


def _grpo(made: Made) -> str:
    words = f"rlhf --rlhf_type grpo --external_plugins {made.folder}/plugin.py --reward_funcs recrm"
    return f"RECRM_REWARD={made.folder}/reward.yaml {_command(words, made)}"


MS_SWIFT = Trainer(
    "ms-swift",
    "4.6",
    {
        "sft": Target(_sft, lambda made: _command("sft", made), None, "drops them", "--max_length", room=8),
        "classes": Target(_classes, _seq_cls, None, "drops them", "--max_length", room=8, with_answer=False),
        "pairs": Target(
            _pairs, lambda made: _command("rlhf --rlhf_type rm", made), None, "drops them", "--max_length", room=8
        ),
        "rl": Target(
            _rl,
            _grpo,
            None,
            "drops them",
            "--max_length",
            room=8,
            with_answer=False,
            files=lambda made: {"reward.yaml": REWARD, "plugin.py": _PLUGIN},
        ),
    },
)
