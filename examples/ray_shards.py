"""One run of Inspect in shards on a Ray cluster. Ray starts a shard again if its machine or process dies.

    python examples/ray_shards.py recrm_tasks/behavior --model vllm/Qwen/Qwen2.5-7B-Instruct --shards 10 --gpus 1 \
        --runs /shared/runs/qwen -T answer=logprob
    recrm report /shared/runs/qwen

Needs `pip install ray '.[inspect]'` on every machine, in a clone of this repository. Each shard has a folder of its own
in `--runs`, which all machines must see. A shard that starts again asks only what its log does not have yet; so does
this command, if it is run again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import ray
import ray.exceptions
import yaml


def run_shard(task: str, model: str, arguments: dict[str, Any], folder: str) -> bool:
    """Runs one shard, or the rest of it. Returns whether it has finished."""
    from inspect_ai import eval_set

    finished, _ = eval_set(task, folder, model=model, task_args=arguments, display="plain", score_display=False)
    return finished


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", help="a task of recrm-tasks, such as recrm_tasks/behavior or recrm_tasks/bench")
    parser.add_argument("--model", required=True, help="the model, as Inspect names it")
    parser.add_argument("--shards", type=int, required=True, help="the number of shards")
    parser.add_argument("--runs", type=Path, required=True, help="the folder for the logs")
    parser.add_argument("--gpus", type=float, default=0, help="GPUs of each shard (0)")
    parser.add_argument("--cpus", type=float, default=1, help="CPUs of each shard (1)")
    parser.add_argument(
        "-T", action="append", default=[], metavar="NAME=VALUE", help="an option of the task; repeatable"
    )
    options = parser.parse_args(arguments)
    given = {name: yaml.safe_load(value) for name, _, value in (text.partition("=") for text in options.T)}

    ray.init(ignore_reinit_error=True)
    start = ray.remote(num_gpus=options.gpus, num_cpus=options.cpus, max_retries=3)(run_shard)
    running = {
        start.remote(
            options.task,
            options.model,
            {**given, "shard": f"{number}/{options.shards}"},
            str(options.runs.resolve() / str(number)),
        ): number
        for number in range(1, options.shards + 1)
    }
    failed = []
    while running:
        (done,), _ = ray.wait(list(running))
        number = running.pop(done)
        try:
            finished = ray.get(done)
        except ray.exceptions.RayError as error:
            print(f"shard {number}: {error}", file=sys.stderr)
            finished = False
        print(f"shard {number} of {options.shards}: {'finished' if finished else 'failed'}", flush=True)
        failed += [] if finished else [number]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
