"""TRL: `prompt` with `completion`, with `chosen` and `rejected`, or with columns; classes for transformers' Trainer."""

from __future__ import annotations

import json
from typing import Any

from recrm_tasks.training.rows import Row, said
from recrm_tasks.training.trainers.trainer import JSONL, REWARD, Made, Target, Trainer


def _sft(row: Row, plain: bool) -> dict[str, Any]:
    if plain:
        return {"prompt": row.text, "completion": f" {row.answer}"}
    return {"prompt": row.turns, "completion": [said(row.answer)]}


def _pairs(row: Row, plain: bool) -> dict[str, Any]:
    sides = {"chosen": [said(row.answer)], "rejected": [said(row.rejected)]}
    return {"prompt": row.turns, **sides, "margin": row.margin}


def _rl(row: Row, plain: bool) -> dict[str, Any]:
    return {"prompt": row.text if plain else row.turns, "case": row.case, "ground_truth": row.answer}


def _classes(row: Row, plain: bool) -> dict[str, Any]:
    return {"text": row.text, "messages": row.turns, "label": row.place}


def _command(word: str, made: Made, more: str = "") -> str:
    return (
        f"trl {word} --model_name_or_path MODEL --dataset_name {made.folder}{made.limit('--max_length ')}{more} "
        "--output_dir OUT"
    )


def _grpo(made: Made) -> str:
    return f"RECRM_REWARD={made.folder}/reward.yaml " + _command(
        "grpo", made._replace(length=None), " --reward_funcs recrm_tasks.rewards.trainers.recrm_trl.recrm"
    )


CLASSIFIER = '''"""Trains a classifier on the set beside this file; `recrm-rm` then evaluates it without arguments.

    python train_classes.py MODEL OUT [--option value of transformers.TrainingArguments …]
"""

import sys
from pathlib import Path

from datasets import load_dataset
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    HfArgumentParser,
    Trainer,
    TrainingArguments,
)

CLASSES = @CLASSES@
MAX_LENGTH = @LENGTH@

model_name, out, *options = sys.argv[1:]
(args,) = HfArgumentParser(TrainingArguments).parse_args_into_dataclasses(["--output_dir", out, *options])
tokenizer = AutoTokenizer.from_pretrained(model_name)
if tokenizer.pad_token is None:
    tokenizer.pad_token = tokenizer.eos_token
model = AutoModelForSequenceClassification.from_pretrained(
    model_name, id2label=dict(enumerate(CLASSES)), label2id={name: i for i, name in enumerate(CLASSES)}
)
model.config.pad_token_id = tokenizer.pad_token_id


def encode(row):
    """What recrm-rm asks: the turns in the chat template if there is one, else the text."""
    if tokenizer.chat_template:
        text = tokenizer.apply_chat_template(row["messages"], tokenize=False)
        found = tokenizer(text, add_special_tokens=False)
    else:
        found = tokenizer(row["text"])
    longest = MAX_LENGTH or tokenizer.model_max_length
    if len(found["input_ids"]) > longest:
        raise SystemExit(f"a row has {len(found['input_ids'])} tokens, more than {longest}: raise MAX_LENGTH")
    return {**found, "labels": row["label"]}


rows = load_dataset("json", data_files=str(Path(__file__).with_name("@FILE@")), split="train")
rows = rows.map(encode, remove_columns=rows.column_names)
trainer = Trainer(
    model, args, train_dataset=rows, processing_class=tokenizer, data_collator=DataCollatorWithPadding(tokenizer)
)
trainer.train()
trainer.save_model(out)

# Needs recrm-tasks; it may also be called later, elsewhere.
from recrm_tasks.models.trained_as import write_trained_as  # noqa: E402

@TRAINED_AS@
'''


def _classifier(made: Made) -> dict[str, str]:
    code = CLASSIFIER.replace("@CLASSES@", json.dumps(made.classes, ensure_ascii=False))
    code = code.replace("@LENGTH@", str(made.length)).replace("@FILE@", JSONL)
    return {"train_classes.py": code.replace("@TRAINED_AS@", made.trained_as.replace('"OUT"', "out"))}


TRL = Trainer(
    "trl",
    "1.16",
    {
        "sft": Target(_sft, lambda made: _command("sft", made), 1024, "shortens them", "--max_length", plain=True),
        "classes": Target(
            _classes,
            lambda made: f"python {made.folder}/train_classes.py MODEL OUT",
            None,
            "stops at them",
            "MAX_LENGTH in train_classes.py",
            with_answer=False,
            files=_classifier,
        ),
        "pairs": Target(_pairs, lambda made: _command("reward", made), 1024, "drops them", "--max_length"),
        "rl": Target(
            _rl,
            _grpo,
            None,
            "stops at them",
            "",
            with_answer=False,
            files=lambda made: {"reward.yaml": REWARD},
            plain=True,
        ),
    },
)
