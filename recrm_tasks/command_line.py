"""What commands share: types of options, where tables are printed, and lines on stderr."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from recrm_tasks.errors import RecrmError

if TYPE_CHECKING:
    from rich.console import Console


def whole_number(text: str) -> int:
    """A type for options that are counts."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0")
    return int(text)


def check_target(file: Path | None, what: str, *endings: str) -> None:
    """Before anything is read, as that may take a while: that a file can be written where and as its name says.

    Args:
        file: None if there is none to write.
        what: what is written, with its verb: "costs are".
        endings: those that are known.

    Raises:
        RecrmError: its ending is another one, or its folder does not exist.
    """
    if file is None:
        return
    if file.suffix not in endings:
        raise RecrmError(f"--to {file}: {what} written as {', '.join(endings)}")
    if not file.parent.is_dir():
        raise RecrmError(f"--to {file}: cannot be written: there is no folder {file.parent}")


def console_here() -> Console:
    """Where tables are printed.

    Raises:
        RecrmError: rich is not installed.
    """
    if find_spec("rich") is None:
        raise RecrmError("tables need rich: pip install 'recrm-tasks[report]'")
    from rich.console import Console

    # Without a terminal or COLUMNS the width is unknown: a log file should not cut the columns.
    return Console() if sys.stdout.isatty() or os.environ.get("COLUMNS") else Console(width=150)


def print_notes(lines: Mapping[str, Sequence[str]]) -> None:
    """Prints lines to stderr, each behind its kind."""
    for kind, of_kind in lines.items():
        for line in of_kind:
            print(f"{kind}: {line}", file=sys.stderr)
