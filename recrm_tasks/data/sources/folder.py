"""The files of a folder, with those that links lead to."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from recrm_tasks.data.formats import format_of
from recrm_tasks.errors import DataError


@dataclass
class Folder:
    """What a folder has. Paths are relative to it, with `/`."""

    names: list[str] = field(default_factory=list)
    """All files, sorted."""
    links: dict[str, str] = field(default_factory=dict)
    """Files and folders that are links: where they lead, relative if it is within the folder."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Files and folders that are not among the names, and why."""


def files_of(path: Path) -> Folder:
    """Lists a folder.

    Links to files and folders are followed, also out of the folder: the hub's cache consists of them. No folder is read
    twice, and a folder that is there by itself comes before a link to it.

    Raises:
        DataError: a folder, other than a hidden one, cannot be read; or a data file has a name that is not text.
    """
    root = os.path.realpath(path)
    found = Folder()
    seen = {root: "."}
    waiting = _walk(path, "", seen, found)
    starts = [root]
    while waiting:
        name = min(waiting)
        waiting.remove(name)
        target = os.path.realpath(path / name)
        if any(_within(start, target) for start in starts):
            found.left_out[name] = "a link that leads back to a folder that it is in"
        elif target in seen:
            found.left_out[name] = f"a link to a folder that is read already: {seen[target]}"
        else:
            starts.append(target)
            waiting |= _walk(path, name, seen, found)
    found.names.sort()
    return found


def _walk(path: Path, start: str, seen: dict[str, str], found: Folder) -> set[str]:
    """Adds the files below a folder.

    Args:
        path: the whole folder.
        start: where to begin, relative to it.
        seen: the real paths of folders that were read, and their names.
        found: what the files are added to.

    Returns:
        The links to folders that were met.
    """
    root, links, folders = os.path.realpath(path), set(), [start]
    while folders:
        at = folders.pop()
        seen.setdefault(os.path.realpath(path / at), at or ".")
        try:
            with os.scandir(path / at) as entries:
                here = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if not any(part.startswith(".") for part in at.split("/")):
                raise DataError(f"{path / at}: cannot be read: {error.strerror}") from None
            found.left_out[f"{at}/"] = f"hidden, and cannot be read: {error.strerror}"
            continue
        for entry in here:
            name = f"{at}/{entry.name}" if at else entry.name
            if not _is_text(entry.name):
                _refuse_data(path, name, entry.is_dir(follow_symlinks=False))
                found.left_out[shown(name)] = "its name is not UTF-8 text"
                continue
            if entry.is_symlink():
                target = os.path.realpath(entry.path)
                found.links[name] = os.path.relpath(target, root) if _within(target, root) else target
            if not os.path.isdir(entry.path):  # `entry.is_dir` raises for a link to itself
                found.names.append(name)
            elif entry.is_symlink():
                links.add(name)
            elif (real := os.path.realpath(entry.path)) in seen:
                found.left_out[name] = f"a folder that is read already: {seen[real]}"
            else:
                folders.append(name)
    return links


def _within(path: str, folder: str) -> bool:
    """Whether a real path is a folder or in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _is_text(name: str) -> bool:
    """Whether a name is UTF-8; Python has other bytes as lone surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _refuse_data(path: Path, name: str, is_folder: bool) -> None:
    """Results, mappings and messages are UTF-8, so data files must have such names."""
    if not is_folder and format_of(name) is None:
        return
    raise DataError(
        f"{shown(str(path))}: the name of {shown(name)} is not UTF-8 text; rename it (`convmv -f gbk -t utf-8 -r "
        "--notest DIR` renames what a Chinese Windows has named)"
    )


def shown(name: str) -> str:
    """A name as it can be printed: bytes that are not UTF-8 as `\\xb5`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
