"""Measures a judge on a server that answers after a fixed time: how far from what its concurrency allows, and memory.

    python benchmarks/rewards.py [--cases 10000] [--concurrency 8] [--delay 0.02] [--together 1000]

The server is a process of its own (tests/rewards/stub_server.py). One question per case, no cache.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import time
from pathlib import Path

from recrm_tasks.rewards import Case, HybridReward, ServerJudge

STUB = Path(__file__).resolve().parents[1] / "tests" / "rewards" / "stub_server.py"


def megabytes() -> float:
    """The memory that this process has now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--together", type=int, default=1000, help="cases of one call")
    options = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, str(STUB), "--port", str(port), "--delay", str(options.delay)]
    server = subprocess.Popen(words, stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        server.stdout.readline()
        judge = ServerJudge("stub", f"http://127.0.0.1:{port}/v1", concurrency=options.concurrency)
        reward = HybridReward(judge, dimensions=["relevance"])
        first = "first ones, which open connections"
        reward([Case(query=f"{first} {i}", items=("Park Hotel",)) for i in range(options.concurrency)])
        began, cpu = time.perf_counter(), time.process_time()
        for start in range(0, options.cases, options.together):
            numbers = range(start, min(start + options.together, options.cases))
            found = reward([Case(query=f"hotel {number}", items=("Park Hotel",)) for number in numbers])
            assert all(one.value == 1.0 for one in found)
            print(f"{numbers.stop:7,} cases: {time.perf_counter() - began:6.1f} s, {megabytes():.0f} MB", flush=True)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
    finally:
        server.kill()
        server.wait()
    allowed = options.cases * options.delay / options.concurrency
    print(f"{took:.1f} s; {options.concurrency} at a time allow {allowed:.1f} s: ratio {took / allowed:.2f}")
    print(f"{1000 * cpu / options.cases:.2f} ms of this process's CPU per case")


if __name__ == "__main__":
    main()
