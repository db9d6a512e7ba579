"""A choice of data -> the files that it is: on the hub, in the package, or on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recrm_tasks.data.formats import on_disk, with_members
from recrm_tasks.data.sources import sample
from recrm_tasks.data.sources.folder import files_of, shown
from recrm_tasks.data.sources.published_files import Content
from recrm_tasks.errors import DataError, RecrmError


@dataclass(frozen=True)
class Origin:
    """Files that are one source."""

    choice: str
    """`hub`, `sample` or `path`."""
    name: str
    """What results call it."""
    names: tuple[str, ...]
    """All its files, relative to its root; those in zip archives on disk as `archive.zip/file`."""
    commit: str | None
    local: Callable[[Sequence[str]], Path]
    """Makes sure that these files are on disk, and gives the root that they lie under."""
    whole: bool = True
    """Whether these are certainly all its files."""
    contents: Mapping[str, Content] = field(default_factory=dict)
    """Of the hub: the size of each file, and its SHA-256 where the hub gives it."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Of a folder: files and folders that are links, and where they lead."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Of a folder: what is not among the names, and why."""
    known: dict[object, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was found out about its files for one dimension, and another one needs too."""

    def card(self) -> str | None:
        """The text of its README.md."""
        if "README.md" not in self.names:
            return None
        return (self.local(["README.md"]) / "README.md").read_text(encoding="utf-8", errors="replace")

    def key(self, names: Sequence[str]) -> list[object]:
        """What identifies the content of these files: a commit, or sizes and times on disk.

        A program can set the time of modification (mtime) as it likes, but not the time of the last change (ctime).
        """
        if self.commit is not None:
            return [self.name, self.commit, *names]
        root = self.local(names)
        stats = [on_disk(root / name).stat() for name in names]
        return [str(root), *((n, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for n, s in zip(names, stats, strict=True))]


def origin_of(choice: str | None, revision: str | None = None) -> Origin:
    """The files of a data choice.

    Args:
        choice: `hub`, `sample` or a path; by default the environment's `RECRM_DATA`, else `hub`.
        revision: of the hub's data; by default `RECRM_REVISION`, else the pinned one.

    Raises:
        RecrmError: there are none, or the hub cannot be asked.
    """
    choice = choice or os.environ.get("RECRM_DATA") or "hub"
    if revision is not None and choice != "hub":
        raise RecrmError(f"a revision belongs to the data choice 'hub', not to {choice!r}")
    if choice == "hub":
        return _hub(revision)
    if choice == "sample":
        folder = Path(sample.__file__).parent
        return Origin("sample", "sample", tuple(sorted(p.name for p in folder.glob("*.jsonl"))), None, lambda _: folder)
    path = Path(os.path.abspath(os.path.expanduser(choice)))
    if shown(str(path)) != str(path):
        raise DataError(f"{shown(str(path))}: this path is not UTF-8 text; rename what is not")
    # Not Path's own tests: they raise for names that no file system takes.
    if os.path.isfile(path):
        beside = [name for name in ("labels.json",) if os.path.isfile(path.parent / name)]
        names = tuple(with_members(path.parent, [path.name, *beside]))
        return Origin("path", path.name, names, None, lambda _names: path.parent)
    if os.path.isdir(path):
        return _folder(path)
    raise DataError(
        f"{path}: no such file or folder. The data choice is 'hub', 'sample', or the path of a data file or a folder "
        'with them (RECRM_DATA, -T data=…, or --metadata \'{"recrm_data": "…"}\').'
    )


def _folder(path: Path) -> Origin:
    found = files_of(path)
    return Origin(
        "path",
        path.name,
        tuple(sorted(with_members(path, found.names))),
        None,
        lambda _names: path,
        links=found.links,
        left_out=found.left_out,
    )


def _hub(revision: str | None) -> Origin:
    # Imported here: a clone that is run with nothing but inspect-ai installed has no huggingface_hub.
    try:
        from recrm_tasks.data.sources.hub import REPOSITORY, fetch, listing
    except ModuleNotFoundError as error:
        raise RecrmError(
            f"the data choice 'hub' needs {error.name}: pip install huggingface-hub. "
            "RECRM_DATA=sample needs nothing, RECRM_DATA=PATH reads records on disk."
        ) from None
    found = listing(revision)
    return Origin(
        "hub",
        REPOSITORY,
        tuple(found.files),
        found.commit,
        lambda wanted: fetch(found, wanted),
        whole=found.whole,
        contents=found.files,
    )
