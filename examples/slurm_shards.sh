#!/usr/bin/env bash
# One run of Inspect in ten shards, each a task of a Slurm array:
#
#     sbatch examples/slurm_shards.sh
#     recrm report runs/qwen
#
# A task that was killed or preempted goes on where it was: Slurm starts it again (--requeue), or `sbatch --array=3
# examples/slurm_shards.sh` starts that of shard 3. The folder of the logs must be on a disk that all nodes see.
#SBATCH --job-name=recrm
#SBATCH --array=1-10
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=8
#SBATCH --mem=32G
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=recrm-%a.log
set -euo pipefail

SHARDS=${SHARDS:-10} # not SLURM_ARRAY_TASK_COUNT, which is 1 if a single shard is started again
MODEL=${MODEL:-vllm/Qwen/Qwen2.5-7B-Instruct}
TASK=${TASK:-recrm_tasks/behavior}
DATA=${DATA:-hub}
RUN=${RUN:-runs/qwen}

inspect eval-set "$TASK" --model "$MODEL" -T data="$DATA" -T answer=logprob \
  -T shard="$SLURM_ARRAY_TASK_ID/$SHARDS" --log-dir "$RUN/$SLURM_ARRAY_TASK_ID" \
  --display plain --no-score-display
