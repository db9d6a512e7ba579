"""Logs of all harnesses -> the same logs, with their answers read again by the present reader."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from recrm_tasks.errors import DataError, HarnessError, RecrmError
from recrm_tasks.reports.collect import logs_under, reader_of_file
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.readers import LogReader
from recrm_tasks.reports.rescored import Rescored
from recrm_tasks.reports.runs import Run
from recrm_tasks.reports.shards import Parts, joined_answers, sort_out


class Done(NamedTuple):
    """What was rescored."""

    runs: list[Rescored]
    """Shards of one run are put together."""
    passed_over: list[str]
    """One line per log of other tasks or without an answer."""
    incomplete: list[str]
    """One line per run that lacks a shard."""
    notes: list[str]
    """One line per log of a shard that does not count, as another log of the same shard does."""


def check_apart(paths: Sequence[str], to: Path) -> None:
    """Refuses a target under one of the folders that are read: the next rescore of that folder would read it too.

    Raises:
        RecrmError: it is one of them or inside.
    """
    inside = Path(os.path.realpath(to))
    for path in paths:
        if os.path.isdir(path) and inside.is_relative_to(os.path.realpath(path)):
            raise RecrmError(
                f"--to {to}: it is inside {path}, which is read: the next rescore or report of that folder would read "
                "the rescored logs too; name a folder outside"
            )


def rescore_logs(paths: Sequence[str], to: Path, readers: Sequence[LogReader], examples: int) -> Done:
    """Rescores every log under the paths.

    Args:
        paths: files and folders.
        to: an existing empty folder. A log under one of the folders is written to the same place under it.
        readers: of the harnesses.
        examples: keep at most this many changed answers of each dimension of a run.

    Raises:
        DataError: a path does not exist, a log cannot be rescored, two would be written to one place, or there is none.
            What was written by then is not complete.
    """
    done = Done([], [], [], [])
    failed: list[str] = []
    taken: dict[Path, Path] = {}
    for file, place in logs_under(paths, readers):
        earlier = taken.setdefault(place.with_suffix(""), file)
        if earlier is not file:
            failed.append(f"{file} and {earlier} would both be written to {place}; rescore them into two folders")
            continue
        try:
            (to / place).parent.mkdir(parents=True, exist_ok=True)
            runs = reader_of_file(file, readers).rescore(file, to / place, examples)
        except (RecrmError, HarnessError) as error:  # the latter for outcomes that no valid run can have
            failed.append(str(error) if str(file) in str(error) else f"{file}: {error}")
        except OSError as error:
            raise DataError(f"{error.filename or to}: cannot be written: {error.strerror or error}") from None
        else:
            done.runs.extend(runs)
            if not runs:
                done.passed_over.append(f"{file}: of other tasks, of agents, or without an answer")
    if failed:
        lines = ["these logs cannot be rescored, and nothing is written; name the others, or move these away:", *failed]
        raise DataError("\n".join(lines))
    if not done.runs:
        raise DataError("\n".join([f"no results of recrm tasks under {', '.join(paths)}", *done.passed_over]))
    return done if all(one.run.shard is None for one in done.runs) else _together(done, to, readers)


def _together(done: Done, to: Path, readers: Sequence[LogReader]) -> Done:
    """The same with the shards of each run as one; its scores are computed from the answers in all their logs."""
    by_place: dict[tuple[Path, str, str], list[Rescored]] = defaultdict(list)
    for one in done.runs:
        by_place[one.run.file, one.run.dimension, one.run.mode].append(one)
    found = [one for one in done.runs if one.run.shard is None]
    again = _shards(dict.fromkeys(file for file, _ in logs_under([str(to)], readers)), readers)
    for parts in _shards(dict.fromkeys(one.run.file for one in done.runs), readers):
        before = joined_answers(parts)
        shards = [by_place[one.file, one.dimension, one.mode][parts.turn] for one in parts.chosen]
        joined = Rescored.joined(shards, before)
        found.append(joined)
        done.notes.extend(before.notes)
        if not before.finished:
            done.incomplete.append(f"{before.named}: {before.unfinished}")
            continue
        if "stress" in before.provenance:  # whose score is of all dimensions together
            continue
        now = next(joined_answers(one) for one in again if _is_of(one, joined, parts.turn))
        joined.score_before, joined.score_now = (Run.of(one).metrics["score"] for one in (before, now))
    return done._replace(runs=found)


def _shards(files: Iterable[Path], readers: Sequence[LogReader]) -> list[Parts[Answers]]:
    found: list[Answers] = []
    for file in files:
        reader = reader_of_file(file, readers)
        found += reader.answers(file)
        found += reader.stress_answers(file)
    return sort_out(found)[1]


def _is_of(parts: Parts[Answers], rescored: Rescored, turn: int) -> bool:
    """Whether some shards are those of a rescored run."""
    one, run = parts.chosen[0], rescored.run
    same = (one.dimension, one.mode, parts.turn) == (run.dimension, run.mode, turn)
    return same and str(run.file) in one.rescored[-1]["logs"]
