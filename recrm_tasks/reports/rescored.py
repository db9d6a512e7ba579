"""What changed when the answers of one run were read again, and which readers read them before and now."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks import __version__
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.errors import DataError
from recrm_tasks.reports.answer_format import answer_text
from recrm_tasks.reports.run_info import RunInfo
from recrm_tasks.scoring.outcomes import Outcome, Value

READ = "read"
"""In changes: the answer was readable."""
OTHER = "read differently"
"""In changes: the answer was and is readable, with another value."""


class Reader(NamedTuple):
    """A version of answer reading."""

    task_version: int
    """The dimension's."""
    recrm_tasks: str
    """This package's."""


class Example(NamedTuple):
    """An answer that is read differently now."""

    id: str
    before: str
    now: str
    said: str
    """What the model wrote, or the log-probability of each allowed answer."""


@dataclass
class Rescored:
    """One dimension of one run, whose answers are read again."""

    run: RunInfo
    """As it was logged."""
    before: Reader
    now: Reader
    logs: dict[str, str]
    """The SHA-256 of each file that was read, by its path."""
    most: int = 0
    """Keep at most this many examples."""
    n: int = 0
    """The number of answers."""
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The number of changed answers by what they were and what they are: `READ`, `OTHER` or the reason of an unreadable
    answer."""
    examples: list[Example] = field(default_factory=list)
    """The first changed answers of the log."""
    score_before: float | None = None
    """The primary metric as it was logged; None if it was not."""
    score_now: float | None = None
    """The primary metric as it is now; None if the run is incomplete."""

    @classmethod
    def of(cls, run: RunInfo, logs: Mapping[str, str], most: int) -> Rescored:
        """A run of which nothing is read yet.

        Args:
            run: as it was logged.
            logs: as the field.
            most: as the field.

        Raises:
            DataError: the log does not say which version of the task read it, or names a newer one than is installed.
            RecrmError: the dimension is not installed.
        """
        dimension = dimension_of(run.dimension)
        before, now = reader_of(run), Reader(dimension.version, __version__)
        if before.task_version > now.task_version:
            raise DataError(
                f"{run.file}: task version {before.task_version} of {run.dimension} read its answers "
                f"(recrm-tasks {before.recrm_tasks}), but version {now.task_version} is installed (recrm-tasks "
                f"{now.recrm_tasks}); install the newer recrm-tasks, an older reader would undo its changes"
            )
        return cls(run, before, now, dict(logs), most)

    @classmethod
    def joined(cls, shards: Sequence[Rescored], run: RunInfo) -> Rescored:
        """The shards of one run as one, without scores.

        Args:
            shards: all of one dimension, read by one version.
            run: what is known of the whole run.
        """
        first = shards[0]
        changes = sum((one.changes for one in shards), Counter[tuple[str, str]]())
        return cls(
            run,
            first.before,
            first.now,
            logs={file: sha256 for one in shards for file, sha256 in one.logs.items()},
            most=first.most,
            n=sum(one.n for one in shards),
            changes=changes,
            examples=[example for one in shards for example in one.examples][: first.most],
        )

    def add(self, before: Outcome, now: Outcome, said: str) -> None:
        """Counts one answer.

        Args:
            before: as it was read.
            now: as it is read.
            said: what the model wrote.
        """
        self.n += 1
        if before.reason == now.reason and _equal(before.value, now.value):
            return
        was, became = before.reason or READ, now.reason or READ
        self.changes[was, became if was != became else OTHER] += 1
        if len(self.examples) < self.most:
            self.examples.append(Example(now.id, answer_text(before), answer_text(now), said))

    @property
    def changed(self) -> int:
        """The number of answers that are read differently now."""
        return sum(self.changes.values())

    def to_json(self) -> list[dict[str, Any]]:
        """The entry `rescored` of the run's provenance: each time that its answers were read again, this one last."""
        entry = {
            "logs": self.logs,
            "before": self.before._asdict(),
            "now": self.now._asdict(),
            "n": self.n,
            "changed": self.changed,
            "changes": [{"from": was, "to": became, "n": count} for (was, became), count in self.changes.most_common()],
            "examples": [{"id": one.id, "from": one.before, "to": one.now} for one in self.examples],
        }
        return [*self.run.rescored, entry]


def reader_of(run: RunInfo) -> Reader:
    """The version that read the answers of a run.

    Raises:
        DataError: the log does not say it.
    """
    try:
        entry = run.rescored[-1]["now"] if run.rescored else run.provenance
        version, package = run.reader_version, entry["recrm_tasks"]
    except (LookupError, TypeError):
        version, package = None, None
    if not isinstance(version, int) or isinstance(version, bool) or not isinstance(package, str):
        raise DataError(
            f"{run.file}: it does not say which version of the task and of recrm-tasks read the answers of "
            f"{run.dimension}; a log without versions cannot be read again, run the task again"
        )
    return Reader(version, package)


def _equal(one: Value | None, other: Value | None) -> bool:
    """Whether two values are the same, up to what another machine's exp and log may differ by."""
    if one is None or other is None:
        return one is other
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, tuple) or isinstance(other, tuple):
        return False
    return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-15)


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits.

    Raises:
        DataError: it cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            while part := stream.read(1 << 20):
                digest.update(part)
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from None
    return digest.hexdigest()
