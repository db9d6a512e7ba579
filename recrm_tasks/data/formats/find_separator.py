"""What separates the fields of a text table, by its first rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

from recrm_tasks.data.formats.text_form import BLANKS, ENTRY, in_words
from recrm_tasks.errors import DataError

_ROWS = 200
_USUAL = {"csv": ",", "tsv": "\t"}
_CANDIDATES = (",", ";", "\t", "|")


def usual_separator(ending: str) -> str:
    """What separates the fields of files with that extension."""
    return _USUAL.get(ending, "\t")


def find_separator(start: str, ending: str, quoting: bool, names: int | None, where: str) -> str:
    """What separates the fields.

    What is usual for the extension, unless it fits no row and one other separator gives all rows as many fields as the
    heading has.

    Args:
        start: the first part of the text; its last row may be cut.
        ending: the file's extension.
        quoting: whether fields may be quoted.
        names: the number of columns, if they are named beside the file.
        where: the file, for messages.

    Raises:
        DataError: there is nothing usual, or it is not there, and not exactly one other fits.
    """
    usual = _USUAL.get(ending)
    more = ("::", BLANKS) if usual is None else ()
    shares: dict[str, float] = {}
    for separator in (*_CANDIDATES, *more):
        sizes = _sizes(start, separator, quoting and len(separator) == 1)
        columns = names or next(iter(sizes), 0)
        rows = sizes if names else sizes[1:]
        if columns > 1 and (rows or not names):
            shares[separator] = sum(size == columns for size in rows) / len(rows) if rows else 1.0
    if usual is not None and usual in shares and (shares[usual] > 0 or max(shares.values()) < 1):
        return usual
    best = [separator for separator, share in shares.items() if share > 0.5 and share == max(shares.values())]
    if BLANKS in best and len(best) > 1:  # tabs are blanks too
        best.remove(BLANKS)
    if len(best) == 1:
        return best[0]
    if len(best) > 1:
        raise DataError(
            f"{where}: the fields may be separated by {' or by '.join(map(in_words, best))}; `separator:` {ENTRY} "
            "says by what"
        )
    if usual is None:
        raise DataError(
            f"{where}: nothing gives every row {names or 'as many'} fields; `separator:` {ENTRY} says what does"
        )
    return usual


def _sizes(start: str, separator: str, quoting: bool) -> list[int]:
    """The number of fields in each of the first rows."""
    rows = list(islice(fields_of(start, separator, quoting), _ROWS + 1))
    return [len(row) for row in (rows[:-1] if len(rows) > 1 and not start.endswith(("\n", "\r")) else rows)]


def fields_of(text: str, separator: str, quoting: bool) -> Iterator[list[str]]:
    """The fields of each row that is not blank."""
    if quoting:
        try:
            yield from (row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row)
        except csv.Error:  # a field of more than 128 KiB, and before Python 3.11 a NUL character
            return
    else:
        yield from (split(line, separator) for line in io.StringIO(text) if line.strip())


def split(line: str, separator: str) -> list[str]:
    """The fields of a line without quotes."""
    return line.split() if separator == BLANKS else line.rstrip("\r\n").split(separator)
