"""Texts in any encoding as streams of UTF-8."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from recrm_tasks.data.formats.chunk import opened
from recrm_tasks.errors import DataError

LONGEST = 1 << 24
"""Bytes of a row: no row may be longer."""
_BLOCK = 1 << 20
_STATED = re.compile(rb"sep=([^\r\n\w])\r?\n", re.IGNORECASE)
"""A first line that tells Excel what separates the fields of a table."""


class Bytes(Protocol):
    """What can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end."""
        ...


@contextmanager
def opened_text(path: Path, codec: str | None, encoding: str | None) -> Iterator[Utf8]:
    """A file's text as a stream of UTF-8, decompressed, without a byte order mark or a first line such as `sep=;`.

    Args:
        path: the file.
        codec: its compression.
        encoding: a codec of Python; by default UTF-8.

    Raises:
        DataError: on reading, at the first byte that is not text in this encoding; names the line.
    """
    with opened(path, codec) as stream:
        yield Utf8(stream, path, encoding or "utf-8")


def lines_of(stream: Utf8, path: Path) -> Iterator[str]:
    """The lines of a text, each with a line feed at its end, whichever ends it has in the file.

    Raises:
        DataError: one is longer than 16 MiB, or as for `opened_text`.
    """
    rest = b""
    while block := stream.read(_BLOCK):
        while block.endswith(b"\r") and (more := stream.read(1)):
            block += more
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        whole, end, rest = (rest + block).rpartition(b"\n")
        if len(rest) > LONGEST:
            raise DataError(f"{path}: a row is longer than {LONGEST >> 20} MiB")
        yield from (f"{line}\n" for line in (whole + end).decode().split("\n")[:-1])
    if rest:
        yield rest.decode()


class Utf8(io.RawIOBase):
    """A stream of text as UTF-8, each byte of which was checked."""

    def __init__(self, stream: Bytes, path: Path, encoding: str) -> None:
        self._stream, self._path, self._encoding, self._line = stream, path, encoding, 1
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._same = codecs.lookup(encoding).name == "utf-8"
        self._first = True
        self.separator: str | None = None
        """What the first line says that separates the fields, once it is read."""

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes of UTF-8; about as many as asked for."""
        while True:
            block = bytes(self._stream.read(size))
            try:
                text = self._decoder.decode(block, final=not block)
            except UnicodeError as error:
                at = self._line + block.count(b"\n", 0, getattr(error, "start", 0))
                name = "UTF-8" if self._same else self._encoding
                reason = getattr(error, "reason", None) or str(error)
                raise DataError(f"{self._path}, line {at}: not {name} text ({reason})") from None
            said = block if self._same else text.encode("utf-8", "surrogatepass")
            if self._first and said:
                said, self._first = said.removeprefix(codecs.BOM_UTF8), False
                if stated := _STATED.match(said):
                    self.separator, said = stated[1].decode(), said[stated.end() :]
                    self._line += 1
            self._line += said.count(b"\n")
            if said or not block:
                return said
