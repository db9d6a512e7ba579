"""Folders and files -> all runs in them."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.reports.agent_runs import AgentRun
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.model_names import told_apart
from recrm_tasks.reports.readers import LogReader
from recrm_tasks.reports.runs import Cost, Run
from recrm_tasks.reports.shards import Parts, joined_answers, sort_out
from recrm_tasks.scoring.metric import columns


class Collected(NamedTuple):
    """What is under some paths."""

    runs: list[Run]
    unusable: list[str]
    """One line per file that could not be used."""
    incomplete: list[str]
    """One line per run that ended early or was invalidated in part: its numbers are of the answers that count."""
    passed_over: list[str]
    """One line per log of other tasks."""
    stress: list[Answers]
    """The answers of whole stress runs."""
    agents: list[AgentRun]
    """Runs of agents."""


def collect(paths: Iterable[str], readers: Sequence[LogReader]) -> Collected:
    """Reads every log under the paths once. Shards of one run are put together.

    Raises:
        DataError: a path does not exist, or nothing under the paths is a result of these tasks or of an agent.
    """
    found = Collected([], [], [], [], [], [])
    read: list[Run] = []
    stress: list[Answers] = []
    for file, _ in logs_under(paths, readers):
        try:
            contents = reader_of_file(file, readers).contents(file)
            # If these are not installed or not readable, the file cannot be used.
            _ = [(one.suite, one.shard) for one in (*contents.runs, *contents.stress)]
        except RecrmError as error:  # also of a dimension that is not installed
            found.unusable.append(str(error))
            continue
        read.extend(contents.runs)
        stress.extend(contents.stress)
        found.agents.extend(contents.agents)
        found.unusable.extend(contents.unusable)
        if not any(contents):
            found.passed_over.append(f"{file}: of other tasks")
    _add_runs(found, told_apart(read), readers)
    _add_stress(found, told_apart(stress))
    found.incomplete.extend(
        f"{run.file}: {run.n} of {run.wanted} samples of the agent {run.agent} have a score"
        for run in found.agents
        if not run.finished
    )
    if not (found.runs or found.stress or found.agents):
        lines = [f"no results of recrm tasks under {', '.join(paths)}", *found.unusable, *found.passed_over]
        raise DataError("\n".join(lines))
    return found


def _add_runs(found: Collected, read: Sequence[Run], readers: Sequence[LogReader]) -> None:
    """The runs, those of shards put together."""
    whole, shards = sort_out(read)
    found.runs.extend(whole)
    found.incomplete.extend(f"{run.file}: {_done(run)}" for run in whole if not run.finished)
    join = Join(readers)
    for parts in shards:
        try:
            run = join(parts)
        except RecrmError as error:
            found.unusable.append(f"{parts.info.named}: shards are put together from their samples: {error}")
            continue
        found.runs.append(run)
        if not run.finished:
            found.incomplete.append(f"{run.named}: {parts.missing}; {_done(run)}")


def _add_stress(found: Collected, read: Sequence[Answers]) -> None:
    """The answers of whole stress runs, as `recrm stress` takes them; incomplete ones cannot be used."""
    whole, shards = sort_out(read)
    for one in (*whole, *map(joined_answers, shards)):
        if one.finished:
            found.stress.append(one)
        else:
            found.unusable.append(f"{one.named}: this stress run is incomplete ({one.unfinished})")


def _done(run: Run) -> str:
    return f"{run.n} of {run.wanted} records of {run.dimension} have an answer that counts"


class Join:
    """Puts the shards of runs together: the numbers are those of one run with the same answers.

    Args:
        readers: of the harnesses that their logs may be of.
    """

    def __init__(self, readers: Sequence[LogReader]) -> None:
        self._read = cache(lambda file: reader_of_file(file, readers).answers(file))
        self._cost = cache(Cost.joined)

    def __call__(self, parts: Parts[Run]) -> Run:
        """The run that some shards are parts of.

        Raises:
            DataError: the answers of a shard cannot be read.
        """
        answers = [self._answers(run, parts.turn) for run in parts.chosen]
        costs = tuple(run.cost for run in parts.chosen if run.cost is not None)
        wanted = sum(run.wanted or max(run.n, run.provenance["questions"]) for run in parts.chosen)
        run = Run.of(
            joined_answers(Parts(answers, parts.turn, parts.missing, parts.notes)),
            wanted=round(wanted / parts.share) if parts.missing else None,
            cost=self._cost(costs) if len(costs) == len(parts.chosen) else None,
            notes=parts.notes,
        )
        # What a harness counts besides the metrics: tokens, answers that were cut off, …
        declared = columns(dimension_of(run.dimension).kind.declared)
        for name in dict.fromkeys(name for one in parts.chosen for name in one.metrics):
            if name not in run.metrics and name not in declared:
                run.metrics[name] = sum(one.metrics.get(name, 0) for one in parts.chosen)
        return run

    def _answers(self, run: Run, turn: int) -> Answers:
        same = [one for one in self._read(run.file) if (one.dimension, one.mode) == (run.dimension, run.mode)]
        if len(same) <= turn:
            raise DataError(f"{run.file}: it has the metrics of {run.dimension}, but no samples")
        return replace(same[turn], model=run.model)


def collect_answers(
    paths: Iterable[str], readers: Sequence[LogReader], stress: bool = False, max_texts: int = 0
) -> list[Answers]:
    """What each record was answered, of every run under the paths. Shards of one run are put together.

    Args:
        paths: files and folders.
        readers: of the harnesses whose logs they may be.
        stress: whether stress runs are wanted, and not those of the other tasks.
        max_texts: keep the texts of at most this many records per dimension.

    Raises:
        DataError: a path does not exist, a file cannot be used, nothing under the paths is a run of these tasks, or a
            run ended early or lacks a shard.
    """
    found = answers_in([file for file, _ in logs_under(paths, readers)], readers, max_texts, stress)
    if not found:
        where = ", ".join(paths)
        if stress:
            raise DataError(f"no stress runs under {where}")
        raise DataError(
            f"no runs of recrm tasks under {where}; stress runs are shown by `recrm stress`, runs of agents by "
            "`recrm report`"
        )
    for one in found:
        if not one.finished:
            raise DataError(f"{one.named}: this run is incomplete ({one.unfinished}); it has no score")
    return found


def answers_in(
    files: Iterable[Path], readers: Sequence[LogReader], max_texts: int = 0, stress: bool = False
) -> list[Answers]:
    """What each record was answered in some files, also where a run ended early. Shards of one run are put together.

    Args:
        files: logs.
        readers: of the harnesses that they may be of.
        max_texts: keep the texts of at most this many records per dimension.
        stress: whether stress runs are wanted, and not those of the other tasks.

    Raises:
        DataError: a file has no answers, or cannot be read.
    """
    read: list[Answers] = []
    for file in files:
        reader = reader_of_file(file, readers)
        read += reader.stress_answers(file, max_texts) if stress else reader.answers(file, max_texts)
    whole, shards = sort_out(told_apart(read))
    return [*whole, *map(joined_answers, shards)]


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
            raise DataError(f"{path}: no such file or folder; give the folder that the results or logs were written to")


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
