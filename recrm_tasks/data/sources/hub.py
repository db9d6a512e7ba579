"""RecRM-Bench on the Hugging Face hub: the files of a commit, and downloads of those that are needed."""

from __future__ import annotations

import errno
import glob
import json
import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from recrm_tasks.data.store.arrow_store import cache_folder
from recrm_tasks.errors import DataError

REPOSITORY = "wwzeng/RecRM-Bench"
REVISION = "main"
"""What is read when nobody names a revision. A branch is resolved to its commit first, and results carry the commit."""

_COMMIT = re.compile(r"[0-9a-f]{40}")


def listing(revision: str | None = None) -> tuple[str, tuple[str, ...]]:
    """The commit that a revision means, and the names of its files.

    A commit's list never changes: it is kept beside the checked records, so that offline runs need the commit only.

    Args:
        revision: branch, tag or commit; by default the environment's `RECRM_REVISION`, else `REVISION`.

    Raises:
        DataError: the hub cannot be asked, or does not have it.
    """
    wanted = revision or os.environ.get("RECRM_REVISION") or REVISION
    try:
        # A branch is resolved to its commit first: only a commit names the same rows tomorrow.
        commit = wanted if _COMMIT.fullmatch(wanted) else _resolve(wanted)
        return commit, tuple(_sizes(commit))
    except Exception as error:  # beside its own errors, the hub client raises those of its HTTP library
        raise _refusal(wanted, error) from None


def fetch(commit: str, names: Sequence[str]) -> Path:
    """Downloads files of a commit, or takes them from the hub's cache.

    Returns:
        The folder that they lie in.

    Raises:
        DataError: one of them is not available or not complete.
    """
    try:
        patterns = [glob.escape(name) for name in names]
        folder = Path(snapshot_download(REPOSITORY, repo_type="dataset", revision=commit, allow_patterns=patterns))
        sizes = _sizes(commit)
    except Exception as error:  # as in `listing`
        raise _refusal(commit, error, names) from None
    for name in names:
        file = folder / name
        if not file.is_file():
            raise DataError(
                f"{REPOSITORY} at {commit}: {name} is not in the hub's cache, and the hub cannot be asked for it "
                "(HF_HUB_OFFLINE, or no network)"
            )
        if file.stat().st_size != sizes[name]:
            raise DataError(
                f"{REPOSITORY} at {commit}: {name} has {file.stat().st_size} bytes in the hub's cache, but "
                f"{sizes[name]} on the hub: it is not complete. Remove {file.resolve()}, and run again"
            )
    return folder


def _resolve(revision: str) -> str:
    sha = HfApi().dataset_info(REPOSITORY, revision=revision).sha
    if not sha:
        raise ValueError(f"the hub names no commit for revision {revision}")
    return sha


def _sizes(commit: str) -> dict[str, int]:
    """The files of a commit and their bytes."""
    kept = cache_folder() / "hub" / f"{commit}.json"
    try:
        known: dict[str, int] = json.loads(kept.read_text(encoding="utf-8"))
        return known
    except (OSError, ValueError):
        pass
    tree = HfApi().list_repo_tree(REPOSITORY, repo_type="dataset", revision=commit, recursive=True)
    sizes = {entry.path: entry.size for entry in tree if isinstance(entry, RepoFile)}
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=kept.parent, delete=False, encoding="utf-8") as file:
        json.dump(sizes, file)
    os.replace(file.name, kept)
    return sizes


def _refusal(revision: str, error: Exception, names: Sequence[str] = ()) -> DataError:
    way_out = (
        "Set RECRM_DATA=sample to try the tasks on the small sample that comes with this package (its numbers are not "
        "the benchmark's), or RECRM_DATA=PATH to use files on disk."
    )
    wanted = f", {', '.join(names)}" if names else ""
    return DataError(f"{REPOSITORY} (revision {revision}{wanted}): {_reason(revision, error)}\n{way_out}")


def _reason(revision: str, error: Exception) -> str:
    said = f"{type(error).__name__}: {' '.join(str(error).split())[:300] or 'no details'}"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no space left for the download; HF_HOME names the folder of the hub's cache"
    if isinstance(error, RevisionNotFoundError):
        return "there is no such revision on the hub (any more). Remove RECRM_REVISION, or name one that exists"
    if isinstance(error, GatedRepoError | RepositoryNotFoundError) or status in (401, 403):
        return (
            f"the hub does not show it to you ({said}): it is private, gated or gone. `hf auth login`, or HF_TOKEN, "
            "says who you are"
        )
    if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
        return f"a file is not there (any more): {said}"
    if isinstance(error, HfHubHTTPError) and status is not None:
        return f"the hub answers {status}: {said}"
    known = sorted(file.stem for file in (cache_folder() / "hub").glob("*.json"))
    cached = f"; known from earlier runs: {', '.join(known)}" if known else ""
    if isinstance(error, OfflineModeIsEnabled | LocalEntryNotFoundError):
        said = f"offline, and not in the cache ({said})"
    else:
        said = f"the hub cannot be reached ({said})"
    if _COMMIT.fullmatch(revision):
        return f"{said}{cached}"
    return f"{said}. With a cached copy, set RECRM_REVISION to its commit{cached}"
