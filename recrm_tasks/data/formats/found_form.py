"""The form of a text table: what is said of it, and what is found out."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from recrm_tasks.data.formats.encoded import opened_text
from recrm_tasks.data.formats.find_encoding import find_encoding
from recrm_tasks.data.formats.find_quoting import find_quoting
from recrm_tasks.data.formats.find_separator import fields_of, find_separator, usual_separator
from recrm_tasks.data.formats.text_form import TextForm, in_words
from recrm_tasks.data.formats.zipped import on_disk

_START = 1 << 20
"""Bytes that a separator is found by."""
_COMMA = re.compile(r"[+-]?\d+,\d+")


def found_form(path: Path, ending: str, codec: str | None, form: TextForm) -> TextForm:
    """The form with its separator, encoding and quoting.

    Args:
        path: the file.
        ending: `csv`, `tsv` or, for others, `txt`.
        codec: its compression.
        form: what is said of it, which is not looked for.

    Raises:
        DataError: it cannot be found out with certainty; names the key that says it.
    """
    stat = on_disk(path).stat()
    return _found(path, ending, codec, form, (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))


@lru_cache(maxsize=4_096)
def _found(path: Path, ending: str, codec: str | None, form: TextForm, _as_of: tuple[int, ...]) -> TextForm:
    encoding = form.encoding or find_encoding(path, codec)
    start, stated = _start(path, codec, encoding)
    separator, quoting = form.separator or stated, form.quoting
    if separator is None:
        names = None if form.names is None else len(form.names)
        separator = find_separator(start, ending, quoting or ending == "csv", names, str(path))
    if quoting is None and ending == "tsv" and separator == "\t":
        quoting = find_quoting(path, codec, encoding, separator)
    elif quoting is None:
        quoting = ending == "csv" and len(separator) == 1
    return TextForm(separator, form.names, encoding, quoting, form.decimal)


def _start(path: Path, codec: str | None, encoding: str) -> tuple[str, str | None]:
    """The first part of a text, and the separator that its first line states."""
    with opened_text(path, codec, encoding) as stream:
        text = codecs.getincrementaldecoder("utf-8")().decode(stream.read(_START))
        return text, stream.separator


def differences(path: Path, ending: str, codec: str | None, said: TextForm) -> Iterator[str]:
    """What was found out about a table and is not what is usual for its name, in words.

    Args:
        path: the file.
        ending: as for `found_form`.
        codec: its compression.
        said: what is said of it.
    """
    found = found_form(path, ending, codec, said)
    assert found.separator is not None
    assert found.encoding is not None
    if said.encoding is None and found.encoding != "utf-8":
        yield f"encoding {found.encoding}"
    if said.separator is None and found.separator != usual_separator(ending):
        yield f"separated by {in_words(found.separator)}"
    if said.quoting is None and found.quoting and ending == "tsv":
        yield "values are quoted"
    if found.decimal is None and found.separator != ",":
        start, _ = _start(path, codec, found.encoding)
        rows = islice(fields_of(start, found.separator, bool(found.quoting)), 1, 200)
        shown = next((field for row in rows for field in row if _COMMA.fullmatch(field)), None)
        if shown is not None:
            yield f"{shown} stays a text (`decimal: ','` makes numbers of such values)"
