"""What is known of the hub's files before they are read, and how the files of a commit compare with it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Content(NamedTuple):
    """What identifies a file's content."""

    size: int
    """Bytes."""
    sha256: str | None
    """None where it is not known without reading the file."""


class PublishedFile(NamedTuple):
    """One file of the published data."""

    path: str
    dimension: str
    size: int | None = None
    """Bytes; None where they are not known."""
    sha256: str | None = None


@cache
def published_files() -> dict[str, PublishedFile]:
    """The published files by path. Their facts come from two commits that added them, which the table names.

    A later commit may have replaced any of them.
    """
    table = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return {entry["path"]: PublishedFile(**entry) for entry in table["files"]}


def compared(found: Mapping[str, Content], whole: bool) -> Iterator[tuple[str, str]]:
    """Each data file of a commit, and each published file that it lacks, with what the comparison says.

    Args:
        found: the data files, by path.
        whole: whether these are all files of the commit.
    """
    known = published_files()
    for path, content in found.items():
        yield path, _verdict(known[path], content) if path in known else "new: not among the published files"
    for path in known:
        if path not in found:
            yield path, "published, but not in this commit" if whole else "published, but not downloaded"


def _verdict(known: PublishedFile, found: Content) -> str:
    if known.size is None:
        return f"at a published path: {found.size:,} bytes (what was published there is not known)"
    if found.size != known.size:
        return f"another file than the published one: {found.size:,} bytes, not {known.size:,}"
    if found.sha256 is None or known.sha256 is None:
        return f"published: {found.size:,} bytes (its SHA-256 is not available to compare)"
    if found.sha256 != known.sha256:
        return (
            f"another file than the published one, of the same size: SHA-256 {found.sha256[:12]}…, not "
            f"{known.sha256[:12]}…"
        )
    return f"published: {found.size:,} bytes, and the SHA-256 is the same"
