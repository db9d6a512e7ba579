"""A reward model that reads responses or items, by TRL's RewardTrainer.

    recrm data export DATA --as pairs --pairs content --for trl --split hash-train --dimension factual --to SET
    python examples/train/pairs_trl.py --model_name_or_path MODEL --dataset_name SET --output_dir OUT --max_length 200

It takes every option of `trl reward`, and adds two things. Encoders such as BERT, which have no chat template, get one.
And the model's config says what it reads, so that `recrm-rm/OUT` needs no argument.
"""

import json
from pathlib import Path

from datasets import load_dataset
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from trl import ModelConfig, RewardConfig, RewardTrainer, ScriptArguments, TrlParser, get_peft_config

from recrm_tasks.models.trained_as import write_trained_as

PAIR_OF_TEXTS = "{{ cls_token }}{% for message in messages %}{{ message.content }}{{ sep_token }}{% endfor %}"
"""Two texts as encoders are pre-trained on them: [CLS] what the user asked for [SEP] the response [SEP]."""

script, args, model_args = TrlParser((ScriptArguments, RewardConfig, ModelConfig)).parse_args_and_config()
tokenizer = AutoTokenizer.from_pretrained(model_args.model_name_or_path)
if tokenizer.chat_template is None:
    tokenizer.chat_template = PAIR_OF_TEXTS
    tokenizer.eos_token = tokenizer.sep_token  # TRL ends each text with it
if tokenizer.pad_token is None:
    tokenizer.pad_token = tokenizer.eos_token
model_args.lora_task_type = "SEQ_CLS"  # with LoRA the head is trained and saved too
model = AutoModelForSequenceClassification.from_pretrained(model_args.model_name_or_path, num_labels=1)
model.config.pad_token_id = tokenizer.pad_token_id
rows = load_dataset(script.dataset_name, split="train")

trainer = RewardTrainer(
    model, args, train_dataset=rows, processing_class=tokenizer, peft_config=get_peft_config(model_args)
)
if len(trainer.train_dataset) < len(rows):
    raise SystemExit(f"TRL dropped {len(rows) - len(trainer.train_dataset)} rows: raise --max_length")
trainer.train()
trainer.save_model(args.output_dir)
tokenizer.save_pretrained(args.output_dir)
manifest = json.loads((Path(script.dataset_name) / "recrm_manifest.json").read_text(encoding="utf-8"))
write_trained_as(args.output_dir, "content", manifest["dimensions"])
