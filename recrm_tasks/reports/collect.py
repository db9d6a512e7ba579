"""Folders and files -> all runs in them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.readers import LogReader
from recrm_tasks.reports.runs import Run


class Collected(NamedTuple):
    """What is under some paths."""

    runs: list[Run]
    unusable: list[str]
    """One line per file that could not be used."""
    incomplete: list[str]
    """One line per run that ended early or was invalidated in part: its numbers are of the answers that count."""
    passed_over: list[str]
    """One line per log of other tasks."""


def collect(paths: Iterable[str], readers: Sequence[LogReader]) -> Collected:
    """Reads the runs of every log under the paths.

    Raises:
        DataError: a path does not exist, or nothing under the paths is a result of these tasks.
    """
    found = Collected([], [], [], [])
    for file, _ in logs_under(paths, readers):
        try:
            runs = reader_of_file(file, readers).runs(file)
            _ = [run.suite for run in runs]  # installed, or the file cannot be used
        except RecrmError as error:  # also of a dimension that is not installed
            found.unusable.append(str(error))
            continue
        found.runs.extend(runs)
        if not runs:
            found.passed_over.append(f"{file}: of other tasks")
        for run in runs:
            if run.wanted is not None:
                done = f"{run.metrics['n']:.0f} of {run.wanted}"
                found.incomplete.append(f"{file}: {done} records of {run.dimension} have an answer that counts")
    if not found.runs:
        lines = [f"no results of recrm tasks under {', '.join(paths)}", *found.unusable, *found.passed_over]
        raise DataError("\n".join(lines))
    return found


def collect_answers(paths: Iterable[str], readers: Sequence[LogReader]) -> list[Answers]:
    """What each record was answered, of every finished run under the paths.

    Raises:
        DataError: a path does not exist, a file cannot be used, or nothing under the paths is a run of these tasks.
    """
    found = [one for file, _ in logs_under(paths, readers) for one in reader_of_file(file, readers).answers(file)]
    if not found:
        raise DataError(f"no runs of recrm tasks under {', '.join(paths)}")
    return found


def answers_in(file: Path, readers: Sequence[LogReader], max_texts: int = 0) -> list[Answers]:
    """What each record was answered in one file, also where its run ended early.

    Args:
        file: a log.
        readers: of the harnesses that it may be of.
        max_texts: keep the texts of at most this many records per dimension.

    Raises:
        DataError: the file has no answers, or cannot be read.
    """
    return reader_of_file(file, readers).answers(file, max_texts, partial=True)


def logs_under(paths: Iterable[str], readers: Sequence[LogReader]) -> list[tuple[Path, Path]]:
    """The files that are named and the logs under the folders that are named, each once.

    Returns:
        Each file, and its place within the folder that is named; that of a file that is named is its own name.

    Raises:
        DataError: a path does not exist.
    """
    return list({file.resolve(): (file, place) for file, place in _named(paths, readers)}.values())


def _named(paths: Iterable[str], readers: Sequence[LogReader]) -> Iterator[tuple[Path, Path]]:
    for path in map(Path, paths):
        if os.path.isfile(path):
            yield path, Path(path.name)
        elif os.path.isdir(path):
            files = sorted(file for file in path.rglob("*") if any(reader.reads(file) for reader in readers))
            yield from ((file, file.relative_to(path)) for file in files)
        elif written := [file for file in _with_time(path) if any(reader.reads(file) for reader in readers)]:
            yield from ((file, Path(file.name)) for file in written)
        else:
            raise DataError(f"{path}: no such file or folder")


def _with_time(path: Path) -> list[Path]:
    """The files to whose name a harness has added the time, which it may do with a path that it was given."""
    try:
        return sorted(path.parent.glob(f"{glob.escape(path.stem)}_[0-9][0-9][0-9][0-9]-*{path.suffix}"))
    except OSError:  # a name that no file system takes
        return []


def reader_of_file(file: Path, readers: Sequence[LogReader]) -> LogReader:
    """The reader that takes a file.

    Raises:
        DataError: none does.
    """
    for reader in readers:
        if reader.reads(file):
            return reader
    raise DataError(f"{file}: not a log that can be read: it must be {' or '.join(one.files for one in readers)}")
