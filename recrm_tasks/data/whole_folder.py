"""Folders that are written completely or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recrm_tasks.errors import DataError


def is_taken(to: Path) -> bool:
    """Whether a new folder would replace something."""
    return to.exists() and (not to.is_dir() or any(to.iterdir()))


@contextmanager
def whole_folder(to: Path) -> Iterator[Path]:
    """A temporary folder beside the target. It is renamed to the target at the end, and removed if anything fails.

    Args:
        to: a folder that does not exist or is empty; see `is_taken`.

    Raises:
        DataError: the target cannot be written.
    """
    to = Path(os.path.abspath(to.expanduser()))
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{to.name}-unfinished-", dir=to.parent))
    except OSError as error:
        raise DataError(f"{to}: cannot be written: {error.strerror or error}") from None
    try:
        yield folder
        folder.chmod(0o755)  # mkdtemp's own mode is for one user only
        if to.exists():
            to.rmdir()
        folder.rename(to)
    except OSError as error:
        raise DataError(f"{to}: cannot be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
