"""RecRM-Bench on the Hugging Face hub.

Its file names and columns are not public knowledge to this project. This reader takes files in the project's own
record form (`<dimension>.jsonl` in any folder); for anything else it stops, shows what is there and names a way out.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download

from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.errors import DataError

REPOSITORY = "wwzeng/RecRM-Bench"
_COMMIT = re.compile(r"[0-9a-f]{40}")


def fetch(dimension: Dimension, revision: str | None = None) -> tuple[list[Path], Path, str]:
    """Downloads the dimension's files (or takes them from the hub's cache).

    Args:
        dimension: only its files are downloaded.
        revision: branch, tag or commit; by default `RECRM_REVISION`, else `main`.

    Returns:
        The files, the folder that their labels.json may stand in, and the commit hash that they are of.

    Raises:
        DataError: the hub cannot be reached and the commit is not in the cache, or the layout is not recognised.
    """
    wanted = revision or os.environ.get("RECRM_REVISION") or "main"
    patterns = [f"{dimension.key}.jsonl", f"**/{dimension.key}.jsonl", "labels.json", "**/labels.json"]
    try:
        # A branch is resolved to its commit first: only a commit names the same rows tomorrow.
        commit = wanted if _COMMIT.fullmatch(wanted) else _resolve(wanted)
        folder = Path(snapshot_download(REPOSITORY, repo_type="dataset", revision=commit, allow_patterns=patterns))
    except Exception as error:  # beside its own errors, the hub client raises those of its HTTP library
        raise DataError(
            f"{REPOSITORY} (revision {wanted}) cannot be had from the hub: {type(error).__name__}: {_line(error)}\n"
            "Set RECRM_DATA=sample to try the tasks on the small sample that comes with this package (its numbers are "
            "not the benchmark's), or RECRM_DATA=PATH to use records on disk. With a cached copy, set RECRM_REVISION "
            "to its commit hash."
        ) from None
    files = sorted(folder.rglob(f"{dimension.key}.jsonl"))
    if not files:
        raise DataError(
            f"{REPOSITORY} at {commit}: no file named {dimension.key}.jsonl. The repository has: {_listing(commit)}.\n"
            "This version reads records in the project's own form only (docs/data.md). Convert the files and set "
            "RECRM_DATA=PATH."
        )
    beside = files[0].parent
    return files, beside if (beside / "labels.json").is_file() else folder, commit


def _resolve(revision: str) -> str:
    sha = HfApi().dataset_info(REPOSITORY, revision=revision).sha
    if not sha:
        raise ValueError(f"the hub names no commit for revision {revision}")
    return sha


def _listing(commit: str) -> str:
    try:
        names = HfApi().list_repo_files(REPOSITORY, repo_type="dataset", revision=commit)
    except Exception:  # as in `fetch`; the list is only a help
        return "(the list of files is not available offline)"
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else "no details"
