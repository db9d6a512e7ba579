"""Logs that are there twice: by a link, or as a copy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from recrm_tasks.reports.rescored import sha256_of


def same_logs(files: Iterable[Path]) -> list[list[Path]]:
    """The files with the same bytes as another one. Only files of one size are read.

    A log says when it was written and how long the run took, so two runs do not write the same bytes.

    Returns:
        One list of at least two files for each log that is there several times.
    """
    by_size: dict[int, list[Path]] = defaultdict(list)
    for file in dict.fromkeys(files):
        by_size[file.stat().st_size].append(file)
    same: dict[str, list[Path]] = defaultdict(list)
    for some in by_size.values():
        for file in some if len(some) > 1 else []:
            same[sha256_of(file)].append(file)
    return [some for some in same.values() if len(some) > 1]
