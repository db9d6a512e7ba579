"""Folders and files -> all runs in them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from recrm_tasks.errors import DataError
from recrm_tasks.reports import lm_eval_results
from recrm_tasks.reports.runs import Run


def collect(paths: Iterable[str]) -> tuple[list[Run], list[str]]:
    """Reads every results file of either harness under the paths.

    Returns:
        The runs, and one line per file that could not be used.

    Raises:
        DataError: a path does not exist, or nothing under the paths is a result of these tasks.
    """
    runs: list[Run] = []
    told: list[str] = []
    for file in [file for path in paths for file in _files(Path(path))]:
        try:
            runs += lm_eval_results.read(file) if file.name.startswith("results_") else _inspect(file)
        except DataError as error:
            told.append(str(error))
    if not runs:
        raise DataError("\n".join([f"no results of recrm tasks under {', '.join(paths)}", *told]))
    return runs, told


def _files(path: Path) -> list[Path]:
    if os.path.isfile(path):
        return [path]
    if not os.path.isdir(path):
        raise DataError(f"{path}: no such file or folder")
    found = [*path.rglob("results_*.json"), *path.rglob("*.eval")]
    return sorted(file for file in found if file.is_file())


def _inspect(file: Path) -> list[Run]:
    if find_spec("inspect_ai") is None:
        raise DataError(f"{file}: reading Inspect logs needs inspect-ai: pip install 'recrm-tasks[inspect]'")
    from inspect_tasks.logs import read

    return read(file)
