"""Runs commands in this process: each harness takes seconds to start."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import harness_commands
from command_checks import Refused
from inspect_ai.log import read_eval_log

from recrm_tasks.cli import main


def run_recrm(words: Sequence[str], capfd: Any) -> None:
    """Runs `recrm`.

    Args:
        words: the command.
        capfd: pytest's.

    Raises:
        Refused: it failed. A gate that does not open has done its work, and so has a check that finds a leak.
    """
    if "--to" in words:
        shutil.rmtree(words[words.index("--to") + 1], ignore_errors=True)
    capfd.readouterr()
    code = main(words[1:])
    said = capfd.readouterr()
    gate = {"--fail-under", "--baseline"} & set(words)
    if code not in ((0, 3) if gate else (0, 1) if words[1:3] == ["data", "leaks"] else (0,)):
        raise Refused(f"exit code {code}: {said.err}")


def run_lm_eval(words: Sequence[str], capfd: Any) -> None:
    """Runs lm-eval on one record of each task."""
    if "--output_path" in words:
        shutil.rmtree(words[words.index("--output_path") + 1], ignore_errors=True)  # as before a first run
    more = ["--limit", "1", "--batch_size", "1", "--device", "cpu"]
    if "--gen_kwargs" not in words:
        more += ["--gen_kwargs", "max_gen_toks=4"]
    try:
        harness_commands.run([*words, *more])
    except (Exception, SystemExit) as error:
        raise Refused(repr(error)) from error


def logs() -> set[Path]:
    """Inspect's logs in the folders below this one."""
    return {*Path().rglob("*.eval")}


def run_inspect(words: Sequence[str], capfd: Any) -> None:
    """Runs Inspect on five records: of `bench` one of each dimension."""
    more = ["--limit", "5", "--max-tokens", "4", "--display", "none", "--no-log-realtime"]
    before = logs()
    try:
        harness_commands.run([*words, *more])
    except (Exception, SystemExit) as error:
        raise Refused(repr(error)) from error
    made = [read_eval_log(str(file), header_only=True) for file in logs() - before]
    if not made:
        raise Refused(f"no log: {capfd.readouterr()}")
    for log in made:
        if log.status != "success":
            raise Refused(f"the log says {log.status}: {log.error.message if log.error else ''}")


RUNS: dict[str, Callable[[Sequence[str], Any], None]] = {
    "inspect": run_inspect,
    "lm_eval": run_lm_eval,
    "recrm": run_recrm,
}
