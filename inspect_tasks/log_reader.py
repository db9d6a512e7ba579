"""The reader of Inspect's logs. Inspect is imported when a log is read, so that one can do without it until then."""

from __future__ import annotations

import re
from pathlib import Path

from inspect_tasks.harness_name import HARNESS
from recrm_tasks.errors import DataError
from recrm_tasks.reports.logged_answers import Answers
from recrm_tasks.reports.readers import LogContents
from recrm_tasks.reports.rescored import Rescored

_BEGINS = re.compile(rb'\s*\{\s*"version"')


class InspectLogReader:
    """Reads logs in both of Inspect's formats; see `reports.readers.LogReader`."""

    harness = HARNESS
    files = "an .eval or .json log of Inspect"

    def reads(self, file: Path) -> bool:
        """By its ending. Folders hold JSON of many kinds: a log begins with its version and status. In the list of
        logs that `eval-set` writes, these come behind the name of the first log."""
        if file.suffix not in (".eval", ".json") or not file.is_file():
            return False
        if file.suffix == ".eval":
            return True
        try:
            with file.open("rb") as stream:
                start = stream.read(200)
        except OSError:
            return False
        return _BEGINS.match(start) is not None and b'"status"' in start

    def contents(self, file: Path) -> LogContents:
        """The runs of our tasks, and of agents in any task."""
        try:
            from inspect_tasks.logged_runs import read_contents
        except ImportError as error:
            raise _not_installed(file) from error
        return read_contents(file)

    def answers(self, file: Path, max_texts: int = 0) -> list[Answers]:
        """The logged samples."""
        return _answers(file, max_texts, stress=False)

    def stress_answers(self, file: Path, max_texts: int = 0) -> list[Answers]:
        """The logged samples of a stress run."""
        return _answers(file, max_texts, stress=True)

    def rescore(self, file: Path, target: Path, examples: int) -> list[Rescored]:
        """The log, written again, always as `.eval`."""
        try:
            from inspect_tasks.rescored_log import rescore
        except ImportError as error:
            raise _not_installed(file) from error
        return rescore(file, target.with_suffix(".eval"), examples)


def _answers(file: Path, max_texts: int, stress: bool) -> list[Answers]:
    try:
        from inspect_tasks.logged_samples import read_answers
    except ImportError as error:
        raise _not_installed(file) from error
    return read_answers(file, max_texts, stress)


def _not_installed(file: Path) -> DataError:
    return DataError(f"{file}: reading Inspect logs needs inspect-ai: pip install 'recrm-tasks[inspect]'")
