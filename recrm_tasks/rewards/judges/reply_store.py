"""Replies on disk, shared by processes: a SQLite database."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recrm_tasks.errors import RecrmError
from recrm_tasks.rewards.judges.fork_safe import ForkSafe
from recrm_tasks.rewards.judges.judge import Reply

_log = logging.getLogger(__name__)

_FORMAT = 2
_CREATE = (
    "CREATE TABLE IF NOT EXISTS replies "
    "(key TEXT UNIQUE, said TEXT, tokens_in INTEGER, tokens_out INTEGER, opened TEXT)"
)
_SELECT = "SELECT said, tokens_in, tokens_out, opened FROM replies WHERE key = ?"
_WAIT = 30.0
"""Seconds that one process waits for another's writing."""
_TRIM = 1000
"""Replies written between two looks at the size."""

_OF_PARENT: list[sqlite3.Connection] = []


class ReplyStore(ForkSafe):
    """A file of replies by key. Several threads and processes of one machine may use it at the same time.

    SQLite rather than the diskcache package, which unpickles what it reads and has had no release since 2023. Its
    write-ahead log needs a file system of this machine, not one on a network.

    Args:
        path: the file; it is made with its folder if there is none.
        most: the most replies that are kept; the oldest are deleted first.

    Raises:
        RecrmError: the file cannot be used.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path = path
        self._most = most
        self._opened: sqlite3.Connection | None = None
        self._written = 0
        self._warned = False
        self._start()
        with self._used():
            pass

    def _begin(self) -> None:
        self._lock = threading.Lock()
        if self._opened is not None:
            # The parent's, which a child must neither use nor close.
            _OF_PARENT.append(self._opened)
            self._opened = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self._path, "most": self._most}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def get(self, key: str) -> Reply | None:
        """The reply of a key, if there is one."""
        with self._failing_softly(), self._used() as database:
            row = database.execute(_SELECT, (key,)).fetchone()
            if row is not None:
                said = json.loads(row[0])
                return Reply(tuple(said) if isinstance(said, list) else said, row[1], row[2], opened=row[3])
        return None

    def put(self, key: str, reply: Reply) -> None:
        """Keeps a reply."""
        row = key, json.dumps(reply.said), reply.tokens_in, reply.tokens_out, reply.opened
        with self._failing_softly(), self._used() as database:
            database.execute("INSERT OR IGNORE INTO replies VALUES (?, ?, ?, ?, ?)", row)
            self._written += 1
            if self._written % _TRIM == 0:
                newest = "(SELECT max(rowid) FROM replies)"
                database.execute(f"DELETE FROM replies WHERE rowid <= {newest} - ?", (self._most,))

    @contextlib.contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            yield self._opened

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # Every statement is a transaction of its own.
            database = sqlite3.connect(self._path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
            _write_ahead(database)
            # After a crash of the machine the last replies may be missing, and are asked again.
            database.execute("PRAGMA synchronous = NORMAL")
            # One process at a time looks and makes the table.
            database.execute("BEGIN IMMEDIATE")
            (found,) = database.execute("PRAGMA user_version").fetchone()
            (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if found != _FORMAT and tables:
                raise RecrmError(f"{self._path} is not a cache of replies of this version: name another file")
            database.execute(_CREATE)
            database.execute(f"PRAGMA user_version = {_FORMAT}")
            database.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            raise RecrmError(f"{self._path} cannot be used as a cache of replies: {error}") from None
        return database

    @contextlib.contextmanager
    def _failing_softly(self) -> Iterator[None]:
        """A full disk costs the cache, not the run."""
        try:
            yield
        except (sqlite3.Error, RecrmError) as error:
            if not self._warned:
                self._warned = True
                _log.warning("replies are not kept in %s: %s", self._path, error)


def _write_ahead(database: sqlite3.Connection) -> None:
    """Readers then do not wait for a writer. SQLite does not wait if two processes switch to it at once."""
    until = time.monotonic() + _WAIT
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.01)
