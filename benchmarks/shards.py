"""Measures one run of Inspect in shards, with a model that answers at once, and compares its numbers with lm-eval's.

    python benchmarks/rows.py /tmp/behavior.jsonl --rows 1000000
    python benchmarks/shards.py /tmp/behavior.jsonl --shards 10 --side-by-side 2 --out /tmp/shards.jsonl

Each shard is a process of its own, `--side-by-side` of them at a time; then `recrm report`'s reading of all their logs,
and one run of lm-eval on all records with the same answers. The last line says whether every number is the same, to
the last bit. Memory is as in `harnesses.py`: `max_gb` is the peak of the process, as reported by the kernel. The logs
take about 7 kB a row on the disk; `--work` names the folder. The same command with the same folder goes on after an
interruption: a process that ended well there is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from processes import started, watch

HERE = Path(__file__).resolve().parent
Result = dict[str, Any]
COLUMNS = ("process", "rows", "outcome", "wall_s", "cpu_s", "own_gb", "max_gb", "disk_gb")


def load(data: str, mode: str, work: str) -> Result:
    """Reads and checks the records once, so that all shards find them in the cache."""
    from recrm_tasks.data import load as load_data

    return {"rows": len(load_data("behavior", data))}


def shard(data: str, mode: str, work: str, named: str) -> Result:
    """One shard in Inspect, with its samples logged, which putting shards together needs."""
    import free_model  # noqa: F401  (registers the model)
    from inspect_ai import eval as evaluate

    os.chdir(HERE.parent)  # Inspect does not take an absolute path of a task file here
    (log,) = evaluate(
        "recrm_tasks/behavior.py",
        model="free/any",
        task_args={"data": data, "answer": mode, "shard": named},
        log_dir=str(Path(work, "inspect", named.partition("/")[0])),
        display="none",
        log_realtime=False,
        score_display=False,
        log_model_api=False,
    )
    if log.status != "success" or log.results is None:
        raise SystemExit(f"status {log.status}: {log.error and log.error.message}")
    return {"rows": log.results.completed_samples}


def report(data: str, mode: str, work: str) -> Result:
    """Puts the shards together."""
    from recrm_tasks.log_readers import READERS
    from recrm_tasks.reports.collect import collect

    found = collect([str(Path(work, "inspect"))], READERS)
    if found.unusable or found.incomplete:
        raise SystemExit("\n".join([*found.unusable, *found.incomplete]))
    (run,) = found.runs
    return {"rows": run.n, "metrics": run.metrics}


def lm_eval(data: str, mode: str, work: str) -> Result:
    """All records in one run of lm-eval."""
    import lm_eval as harness
    from free_lm import FreeLM
    from lm_eval.tasks import TaskManager

    from recrm_tasks import lm_eval_tasks
    from recrm_tasks.lm_eval_tasks.results_file import numbers_of

    task = "recrm_behavior_logprob" if mode == "logprob" else "recrm_behavior"
    folder = str(Path(lm_eval_tasks.__file__).parent)
    manager = TaskManager(include_path=folder, include_defaults=False, metadata={"recrm_data": data})
    done = harness.simple_evaluate(FreeLM(), tasks=[task], task_manager=manager, log_samples=False)
    return {"rows": done["n-samples"][task]["effective"], "metrics": numbers_of(done, task)}


WORKERS = {"load": load, "shard": shard, "report": report, "lm-eval": lm_eval}


def measured(worker: str, *more: str, data: Path, mode: str, work: Path, most_gb: float) -> Result:
    """Runs a worker in a process of its own, and prints what it took."""
    name = " ".join((worker, *more))
    log = work / f"{name.replace('/', '-')}.txt"
    kept = log.with_suffix(".json")
    if kept.exists():
        return _shown(json.loads(kept.read_text(encoding="utf-8")))
    command = [sys.executable, str(Path(__file__).resolve()), str(data), "--mode", mode, "--work", str(work)]
    with log.open("wb") as output:
        full = [*command, "--worker", worker, *more]
        with started(full, _environment(work), str(work), output) as process:
            watched = watch(
                process,
                most_gb,
                most_s=24 * 3600,
                folder=work / "inspect" / more[0].partition("/")[0] if more else None,
            )
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    if watched.outcome != "ok":
        print("\n".join(text.splitlines()[-8:]), file=sys.stderr)
    said = json.loads(text.splitlines()[-1]) if watched.outcome == "ok" else {}
    figures = {column: round(getattr(watched, column), 2) for column in COLUMNS if column.endswith(("_s", "_gb"))}
    result = {"process": name, **said, "outcome": watched.outcome, **figures}
    if watched.outcome == "ok":
        kept.write_text(json.dumps(result), encoding="utf-8")
    return _shown(result)


def _shown(result: Result) -> Result:
    print("| " + " | ".join(str(result.get(column, "")) for column in COLUMNS) + " |", flush=True)
    return result


def _environment(work: Path) -> dict[str, str]:
    """Offline, with this checkout first on the path, and with caches in the work folder."""
    here = {name: str(work / name.lower()) for name in ("HF_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "RECRM_CACHE")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RECRM_", "INSPECT_"))}
    path = os.pathsep.join([str(HERE.parent), str(HERE)])
    return {**kept, **here, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}


def compared(one: Result, other: Result) -> tuple[int, list[str]]:
    """How many numbers both have, and those that differ. As text: NaN is not equal to NaN."""
    counts = ("tokens_in", "tokens_out")
    shared = [name for name in one["metrics"] if name in other["metrics"] and name not in counts]
    lines = [(name, *(repr(float(side["metrics"][name])) for side in (one, other))) for name in shared]
    return len(shared), [
        f"{name}: {first} in the shards, {second} in lm-eval" for name, first, second in lines if first != second
    ]


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="behavior records")
    parser.add_argument("--shards", type=int, default=10, help="the number of shards (10)")
    parser.add_argument("--side-by-side", type=int, default=1, help="shards at a time (1)")
    parser.add_argument("--mode", choices=("generate", "logprob"), default="generate")
    parser.add_argument("--work", type=Path, help="a folder for logs and caches (a temporary one)")
    parser.add_argument("--out", type=Path, help="a file that gets one JSON line per process")
    parser.add_argument("--most-gb", type=float, default=20.0, help="end a process that takes more memory (20)")
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        worker, *more = options.worker
        print(json.dumps(WORKERS[worker](str(options.data), options.mode, str(options.work), *more)))
        return 0
    with tempfile.TemporaryDirectory(prefix="recrm-shards-") as temporary:
        work = (options.work or Path(temporary)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        run = partial(measured, data=options.data.resolve(), mode=options.mode, work=work, most_gb=options.most_gb)
        print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|", flush=True)
        results = [run("load")]
        with ThreadPoolExecutor(options.side_by_side) as pool:
            shards = list(
                pool.map(lambda number: run("shard", f"{number}/{options.shards}"), range(1, options.shards + 1))
            )
        results += [*shards, run("report"), run("lm-eval")]
    if options.out:
        with options.out.open("a", encoding="utf-8") as stream:
            stream.writelines(json.dumps(result) + "\n" for result in results)
    if any(result["outcome"] != "ok" for result in results):
        return 1
    print(f"largest process of Inspect: {max(one['max_gb'] for one in shards)} GB")
    count, different = compared(*results[-2:])
    print("\n".join(different) or f"{count} numbers of {results[-1]['rows']} rows: all equal to lm-eval's")
    return int(bool(different) or not count)


if __name__ == "__main__":
    sys.exit(main())
