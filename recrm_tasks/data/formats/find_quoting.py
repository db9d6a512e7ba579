"""Whether the values of a TSV file are quoted, or its quotes are part of the texts."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from recrm_tasks.data.formats.encoded import LONGEST, lines_of, opened_text
from recrm_tasks.data.formats.text_form import ENTRY
from recrm_tasks.errors import DataError

_QUOTED = re.compile(r'"(?:[^"]|"")*"')

csv.field_size_limit(max(csv.field_size_limit(), LONGEST))


def find_quoting(path: Path, codec: str | None, encoding: str, separator: str) -> bool:
    """Whether values are quoted as RFC 4180 says.

    TSV has no quoting, but programs that write CSV quote in TSV too: all values, or those with a quote, a tab or a line
    break in them. So quotes are no text if the heading is quoted, if rows are whole only with quoting, or if all quoted
    values have doubled quotes in them.

    Raises:
        DataError: some quoted values have doubled quotes, and others are no quoted values at all.
    """
    heading, needed, plain, broken, expected = "", 0, 0, 0, 0
    for line in _lines(path, codec, encoding):
        fields = line.rstrip("\r\n").split(separator)
        if not heading:
            heading, expected = fields[0], len(fields)
        broken += len(fields) != expected
        if '"' in line:
            for field in fields:
                if field.startswith('"') and field != '""':
                    if _QUOTED.fullmatch(field) and '""' in field[1:-1]:
                        needed += 1
                    else:
                        plain += 1
    if not needed and not plain:
        return False
    whole, broken_if_quoted = _as_quoted(path, codec, encoding, separator)
    if whole and (_QUOTED.fullmatch(heading) or broken > broken_if_quoted or (needed and not plain)):
        return True
    if needed and (plain > broken or not whole):
        raise DataError(
            f"{path}: some values are quoted, with doubled quotes in them, and others have single quotes at their "
            f"start; `quoting: true` or `quoting: false` {ENTRY} says whether quotes are part of the texts"
        )
    return False


def _as_quoted(path: Path, codec: str | None, encoding: str, separator: str) -> tuple[bool, int]:
    """Whether all values that begin with a quote are quoted, and the number of rows that then have other fields."""
    broken, expected = 0, 0
    try:
        for row in csv.reader(_lines(path, codec, encoding), delimiter=separator, strict=True):
            expected = expected or len(row)
            broken += bool(row) and len(row) != expected
    except csv.Error:
        return False, broken
    return True, broken


def _lines(path: Path, codec: str | None, encoding: str) -> Iterator[str]:
    with opened_text(path, codec, encoding) as stream:
        yield from lines_of(stream, path)
