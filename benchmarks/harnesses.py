"""Measures wall time and peak memory of whole evaluations with a model that costs nothing, and of this package alone.

    python benchmarks/harnesses.py DATA --tree . --out results.jsonl --only lm-eval-generate documents-generate

Without `--only` everything is measured, one after the other. `--tree` is the measured checkout: the same script also
measures an older one (`git worktree add /tmp/before COMMIT`). Each measurement is a separate process with empty caches.
Memory is that of the process tree, sampled every 0.2 s, in two forms: resident (`rss`, which includes the pages of
memory-mapped files, which the kernel can reclaim) and private (`own`). `max` is the peak of the largest process, as
reported by the kernel. GB is 10^9 bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from processes import started, watch

HERE = Path(__file__).resolve().parent
Result = dict[str, Any]


def lm_eval(mode: str, samples: bool) -> list[str]:
    """lm-eval as a user runs it, with its own dummy model."""
    task = "recrm_behavior_logprob" if mode == "logprob" else "recrm_behavior"
    fixed = ["-m", "lm_eval", "run", "--model", "dummy", "--tasks", task, "--output_path", "{work}/lm_eval"]
    fixed += ["--include_path", "{tree}/recrm_tasks/lm_eval_tasks", "--metadata", "{metadata}"]
    return [*fixed, "--log_samples"] if samples else fixed


def ours(workload: str, mode: str) -> list[str]:
    """One of `workloads.py`."""
    return [str(HERE / "workloads.py"), workload, "{data}", "{tree}", mode, "{limit}"]


MODES = ("generate", "logprob")
MEASUREMENTS: dict[str, list[str]] = {
    "load": ours("load", "generate"),
    **{f"{name}-{mode}": ours(name, mode) for name in ("documents", "inspect-task") for mode in MODES},
    **{f"lm-eval-{mode}": lm_eval(mode, samples=False) for mode in MODES},
    **{f"lm-eval-{mode}-samples": lm_eval(mode, samples=True) for mode in MODES},
    **{f"inspect-{mode}": ours("inspect", mode) for mode in MODES},
}


def measure(name: str, data: Path, tree: Path, limit: int | None, most_gb: float, most_s: float) -> Result:
    """Runs one measurement. A run that takes too much memory or time is stopped and reported as such."""
    with tempfile.TemporaryDirectory(prefix="recrm-benchmark-") as work:
        metadata = {"recrm_data": str(data), **({"recrm_limit": limit} if limit else {})}
        values = {
            "{data}": str(data),
            "{tree}": str(tree),
            "{limit}": str(limit or ""),
            "{work}": work,
            "{metadata}": json.dumps(metadata),
        }
        command = [sys.executable, *(_filled(part, values) for part in MEASUREMENTS[name])]
        log = Path(work) / "output.txt"
        load_before = os.getloadavg()[0]
        with log.open("wb") as output, started(command, _environment(tree, work), work, output) as process:
            watched = watch(process, most_gb, most_s)
        figures = {
            "outcome": watched.outcome,
            "wall_s": round(watched.wall_s, 1),
            "cpu_s": round(watched.cpu_s, 1),
            "rss_gb": round(watched.rss_gb, 2),
            "own_gb": round(watched.own_gb, 2),
            "max_gb": round(watched.max_gb, 2),
        }
        text = log.read_text(encoding="utf-8", errors="replace")
        if watched.outcome.startswith("exit"):
            print("\n".join(text.splitlines()[-8:]), file=sys.stderr)
        return {
            "measurement": name,
            "data": data.name,
            "limit": limit,
            **(_said(text, Path(work)) if figures["outcome"] == "ok" else {}),
            **figures,
            "load_before": round(load_before, 2),
            "load_after": round(os.getloadavg()[0], 2),
            "tree": _commit(tree),
            "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }


def _filled(part: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        part = part.replace(name, value)
    return part


def _environment(tree: Path, work: str) -> dict[str, str]:
    """Offline, with the measured tree first on the path, and with empty caches in the work folder."""
    here = {name: f"{work}/{name.lower()}" for name in ("HF_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RECRM_", "INSPECT_"))}
    return {**kept, **here, "PYTHONPATH": str(tree), "HF_HUB_OFFLINE": "1", "INSPECT_LOG_DIR": f"{work}/inspect"}


def _said(text: str, work: Path) -> Result:
    """The rows and metrics that a run reports: lm-eval in its results file, `workloads.py` in the last line."""
    for file in (work / "lm_eval").rglob("results*.json"):
        results = json.loads(file.read_text(encoding="utf-8"))
        (task,) = results["n-samples"]
        found = {name: results["results"][task].get(f"{name},none") for name in ("auc", "coverage")}
        return {"rows": results["n-samples"][task]["effective"], **found}
    return json.loads(text.strip().splitlines()[-1])  # type: ignore[no-any-return]


def _commit(tree: Path) -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(tree), *arguments], capture_output=True, text=True).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + ("+changes" if git("status", "--porcelain", "-uno") else "")


COLUMNS = ("measurement", "data", "rows", "outcome", "wall_s", "cpu_s", "rss_gb", "own_gb", "max_gb", "load_before")


def _line(result: Result) -> str:
    cells = (result.get(name, "") for name in (*COLUMNS, "tree"))
    return "| " + " | ".join(f"{c:,}" if isinstance(c, int) else str(c) for c in cells) + " |"


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="behavior records, or what the measured tree reads as such")
    parser.add_argument("--tree", type=Path, default=HERE.parent, help="the checkout to measure (this one)")
    parser.add_argument("--limit", type=int, help="the project's own limit option (all rows)")
    parser.add_argument("--only", nargs="+", choices=list(MEASUREMENTS), default=list(MEASUREMENTS), metavar="NAME")
    parser.add_argument("--out", type=Path, help="a file that gets one JSON line per measurement")
    parser.add_argument("--most-gb", type=float, default=20.0, help="end a run that takes more memory (20)")
    parser.add_argument("--most-s", type=float, default=7200.0, help="end a run that takes longer (7200)")
    options = parser.parse_args(arguments)
    print("| " + " | ".join((*COLUMNS, "tree")) + " |\n" + "|---" * (len(COLUMNS) + 1) + "|", flush=True)
    failed = False
    for name in options.only:
        result = measure(
            name, options.data.resolve(), options.tree.resolve(), options.limit, options.most_gb, options.most_s
        )
        print(_line(result), flush=True)
        failed |= result["outcome"] != "ok"
        if options.out:
            with options.out.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(result) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
