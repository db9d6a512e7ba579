"""What a harness's room offers so that its logs can be reported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from recrm_tasks.reports.agent_runs import AgentRun
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.rescored import Rescored
from recrm_tasks.reports.runs import Run


class LogContents(NamedTuple):
    """What is in one log; nothing if it is of other tasks."""

    runs: Sequence[Run] = ()
    """Also those that ended early."""
    stress: Sequence[Answers] = ()
    """The answers of stress runs; see `LogReader.stress_answers`."""
    agents: Sequence[AgentRun] = ()
    """Runs of agents, of any task whose answers our reward scores."""
    unusable: Sequence[str] = ()
    """One line for each part of the log that cannot be used."""


class LogReader(Protocol):
    """Reads the logs of one harness. `recrm_tasks.log_readers` lists the readers that the command line uses."""

    @property
    def harness(self) -> str:
        """The harness's name in tables and files."""

    @property
    def files(self) -> str:
        """What its files are called, for messages."""

    def reads(self, file: Path) -> bool:
        """Whether a file is a log of this harness, by its name and first bytes. Never raises; a folder is none."""

    def contents(self, file: Path) -> LogContents:
        """All that reports show of a log.

        Raises:
            DataError: the file is broken, or what reads it is not installed.
        """

    def answers(self, file: Path, max_texts: int = 0) -> list[Answers]:
        """What was answered to each record, by dimension; empty if the log is of other tasks. `Answers.unfinished` says
        whether a run ended early.

        Args:
            file: a log.
            max_texts: keep the texts of at most this many records per dimension.

        Raises:
            DataError: the file is broken or has no answers, or what reads it is not installed.
        """

    def stress_answers(self, file: Path, max_texts: int = 0) -> list[Answers]:
        """The same of stress runs, whose questions `robustness.stress_questions` describes. They are no results of the
        benchmark, and `answers` has none of them.
        """

    def rescore(self, file: Path, target: Path, examples: int) -> list[Rescored]:
        """Reads the answers of a log again with the present reader, and writes the log with what was read now.

        The new log has the form of the old one. Its outcomes and metrics are what a run of today would compute from
        these answers; `provenance` of each dimension has `Rescored.to_json` as its entry `rescored`. A run that ended
        early stays one.

        Args:
            file: a log.
            target: where to write, beside which other files of the log go; its folder exists. The harness's own
                layout of folders may add one.
            examples: keep at most this many changed answers of each dimension.

        Returns:
            What changed, by task and dimension; empty if the log is of other tasks or has no answer, and then nothing
            is written.

        Raises:
            DataError: the file is broken, lacks its answers or what reading them needs, or is of an unknown or newer
                version; or what reads it is not installed.
        """
