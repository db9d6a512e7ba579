"""RecRM-Bench on the Hugging Face hub: the files of a commit, and downloads of those that are needed."""

from __future__ import annotations

import errno
import glob
import json
import logging
import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from huggingface_hub import HfApi, constants, snapshot_download
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

from recrm_tasks.data.sources.published_files import Content
from recrm_tasks.data.store.arrow_store import cache_folder
from recrm_tasks.errors import DataError

_log = logging.getLogger(__name__)

REPOSITORY = "wwzeng/RecRM-Bench"
REVISION = "main"
"""What is read when nobody names a revision. A branch is resolved to its commit first, and results carry the commit."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PART_OF = re.compile(r"(.*-)(\d{5})(-of-(\d{5})\..*)")
"""`train-00000-of-00003.parquet`: the name of a file that is one of several."""


class Listing(NamedTuple):
    """The files of one commit."""

    commit: str
    files: dict[str, Content]
    """The size of each file, by its path, and the SHA-256 of those in large file storage."""
    whole: bool
    """Whether these are all files of the commit; otherwise only those in the hub's cache are known."""


def listing(revision: str | None = None) -> Listing:
    """The commit that a revision means, and its files.

    A branch means what the hub says, and with HF_HUB_OFFLINE what the hub's cache says. The files of a commit never
    change: their list is kept beside the checked records, and newer clients keep one in the hub's cache. Offline and
    without a list, the files in the hub's cache are taken, and `whole` is false.

    Args:
        revision: branch, tag or commit; by default the environment's `RECRM_REVISION`, else `REVISION`.

    Raises:
        DataError: the hub cannot be asked, or does not have it; or one of several parts of a file is missing.
    """
    wanted = revision or os.environ.get("RECRM_REVISION") or REVISION
    try:
        # A branch is resolved to its commit first: only a commit names the same rows tomorrow.
        commit = wanted if _COMMIT.fullmatch(wanted) else _resolve(wanted)
        found = _listing(commit)
    except Exception as error:  # beside its own errors, the hub client raises those of its HTTP library
        raise _refusal(wanted, error) from None
    if not found.whole:
        _check_parts(found)
        _log.warning(
            "%s at %s: offline, and without the hub's list of files: what is read is what the hub's cache has: %s",
            REPOSITORY,
            found.commit,
            ", ".join(found.files),
        )
    return found


def fetch(found: Listing, names: Sequence[str]) -> Path:
    """Downloads files of a commit, or takes them from the hub's cache.

    Returns:
        The folder that they lie in.

    Raises:
        DataError: one of them is not available or not complete.
    """
    commit = found.commit
    try:
        patterns = [glob.escape(name) for name in names]
        folder = Path(snapshot_download(REPOSITORY, repo_type="dataset", revision=commit, allow_patterns=patterns))
    except Exception as error:  # as in `listing`
        raise _refusal(commit, error, names) from None
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:  # older clients return the folder of a commit without looking at its files
        raise _refusal(commit, LocalEntryNotFoundError("no such file"), missing)
    for name in names:
        file = folder / name
        if file.stat().st_size != found.files[name].size:
            raise DataError(
                f"{REPOSITORY} at {commit}: {name} has {file.stat().st_size} bytes in the hub's cache, but "
                f"{found.files[name].size} on the hub: it is not complete. Remove {file.resolve()}, and run again"
            )
    return folder


@contextmanager
def only_cached() -> Iterator[None]:
    """Within it the hub is not asked: what its cache lacks is an error."""
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@cache
def _resolve(revision: str) -> str:
    """The commit that a branch or tag means: one for the whole process, so that a run never mixes two."""
    try:
        sha = HfApi().dataset_info(REPOSITORY, revision=revision).sha
    except OfflineModeIsEnabled:
        return _snapshot(revision).name
    if not sha:
        raise ValueError(f"the hub names no commit for revision {revision}")
    # By its branch, so that the client notes the branch's commit in its cache, for offline runs.
    snapshot_download(REPOSITORY, repo_type="dataset", revision=revision, allow_patterns=["README.md"])
    return sha


def _listing(commit: str) -> Listing:
    kept = _lists() / f"{commit}.json"
    try:
        known = json.loads(kept.read_text(encoding="utf-8"))
        return Listing(commit, {path: Content(*content) for path, content in known.items()}, whole=True)
    except (OSError, ValueError, TypeError):
        pass
    # The hub's own list first: only this one has the SHA-256 of files that are not downloaded.
    try:
        tree = HfApi().list_repo_tree(REPOSITORY, repo_type="dataset", revision=commit, recursive=True)
        files = {
            entry.path: Content(entry.size, entry.lfs.sha256 if entry.lfs else None)
            for entry in tree
            if isinstance(entry, RepoFile)
        }
    except Exception as error:
        listed = _listed_in_cache(commit)
        if listed is not None:
            return Listing(commit, listed, whole=True)
        if isinstance(error, OfflineModeIsEnabled):
            return Listing(commit, _contents_in(_snapshot(commit)), whole=False)
        raise
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=kept.parent, delete=False, encoding="utf-8") as file:
        json.dump(files, file)
    os.replace(file.name, kept)
    return Listing(commit, files, whole=True)


def _lists() -> Path:
    """Where the lists of commits are kept."""
    return cache_folder() / "hub-files"


def _listed_in_cache(commit: str) -> dict[str, Content] | None:
    """The list that newer clients keep of a commit from which they have downloaded; None without one."""
    try:
        from huggingface_hub import get_cached_repo_tree
        from huggingface_hub.errors import CachedRepoTreeNotFoundError
    except ImportError:
        return None
    try:
        listed = get_cached_repo_tree(REPOSITORY, repo_type="dataset", revision=commit)
    except CachedRepoTreeNotFoundError:
        return None
    downloaded = _contents_in(_folder() / "snapshots" / commit)
    return {file.path: downloaded.get(file.path, Content(file.size, None))._replace(size=file.size) for file in listed}


def _snapshot(revision: str) -> Path:
    """The folder of a revision's commit in the hub's cache, whatever files it has."""
    return Path(
        snapshot_download(REPOSITORY, repo_type="dataset", revision=revision, local_files_only=True, allow_patterns=[])
    )


def _contents_in(folder: Path) -> dict[str, Content]:
    """The files that were downloaded. The hub's client calls a file in large file storage by its SHA-256."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    names = {file: file.resolve().name for file in files}
    return {
        file.relative_to(folder).as_posix(): Content(file.stat().st_size, name if _SHA256.fullmatch(name) else None)
        for file, name in names.items()
    }


def _check_parts(found: Listing) -> None:
    """Refuses a file of several parts that is not there as a whole."""
    missing = []
    for name in found.files:
        if match := _PART_OF.fullmatch(name):
            head, _, tail, count = match.groups()
            missing += [part for i in range(int(count)) if (part := f"{head}{i:05}{tail}") not in found.files]
    if missing:
        raise _refusal(found.commit, LocalEntryNotFoundError("parts of a file are missing"), sorted(set(missing)))


def _refusal(revision: str, error: Exception, names: Sequence[str] = ()) -> DataError:
    way_out = (
        "Set RECRM_DATA=sample to try the tasks on the small sample that comes with this package (its numbers are not "
        "the benchmark's), or RECRM_DATA=PATH to use files on disk."
    )
    wanted = f", {', '.join(names)}" if names else ""
    return DataError(f"{REPOSITORY} (revision {revision}{wanted}): {_reason(revision, error, names)}\n{way_out}")


def _reason(revision: str, error: Exception, names: Sequence[str]) -> str:
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
    known = sorted(
        {file.stem for file in _lists().glob("*.json")} | {path.name for path in _folder().glob("snapshots/*")}
    )
    cached = f" Commits in the caches: {', '.join(known)}." if known else ""
    if not isinstance(error, OfflineModeIsEnabled | LocalEntryNotFoundError):
        return f"the hub cannot be reached ({said}). HF_HUB_OFFLINE=1 uses what the hub's cache has.{cached}"
    offline = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else said
    at = [] if revision == REVISION else ["--revision", revision]
    command = shlex.join(["hf", "download", REPOSITORY, "--repo-type", "dataset", *at, *names])
    return (
        f"not in the hub's cache, {_folder()}, and offline ({offline}). Where there is a network, run `{command}` with "
        f"the same HF_HOME or HF_HUB_CACHE.{cached}"
    )


def _folder() -> Path:
    """Where the hub's cache has this repository."""
    return Path(constants.HF_HUB_CACHE) / f"datasets--{REPOSITORY.replace('/', '--')}"
