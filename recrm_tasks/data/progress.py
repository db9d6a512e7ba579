"""A progress bar for what may take long."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any


def progress(what: str, total: int | None = None) -> AbstractContextManager[Any]:
    """A bar of rows, for `update`. It shows on a terminal only, after two seconds, and vanishes in the end.

    Args:
        what: what is done, such as `checking behavior`.
        total: the number of rows, if it is known.
    """
    # Imported here: most runs are over before a bar would show.
    from tqdm import tqdm

    bar: AbstractContextManager[Any] = tqdm(
        desc=what, total=total, unit=" rows", unit_scale=True, disable=None, delay=2, leave=False
    )
    return bar
