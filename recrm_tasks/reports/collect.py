"""Folders and files -> all runs in them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from recrm_tasks.errors import DataError
from recrm_tasks.reports import lm_eval_results, lm_eval_samples
from recrm_tasks.reports.answers import Answers
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
    for file in _files(paths):
        try:
            runs += lm_eval_results.read(file) if file.name.startswith("results_") else _logs(file).read(file)
        except DataError as error:
            told.append(str(error))
    if not runs:
        raise DataError("\n".join([f"no results of recrm tasks under {', '.join(paths)}", *told]))
    return runs, told


def collect_answers(paths: Iterable[str]) -> list[Answers]:
    """What each record was answered, of every run under the paths.

    Raises:
        DataError: a path does not exist, a file cannot be used, or nothing under the paths is a run of these tasks.
    """
    found: list[Answers] = []
    for file in _files(paths):
        reader = lm_eval_samples if file.name.startswith("results_") else _logs(file)
        found += reader.read_answers(file)
    if not found:
        raise DataError(f"no runs of recrm tasks under {', '.join(paths)}")
    return found


def _files(paths: Iterable[str]) -> list[Path]:
    """The files that are named, and the results under the folders that are."""
    files: list[Path] = []
    for path in map(Path, paths):
        if os.path.isfile(path):
            files.append(path)
        elif os.path.isdir(path):
            found = [*path.rglob("results_*.json"), *path.rglob("*.eval")]
            files += sorted(file for file in found if file.is_file())
        else:
            raise DataError(f"{path}: no such file or folder")
    return files


def _logs(file: Path) -> Any:
    if find_spec("inspect_ai") is None:
        raise DataError(f"{file}: reading Inspect logs needs inspect-ai: pip install 'recrm-tasks[inspect]'")
    return import_module("inspect_tasks.logs")
