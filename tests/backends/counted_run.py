"""Runs lm-eval on an engine in this process, and writes what the engine's own counters say of each dimension.

    python tests/backends/counted_run.py vllm MODEL DATA --to FILE --limit 20 [--also-by-itself]

FILE gets JSON: by dimension, the counters, the seconds, the metrics and the answers. (vLLM writes its log to standard
output.) `--also-by-itself` has the same engine answer the same questions in lm-eval's own way, every answer by itself.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import lm_eval
from lm_eval.api.registry import get_model
from lm_eval.tasks import TaskManager

from recrm_tasks import lm_eval_tasks
from recrm_tasks.dimensions import dimensions
from recrm_tasks.lm_eval_tasks.results_file import numbers_of

COUNTERS = {
    "requests": "vllm:request_success",
    "in": "vllm:prompt_tokens",
    "cached": "vllm:prompt_tokens_cached",
    "out": "vllm:generation_tokens",
}


def counters(lm: Any) -> dict[str, int]:
    """The present values of the engine's counters."""
    found = lm.model.get_metrics()
    return {
        name: int(sum(one.value for one in found if one.name == counter and hasattr(one, "value")))
        for name, counter in COUNTERS.items()
    }


def run(lm: Any, task: str, metadata: dict[str, Any]) -> dict[str, Any]:
    """One task."""
    before, began = counters(lm), time.perf_counter()
    done = lm_eval.simple_evaluate(
        lm,
        tasks=[task],
        task_manager=TaskManager(
            include_path=str(Path(lm_eval_tasks.__file__).parent), include_defaults=False, metadata=metadata
        ),
        apply_chat_template=True,
    )
    assert done is not None
    seconds = time.perf_counter() - began
    return {
        "records": len(done["samples"][task]),
        "seconds": seconds,
        "engine": {name: value - before[name] for name, value in counters(lm).items()},
        "metrics": numbers_of(done, task),
        "answers": {
            sample["doc"]["id"]: [(float(logprob), bool(greedy)) for logprob, greedy in sample["filtered_resps"]]
            for sample in done["samples"][task]
        },
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=("vllm", "recrm-vllm"))
    parser.add_argument("model", help="folder of a chat model")
    parser.add_argument("data", help="records, or sample")
    parser.add_argument("--to", type=Path, required=True, help="file for the numbers")
    parser.add_argument("--limit", type=int, default=20, help="records of each dimension")
    parser.add_argument("--dimensions", default=",".join(dimensions()))
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--also-by-itself", action="store_true")
    options = parser.parse_args()
    arguments = {"pretrained": options.model, "dtype": "float32", "max_model_len": options.context}
    made = partial(get_model(options.engine), enforce_eager=True, disable_log_stats=False, batch_size="auto")
    lm = made(**arguments)
    metadata = {**arguments, "recrm_data": options.data, "recrm_limit": options.limit}
    # The first task of a run also pays for what is compiled or loaded with the first request.
    run(lm, "recrm_factual_logprob", {**metadata, "recrm_data": "sample", "recrm_limit": 1})
    found = {key: run(lm, f"recrm_{key}_logprob", metadata) for key in options.dimensions.split(",")}
    if options.also_by_itself:
        lm.one_pass = False
        for key, one in found.items():
            one["by_itself"] = run(lm, f"recrm_{key}_logprob", metadata)
    options.to.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
