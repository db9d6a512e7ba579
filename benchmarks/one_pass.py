"""Compares lm-eval's `vllm` with `recrm-vllm`: prompt tokens that the engine computes for one record, by dimension.

    python benchmarks/one_pass.py MODEL DATA [--limit 500] [--swap]

Both evaluate the same records in log-probability mode, each in a process and an engine of its own, one after the other
(`--swap`: in the other order, for the seconds). Tokens and requests are those of vLLM's own counters. The last column
is the largest difference between the probabilities that the two give an answer. The script runs in the environment of
`make test-vllm`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "backends"))

import counted_run
import engines

from recrm_tasks.answers.kind import normalise
from recrm_tasks.dimensions import dimensions

ENGINES = ("vllm", "recrm-vllm")


def run(engine: str, model: str, data: str, limit: int, keys: str, context: int) -> dict[str, Any]:
    """What the process of one engine found, by dimension."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "counted.json"
        command = [sys.executable, counted_run.__file__, engine, model, data, "--to", str(file)]
        command += ["--limit", str(limit), "--dimensions", keys, "--context", str(context)]
        subprocess.run(command, env=engines.environment(), stdout=subprocess.DEVNULL, check=True)
        found: dict[str, Any] = json.loads(file.read_text())
    return found


def row(key: str, theirs: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """The cells of one dimension."""
    count = ours["records"]
    computed = [(one["engine"]["in"] - one["engine"]["cached"]) / count for one in (theirs, ours)]
    requests = [one["engine"]["requests"] / count for one in (theirs, ours)]
    share = ours["engine"]["cached"] / ours["engine"]["in"]
    shares = [
        (normalise([value for value, _ in answer]), normalise([value for value, _ in ours["answers"][record]]))
        for record, answer in theirs["answers"].items()
    ]
    apart = max(abs(p - q) for one, other in shares for p, q in zip(one or (), other or (), strict=True))
    return [
        key, f"{count}", *(f"{one:.2f}" for one in requests), *(f"{one:.0f}" for one in computed),
        f"{computed[0] / computed[1]:.1f}", f"{100 * share:.1f} %", f"{theirs['seconds'] / ours['seconds']:.1f}",
        f"{apart:.1g}",
    ]  # fmt: skip


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="folder of a chat model")
    parser.add_argument("data", help="records of the dimensions, or sample")
    parser.add_argument("--limit", type=int, default=500, help="records of each dimension (500)")
    parser.add_argument("--dimensions", default=",".join(dimensions()))
    parser.add_argument("--context", type=int, default=4096, help="tokens of a prompt with its answer (4096)")
    parser.add_argument("--swap", action="store_true", help="run recrm-vllm first")
    options = parser.parse_args()
    asked = options.model, options.data, options.limit, options.dimensions, options.context
    order = ENGINES[::-1] if options.swap else ENGINES
    found = {engine: run(engine, *asked) for engine in order}
    headings = (
        "", "N", "requests a record: vllm", "recrm-vllm", "prompt tokens computed a record: vllm", "recrm-vllm",
        "ratio", "recrm-vllm: from the prefix cache", "seconds: vllm / recrm-vllm", "largest difference",
    )  # fmt: skip
    print(f"| {' | '.join(headings)} |\n" + "|---" * len(headings) + "|")
    for key in options.dimensions.split(","):
        print(f"| {' | '.join(row(key, *(found[engine][key] for engine in ENGINES)))} |")


if __name__ == "__main__":
    main()
