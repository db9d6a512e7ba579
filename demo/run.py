"""`make demo`: a small chat model on all five dimensions in both harnesses, one table and a page.

    python3 demo/run.py

Any Python from 3.8 on runs it, with nothing installed: it installs what is missing by the Makefile's rules, and says
before each step what it does and how long that takes. What the steps print is in `demo/out/demo.log`.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from steps import Step, done_file, environment, forget, remember, steps

OLDEST, NEWEST = 10, 13
"""The minor versions of Python 3 that all packages of both harnesses are there for."""
TABLES_END = "by dimension"
"""The title of the report's second table: the demo shows the first."""
NO_NETWORK = (
    "Temporary failure in name resolution", "Failed to establish a new connection", "Network is unreachable",
    "dns error", "error sending request", "NewConnectionError", "No matching distribution found",
)  # fmt: skip
DISK_FULL = ("No space left on device", "Disk quota exceeded", "database or disk is full")


class Failure(Exception):
    """What is wrong and what to do, for the user."""


def main() -> int:
    """Runs the demo; 2 if it fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, default=Path(".venv"))
    parser.add_argument("--out", type=Path, default=Path("demo/out"))
    parser.add_argument("--model", type=Path, default=Path("demo/out/SmolLM2-135M-Instruct"))
    parser.add_argument("--limit", type=int, default=4, help="records of each dimension")
    parser.add_argument("--tokens", type=int, default=32, help="the most tokens of a generated answer")
    parser.add_argument("--make", default="make", help="GNU make")
    parser.add_argument("--python", default=sys.executable, help="the Python of the environment")
    options = parser.parse_args()
    if options.limit < 1 or options.tokens < 1:
        return failed("LIMIT and TOKENS are numbers from 1: make demo LIMIT=4")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the program of a step ends too
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        with (options.out / "demo.lock").open("a+") as lock:
            only_one(lock)
            check_python(options)
            demo(options)
    except Failure as failure:
        return failed(str(failure))
    except OSError as error:
        return failed(f"{error}\nFree some space, or make the folder writable, and try again: make demo")
    except KeyboardInterrupt:
        return failed("stopped. It goes on where it was: make demo")
    return 0


def failed(message: str) -> int:
    """Says why there is no demo."""
    print(f"make demo: {message}", file=sys.stderr)
    return 2


def only_one(lock: IO[str]) -> None:
    """Fails if another demo runs in this folder: two would install into one environment. The lock ends with it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.seek(0)
        raise Failure(
            f"another one runs in this folder (process {lock.read()}). Wait for its end, then: make demo"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


def check_python(options: argparse.Namespace) -> None:
    """Fails if the environment is still to be made, and this Python is too old or too new for it."""
    major, minor = sys.version_info[:2]
    if (options.venv / "bin" / "python").exists() or (major == 3 and OLDEST <= minor <= NEWEST):
        return
    names = [f"python3.{one}" for one in range(NEWEST, OLDEST - 1, -1)]
    here = next((name for name in names if shutil.which(name)), None)
    advice = (
        f"Another one is here: make demo PYTHON={here}" if here else f"Install one, then: make demo PYTHON={names[0]}"
    )
    raise Failure(
        f"{options.python} is Python {major}.{minor}, and the harnesses need 3.{OLDEST} to 3.{NEWEST}. {advice}"
    )


def demo(options: argparse.Namespace) -> None:
    """All steps, then the table."""
    todo, again = steps(options)
    needed, free = max(step.needs_gb for step in todo), shutil.disk_usage(options.out).free / 1e9
    if free < needed:
        raise Failure(
            f"{free:.1f} GB are free here, and it needs {needed:.1f} GB. Free some space and try again: make demo"
        )
    print(
        f"SmolLM2-135M-Instruct on the sample, {options.limit} records of each of five dimensions. Steps: {len(todo)}; "
        f"on two cores about {minutes(sum(step.seconds for step in todo))}."
    )
    if again:
        at = time.strftime("%Y-%m-%d %H:%M", time.localtime(done_file(options).stat().st_mtime))
        print(f"The answers are those of {at}: code, model and options are the same. New ones: rm {done_file(options)}")
    else:
        forget(options)
    began = time.monotonic()
    with (options.out / "demo.log").open("w+", encoding="utf-8", errors="replace") as log:
        for number, step in enumerate(todo, 1):
            if step is todo[-1] and not again:
                remember(options)
            said = run(step, f"[{number}/{len(todo)}]", options, log)
    print(f"\n{said.partition(TABLES_END)[0].rstrip()}\n\nDone in {minutes(time.monotonic() - began)}.")
    print(f"Plots, every number and every record: {options.out}/report.html (open it in a browser)")
    print('Your own model: "Evaluate your model" in README.md')


def run(step: Step, number: str, options: argparse.Namespace, log: IO[str]) -> str:
    """Runs one step, and says what it is and how long it takes. Returns its output.

    Raises:
        Failure: it failed.
    """
    print(f"{number} {step.says} (about {minutes(step.seconds)})", flush=True)
    if step.shown:
        print(f"      $ {shlex.join(step.command)}", flush=True)
    log.seek(0, os.SEEK_END)
    start, began, live = log.tell(), time.monotonic(), sys.stdout.isatty()
    process = subprocess.Popen(step.command, env=environment(options), stdout=log, stderr=subprocess.STDOUT)
    try:
        while process.poll() is None:
            time.sleep(0.2)
            if live:
                print(f"\r      {minutes(time.monotonic() - began)}   ", end="", flush=True)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    print(
        f"\r      {minutes(time.monotonic() - began)}   " if live else f"      {minutes(time.monotonic() - began)}",
        flush=True,
    )
    log.seek(start)
    said = log.read()
    if process.returncode != 0:
        raise Failure(explained(step, said, options))
    return said


def explained(step: Step, said: str, options: argparse.Namespace) -> str:
    """The message for a step that failed: the end of its output, and what to do."""
    last = "\n".join(f"    {line[:140]}" for line in said.splitlines()[-5:])
    if any(mark in said for mark in DISK_FULL) or shutil.disk_usage(options.out).free < 50e6:
        advice = "The disk is full. Free some space and try again: make demo"
    elif not step.shown and any(mark in said for mark in NO_NETWORK):
        advice = (
            "Packages could not be downloaded. Check the network and pip's settings (pip config list), then: make demo"
        )
    else:
        advice = f"All of its output is in {options.out}/demo.log. After a change: make demo"
    return f"this step failed: {step.says}\n{last}\n{advice}"


def minutes(seconds: float) -> str:
    """12 s, or 3 min 20 s."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


if __name__ == "__main__":
    raise SystemExit(main())
