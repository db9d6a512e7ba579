"""RecRM-Bench and a task of your own as one set of Inspect: a second start goes on where the first one was interrupted.

python examples/suite/release_suite.py hf/Qwen/Qwen3-8B logs/release
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from inspect_ai import eval_set

from recrm_tasks.behavior import behavior
from recrm_tasks.factual import factual

sys.path.insert(0, str(Path(__file__).parent))
from shop_sense import shop_sense


def main() -> int:
    """Runs the set, and prints the first metric of each task."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="as for `inspect eval --model`")
    parser.add_argument("log_dir", help="a folder of its own for this set and this model")
    parser.add_argument("--limit", type=int, help="at most this many records of each task, for trying out")
    options = parser.parse_args()
    tasks = [factual(answer="logprob"), behavior(answer="logprob"), shop_sense()]
    success, logs = eval_set(tasks, log_dir=options.log_dir, model=options.model, limit=options.limit)
    for log in logs:
        score = log.results.scores[0] if log.results else None
        metric = next(iter(score.metrics.values())) if score else None
        print(log.eval.task, log.status, *([metric.name, f"{metric.value:.4f}"] if metric else []))
    return 0 if success else 1


if __name__ == "__main__":
    sys.exit(main())
