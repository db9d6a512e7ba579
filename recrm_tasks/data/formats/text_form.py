"""How a text table is written: what separates its fields, whether it has a heading, its encoding."""

from __future__ import annotations

import codecs
from collections import Counter
from dataclasses import dataclass, fields

from recrm_tasks.errors import DataError

ENTRY = "in the file's entry in a mapping.yaml or recipe"
"""Where a person says how a file is written, for messages."""
BLANKS = " "
"""As a separator: blanks and tabs, one or more of them, as in files of TREC."""


@dataclass(frozen=True)
class TextForm:
    """What a person says of a text table, or what was found out. None: find out, or take what is usual."""

    separator: str | None = None
    """One or several characters between the fields, such as `;` or `::`; one blank stands for any number of them."""
    names: tuple[str, ...] | None = None
    """The columns of a file without a heading line."""
    encoding: str | None = None
    """A codec of Python, such as `gb18030` or `utf-16`; by default UTF-8. Also of JSON."""
    quoting: bool | None = None
    """Whether values may be quoted as RFC 4180 says. By default those of CSV are, and those of TSV if that is
    plain to see; in others a quote is text."""
    decimal: str | None = None
    """`,` if numbers have decimal commas; they are read with a point."""
    sheet: str | None = None
    """Of Excel files: the sheet."""

    def __post_init__(self) -> None:
        """Refuses what no file can be written in.

        Raises:
            DataError: names the key.
        """
        if self.separator is not None and (not self.separator or set(self.separator) & set('\r\n"')):
            raise DataError(f"separator: {self.separator!r} cannot be between the fields of a line")
        if self.names is not None:
            twice = [name for name, times in Counter(self.names).items() if times > 1]
            if not self.names or twice:
                raise DataError(f"names: {f'duplicate column {twice[0]!r}' if twice else 'there are none'}")
        if self.encoding is not None:
            try:
                known = codecs.lookup(self.encoding)
            except (LookupError, ValueError):
                known = None
            if known is None or not getattr(known, "_is_text_encoding", True):
                raise DataError(f"encoding: {self.encoding!r} is not known; gb18030, utf-16, cp1252 are, for example")
        if self.decimal not in (None, ".", ","):
            raise DataError(f"decimal: {self.decimal!r} is no decimal mark; it is . or ,")
        if self.quoting and len(self.separator or ",") > 1:
            raise DataError("quoting: only a separator of one character can be between quoted values")

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return any(getattr(self, field.name) is not None for field in fields(self))


def in_words(separator: str) -> str:
    """A separator as a message names it."""
    known = {",": "commas", ";": "semicolons", "\t": "tabs", BLANKS: "blanks"}
    return known.get(separator, repr(separator))
