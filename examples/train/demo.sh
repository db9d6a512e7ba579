#!/usr/bin/env bash
# Trains a judge that writes its answers and a reward model that reads contents on the train split of some data, and
# evaluates both on the rest, in both harnesses. `make train-demo` runs it.
#   usage: [DATA=sample] [ROWS=8] [RECORDS=4] [CONTENT=ranking] examples/train/demo.sh MODEL OUT
# Of each dimension at most ROWS rows are trained on and RECORDS records are asked about. The reward model is trained on
# CONTENT: a dimension that has content pairs in DATA.
set -euo pipefail
model=$1 out=$2
rows=${ROWS:-8} limit=${RECORDS:-4} content=${CONTENT:-ranking}
here=$(cd "$(dirname "$0")" && pwd)
export RECRM_DATA=${DATA:-sample}
began=$SECONDS

say() { echo "== $((SECONDS - began)) s: $*"; }

# Asks about the records that are not trained on. usage: judge FOLDER NAME
judge() {
  lm_eval --model hf --model_args "pretrained=$1,dtype=float32" --apply_chat_template --batch_size 1 --tasks recrm_bench \
    --metadata "{\"recrm_split\": \"hash-test\", \"recrm_limit\": $limit}" --gen_kwargs max_gen_toks=32 --log_samples \
    --output_path "$out/$2/lm-eval"
  inspect eval recrm_tasks/bench --model "hf/$2" -M "model_path=$1" -M dtype=float32 \
    -T split=hash-test -T "limit=$limit" --max-tokens 32 --max-connections 1 --log-dir "$out/$2/inspect" --display plain
}

say "training sets of $RECRM_DATA"
recrm data export "$RECRM_DATA" --as sft --for trl --split hash-train --limit "$rows" --tokenizer "$model" --to "$out/sft"
recrm data export "$RECRM_DATA" --as pairs --pairs content --for trl --split hash-train --limit "$rows" \
  --dimension "$content" --tokenizer "$model" --to "$out/pairs"

say "the judge before"
judge "$model" before
say "the judge is trained"
python "$here/sft_trl.py" --config "$here/lora.yaml" --model_name_or_path "$model" --dataset_name "$out/sft" \
  --output_dir "$out/judge" --max_length 2048
cp "$out"/sft/recrm_* "$out/judge"  # the report then says whether evaluated records were trained on
say "the judge after"
judge "$out/judge" after

say "the reward model is trained"
python "$here/pairs_trl.py" --config "$here/lora.yaml" --model_name_or_path "$model" --dataset_name "$out/pairs" \
  --output_dir "$out/reward" --max_length 2048
cp "$out"/pairs/recrm_* "$out/reward"
say "the reward model"
lm_eval --model recrm-rm --model_args "pretrained=$out/reward" --tasks "recrm_${content}_logprob" \
  --metadata "{\"recrm_split\": \"hash-test\"}" --log_samples --output_path "$out/reward-runs/lm-eval"
inspect eval "recrm_tasks/$content" --model "recrm-rm/$out/reward" -T split=hash-test \
  --log-dir "$out/reward-runs/inspect" --display plain

say "the report"
recrm report "$out/before" "$out/after" "$out/reward-runs" --to "$out/report.html"
recrm compare "$out/before/lm-eval" "$out/after/lm-eval"
say "done"
