"""Measures reading and checking behavior records, compared with pyarrow reading the same file, in one run.

    python benchmarks/reading.py DATA [--rounds 3]

Each step is a separate process, in turns: pyarrow only decodes the whole file; `load` reads, checks, hashes, stores and
orders it with an empty cache; `load` again, from the cache; the prompts of a sample of 1,000 rows are built, then those
of all rows. Memory is the process's peak above that of an interpreter with the same imports.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK = ("pyarrow", "first", "again", "thousand", "prompts")


def decode(data: str) -> int:
    """Decodes the file, with all of pyarrow's threads."""
    import pyarrow.csv
    import pyarrow.json
    import pyarrow.parquet

    readers = {"csv": pyarrow.csv.read_csv, "jsonl": pyarrow.json.read_json, "parquet": pyarrow.parquet.read_table}
    return readers[data.rpartition(".")[2]](data).num_rows


def first(data: str) -> int:
    """Reads and checks with an empty cache."""
    from recrm_tasks.data import load

    return len(load("behavior", data))


def thousand(data: str) -> int:
    """Builds the prompts of a sample of 1,000, from the cache."""
    from recrm_tasks.data import load

    return sum(1 for _ in load("behavior", data, limit=1_000).prompts("generate"))


def prompts(data: str) -> int:
    """Builds every prompt, from the cache."""
    from recrm_tasks.data import load

    return sum(1 for _ in load("behavior", data).prompts("generate"))


def measure(name: str, data: str) -> None:
    """Runs one step; prints seconds and megabytes as JSON."""
    import pyarrow.csv
    import pyarrow.json
    import pyarrow.parquet  # noqa: F401

    import recrm_tasks.data  # noqa: F401

    work = {"pyarrow": decode, "first": first, "again": first, "thousand": thousand, "prompts": prompts}[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu = time.perf_counter(), time.process_time()
    rows = work(data)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"rows": rows, "seconds": seconds, "cpu": cpu, "mb": (peak - before) / 1024}))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        return measure(options.only, options.data)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in WORK}
    for _ in range(options.rounds):
        cache = tempfile.mkdtemp(prefix="recrm-benchmark-")
        for name in WORK:
            done = subprocess.run(
                [sys.executable, __file__, options.data, "--only", name],
                env={**os.environ, "RECRM_CACHE": cache, "PYTHONPATH": str(ROOT)},
                capture_output=True,
                text=True,
                check=True,
            )
            found[name].append(json.loads(done.stdout))
        shutil.rmtree(cache)
    alone = statistics.median(r["seconds"] for r in found["pyarrow"])
    print(
        "| step | rows | seconds (median) | times pyarrow | cpu s | MB above start (most) |\n|---|---|---|---|---|---|"
    )
    for name, results in found.items():
        seconds, cpu = (statistics.median(r[key] for r in results) for key in ("seconds", "cpu"))
        megabytes = max(r["mb"] for r in results)
        print(
            f"| {name} | {results[0]['rows']:,} | {seconds:.2f} | {seconds / alone:.2f} | {cpu:.2f} | {megabytes:.0f} |"
        )


if __name__ == "__main__":
    main()
