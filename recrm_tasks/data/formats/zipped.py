"""Files within a zip archive, as paths below it: `logs.zip/ratings.csv`. They are read as they are unpacked."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from recrm_tasks.errors import DataError

LIMIT = 32 << 30
"""Bytes that an archive, or a compressed file that has to be unpacked as a whole, may unpack to."""
_UTF8 = 0x800
_ENCRYPTED = 0x1


class Place(NamedTuple):
    """A file on disk, and what it has inside."""

    archive: Path
    member: str


def place_of(path: Path) -> Place | None:
    """The archive that a path leads into; None for a path of a file on disk."""
    if ".zip" not in str(path).lower():
        return None
    for folder in path.parents:
        if folder.suffix.lower() == ".zip" and folder.is_file():
            return Place(folder, path.relative_to(folder).as_posix())
    return None


def on_disk(path: Path) -> Path:
    """The file on disk that has a path's content: itself, or the archive that it is in."""
    place = place_of(path)
    return place.archive if place else path


def size_of(path: Path) -> int:
    """The size of a file in bytes, unpacked if it is in an archive.

    Raises:
        DataError: the archive cannot be read, or there is no such file in it.
        OSError: there is no such file on disk.
    """
    place = place_of(path)
    return _member(place).file_size if place else path.stat().st_size


def names_in(archive: Path) -> list[str]:
    """The files in an archive.

    Raises:
        DataError: it cannot be read.
    """
    return list(_members(archive))


def with_members(folder: Path, names: Iterable[str]) -> Iterator[str]:
    """The names of files, with those of the files in zip archives in place of the archives.

    An archive that cannot be read stays: whoever reads it gets the reason.
    """
    for name in names:
        if name.lower().endswith(".zip"):
            try:
                found = names_in(folder / name)
            except DataError:
                found = []
            if found:
                yield from (f"{name}/{member}" for member in found)
                continue
        yield name


def opened_member(place: Place) -> io.RawIOBase:
    """A file in an archive as a stream.

    Raises:
        DataError: it cannot be read, or is not there.
    """
    member = _member(place)
    if member.flag_bits & _ENCRYPTED:
        raise DataError(f"{place.archive}: {place.member} needs a password; unpack the archive, and name its folder")
    return _Stream(place, member)


def _member(place: Place) -> zipfile.ZipInfo:
    members = _members(place.archive)
    if place.member not in members:
        raise DataError(f"{place.archive}: there is no {place.member} in it; it has {few(members)}")
    return members[place.member]


def few(names: Iterable[str]) -> str:
    """The first names, in words."""
    names = list(names)
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "") if names else "no files"


def _members(archive: Path) -> dict[str, zipfile.ZipInfo]:
    if place_of(archive) is not None:
        raise DataError(f"{archive}: an archive within an archive; unpack the outer one, and name its folder")
    try:
        stat = archive.stat()
    except OSError as error:
        raise DataError(f"{archive}: cannot be read: {error.strerror}") from None
    return _listed(archive, (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))


@lru_cache(maxsize=64)
def _listed(archive: Path, _as_of: tuple[int, ...]) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(archive) as content:
            members = [member for member in content.infolist() if not member.is_dir()]
    except (zipfile.BadZipFile, ValueError, OverflowError) as error:
        raise DataError(f"{archive}: not a zip archive, or a part of it is missing: {error}") from None
    except NotImplementedError as error:
        raise DataError(f"{archive}: cannot be read: {error}") from None
    except OSError as error:
        raise DataError(f"{archive}: cannot be read: {error.strerror}") from None
    size = sum(member.file_size for member in members)
    if size > LIMIT:
        raise DataError(
            f"{archive}: it would unpack to {size / (1 << 30):,.0f} GiB; archives are read up to {LIMIT >> 30} GiB. "
            "Unpack it, and name the folder"
        )
    named = [(_name_of(member), member) for member in members]
    named = [(name, member) for name, member in named if not name.startswith("__MACOSX/")]
    for name, times in Counter(name for name, _ in named).items():
        parts = PurePosixPath(name).parts
        if times > 1:
            raise DataError(f"{archive}: two files in it have the name {name}")
        if not name or name.startswith("/") or ".." in parts or "\x00" in name:
            raise DataError(f"{archive}: a file in it has the name {name!r}, which leads out of it")
    return dict(named)


def _name_of(member: zipfile.ZipInfo) -> str:
    """The name of a file in an archive. Chinese Windows writes names in GBK, which zipfile takes for code page 437."""
    name = member.filename.replace("\\", "/")
    if member.flag_bits & _UTF8 or name.isascii():
        return name
    for encoding in ("utf-8", "gb18030"):
        try:
            return name.encode("cp437").decode(encoding)
        except UnicodeError:
            continue
    return name


class _Stream(io.RawIOBase):
    """A file in an archive; errors of its compression are errors of reading."""

    def __init__(self, place: Place, member: zipfile.ZipInfo) -> None:
        self._place, self._archive = place, zipfile.ZipFile(place.archive)
        try:
            self._stream = self._archive.open(member)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
            self._archive.close()
            raise DataError(f"{place.archive}: {place.member} cannot be read: {error}") from None

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        try:
            return self._stream.read(-1 if size is None else size)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, OSError) as error:
            raise DataError(f"{self._place.archive}: {self._place.member} cannot be unpacked: {error}") from None

    def close(self) -> None:
        """Closes the archive too."""
        if not self.closed:
            self._stream.close()
            self._archive.close()
        super().close()
