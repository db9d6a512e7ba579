"""Runs a command in a process of its own and watches it: time, memory of the process tree, bytes read, and silence."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

GB = 1e9
EVERY = 0.2
"""Seconds between two looks."""
SPARE = 1.0
"""GB that must stay available on the machine, which others may use."""


@dataclass
class Watched:
    """What a process took. GB is 10^9 bytes."""

    outcome: str = "ok"
    """`ok`, `exit N`, or why it was stopped."""
    wall_s: float = 0.0
    cpu_s: float = 0.0
    rss_gb: float = 0.0
    """Peak of the resident memory of the process tree, with the pages of memory-mapped files."""
    own_gb: float = 0.0
    """Peak of its private memory."""
    max_gb: float = 0.0
    """Peak of its largest process, as reported by the kernel."""
    read_gb: float = 0.0
    """What it read from files and pipes; not what it read through memory maps."""
    disk_gb: float = 0.0
    """Peak of the size of the watched folder."""
    silence_s: float = 0.0
    """The longest time without a sign on the terminal."""
    said: str = ""
    """The last that the terminal has shown."""


@contextmanager
def started(
    command: list[str], env: dict[str, str], cwd: str, output: Any, terminal: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A running process, which is killed with all that it started, however this script ends.

    Args:
        command: its command line.
        env: its environment.
        cwd: its folder.
        output: a file for what it prints.
        terminal: a terminal for its errors and progress bars, instead of the file.
    """
    errors = output if terminal is None else terminal
    process = subprocess.Popen(
        command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def watch(
    process: subprocess.Popen[bytes],
    most_gb: float,
    most_s: float,
    folder: Path | None = None,
    terminal: int | None = None,
) -> Watched:
    """Looks at a process until it ends; one that takes too much memory or time is stopped.

    Args:
        process: of `started`.
        most_gb: resident memory.
        most_s: seconds.
        folder: a folder whose size is watched.
        terminal: the other end of its terminal, which is read until the process ends.
    """
    found = Watched()
    start = heard = looked = time.monotonic()
    while True:
        rss, own, read = _used(process.pid)
        found.rss_gb, found.own_gb = max(found.rss_gb, rss), max(found.own_gb, own)
        found.read_gb = max(found.read_gb, read)
        now = time.monotonic()
        if folder is not None and now - looked > 1:
            found.disk_gb, looked = max(found.disk_gb, size_of(folder)), now
        if terminal is not None and (said := _drained(terminal)):
            found.silence_s, heard = max(found.silence_s, now - heard), now
            found.said = (found.said + said)[-2_000:]
        # `wait4` instead of Popen's own method: it returns the kernel's resource usage of the process.
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if rss > most_gb:
            found.outcome = "too much memory"
        elif psutil.virtual_memory().available / GB < SPARE:
            found.outcome = "machine out of memory"
        elif now - start > most_s:
            found.outcome = "too long"
        if found.outcome != "ok":
            os.killpg(process.pid, signal.SIGKILL)
            _, _, usage = os.wait4(process.pid, 0)
            status = 0
            break
        time.sleep(EVERY)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        found.outcome = f"exit {process.returncode}"
    end = time.monotonic()
    found.wall_s, found.silence_s = end - start, max(found.silence_s, end - heard)
    found.cpu_s, found.max_gb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / GB
    if folder is not None:
        found.disk_gb = max(found.disk_gb, size_of(folder))
    return found


def size_of(folder: Path) -> float:
    """GB of the files below a folder."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total / GB


def _used(pid: int) -> tuple[float, float, float]:
    """Resident and private memory of a process and its descendants, and what they have read."""
    rss = own = read = 0
    with suppress(psutil.Error):
        top = psutil.Process(pid)
        for process in (top, *top.children(recursive=True)):
            with suppress(psutil.Error):
                info = process.memory_info()
                rss += info.rss
                own += info.rss - getattr(info, "shared", 0)
                read += process.io_counters().read_chars
    return rss / GB, own / GB, read / GB


def terminal() -> tuple[int, int]:
    """A terminal of 80 columns: the end that shows, and the end that a process writes to."""
    shows, written = pty.openpty()
    fcntl.ioctl(written, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))  # without a width, no bar is drawn
    return shows, written


def _drained(terminal: int) -> str:
    """What the terminal has shown since the last look."""
    said = b""
    with suppress(OSError):
        while select.select([terminal], [], [], 0)[0] and (part := os.read(terminal, 1 << 16)):
            said += part
    return said.decode("utf-8", "replace")
