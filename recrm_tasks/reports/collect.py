"""Folders and files -> all runs in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks.errors import DataError
from recrm_tasks.lm_eval_tasks import logged_runs, logged_samples
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.runs import Run


class Collected(NamedTuple):
    """What is under some paths."""

    runs: list[Run]
    unusable: list[str]
    """One line per file that could not be used."""
    incomplete: list[str]
    """One line per run that ended early: its numbers are of what was answered until then."""
    passed_over: list[str]
    """One line per results file of other tasks."""


def collect(paths: Iterable[str]) -> Collected:
    """Reads every results file of either harness under the paths.

    Raises:
        DataError: a path does not exist, or nothing under the paths is a result of these tasks.
    """
    found = Collected([], [], [], [])
    for file in _files(paths):
        try:
            runs = logged_runs.read(file) if _is_lm_eval(file) else _logs(file).read(file)
        except DataError as error:
            found.unusable.append(str(error))
            continue
        found.runs.extend(runs)
        if not runs:
            found.passed_over.append(f"{file}: of other tasks")
        for run in runs:
            if run.wanted is not None:
                found.incomplete.append(
                    f"{file}: {run.metrics['n']:.0f} of {run.wanted} records of {run.dimension} have an answer"
                )
    if not found.runs:
        told = [f"no results of recrm tasks under {', '.join(paths)}", *found.unusable, *found.passed_over]
        raise DataError("\n".join(told))
    return found


def collect_answers(paths: Iterable[str]) -> list[Answers]:
    """What each record was answered, of every run under the paths.

    Raises:
        DataError: a path does not exist, a file cannot be used, or nothing under the paths is a run of these tasks.
    """
    found = [one for file in _files(paths) for one in _reader(file).read_answers(file)]
    if not found:
        raise DataError(f"no runs of recrm tasks under {', '.join(paths)}")
    return found


def answers_in(file: Path, most: int) -> list[Answers]:
    """What each record was answered in one file, also where its run ended early.

    Args:
        file: results or a log.
        most: of so many records of each dimension the texts too.

    Raises:
        DataError: the file does not say, or cannot be read.
    """
    more = {} if _is_lm_eval(file) else {"partial": True}
    found: list[Answers] = _reader(file).read_answers(file, most, **more)
    return found


def _files(paths: Iterable[str]) -> list[Path]:
    """The files that are named, and the results under the folders that are; each once, however often it is named."""
    return list({file.resolve(): file for file in _named(paths)}.values())


def _named(paths: Iterable[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        if os.path.isfile(path):
            yield path
        elif os.path.isdir(path):
            yield from sorted(file for file in {*path.rglob("*.json"), *path.rglob("*.eval")} if _is_of_a_run(file))
        else:
            raise DataError(f"{path}: no such file or folder")


def _is_of_a_run(file: Path) -> bool:
    """Whether a file in a folder is meant: results, or a log in either of Inspect's formats."""
    if not file.is_file():
        return False
    return file.suffix == ".eval" or _is_lm_eval(file) or _is_log(file)


def _is_log(file: Path) -> bool:
    """Folders hold JSON of many kinds; Inspect's logs begin with their version and status."""
    try:
        with file.open("rb") as stream:
            start = stream.read(200)
    except OSError:
        return False
    return b'"version"' in start and b'"status"' in start


def _is_lm_eval(file: Path) -> bool:
    return file.name.startswith("results_")


def _reader(file: Path) -> Any:
    return logged_samples if _is_lm_eval(file) else _logs(file)


def _logs(file: Path) -> Any:
    if find_spec("inspect_ai") is None:
        raise DataError(f"{file}: reading Inspect logs needs inspect-ai: pip install 'recrm-tasks[inspect]'")
    return import_module("inspect_tasks.logged_samples")
