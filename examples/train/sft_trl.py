"""A judge that writes its answers, by TRL's SFTTrainer: with LoRA, which is merged at the end.

    recrm data export DATA --as sft --for trl --split hash-train --tokenizer MODEL --to SET
    python examples/train/sft_trl.py --config examples/train/lora.yaml --model_name_or_path MODEL \\
        --dataset_name SET --output_dir OUT --max_length TOKENS

It takes every option of `trl sft`; the export prints TOKENS. The result of `trl sft` itself is an adapter. Merged, the
model is a folder that every engine loads.
"""

from datasets import load_dataset
from transformers import AutoTokenizer
from trl import ModelConfig, ScriptArguments, SFTConfig, SFTTrainer, TrlParser, get_peft_config

script, args, model_args = TrlParser((ScriptArguments, SFTConfig, ModelConfig)).parse_args_and_config()
name = model_args.model_name_or_path
rows = load_dataset(script.dataset_name, split="train")
trainer = SFTTrainer(
    name,
    args,
    train_dataset=rows,
    processing_class=AutoTokenizer.from_pretrained(name),
    peft_config=get_peft_config(model_args),
)
lengths = [len(tokens) for tokens in trainer.train_dataset["input_ids"]]
if len(lengths) < len(rows) or (args.max_length and max(lengths) >= args.max_length):
    raise SystemExit(f"TRL would cut rows at {args.max_length} tokens: take the --max_length that the export prints")
trainer.train()
model = trainer.model.merge_and_unload() if model_args.use_peft else trainer.model
model.save_pretrained(args.output_dir)
trainer.processing_class.save_pretrained(args.output_dir)
