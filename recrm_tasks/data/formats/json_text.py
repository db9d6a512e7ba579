"""JSON Lines, JSON arrays of objects, and JSON objects with rows inside.

Blocks of lines are decoded by pyarrow, with the types of some of the block's lines. A block that pyarrow cannot read
as it is (another type, a new field, a broken line, objects with their keys in another order) is decoded line by line by
the standard library, which names the line. Both ways give every record the same texts.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from recrm_tasks.data.formats.chunk import Chunk, Rows, opened
from recrm_tasks.data.formats.encoded import Bytes, opened_text
from recrm_tasks.data.formats.json_object import HOLDERS, SPLIT_NAMES, Found, Unclear, rows_in
from recrm_tasks.data.formats.text_form import TextForm
from recrm_tasks.data.formats.texts import DEEPEST, column_of, compact, holds_large_floats, too_deep
from recrm_tasks.errors import DataError

_BLOCK = 1 << 24
LONGEST = 1 << 26
"""Bytes of the longest line: 64 MiB. What is longer is hardly one record."""
_ROWS = 8_192
_SNIFFED = 64
"""Lines per block that the block's types are taken from."""
_BOM = b"\xef\xbb\xbf"


def read_json(path: Path, ending: str, codec: str | None, form: TextForm) -> Iterator[Chunk]:
    """Objects, one per line or in arrays, as columns; the first characters say which form it is."""
    with _opened(path, codec, form) as stream:
        start = _start(path, stream)
        arrays, start = _arrays(path, stream, start, ending)
        if arrays is not None:
            yield from map(_chunk, _rows_of(arrays.rows))
            return
        blocks = _Blocks()
        for block, line in _lines(path, stream, start):
            batch = blocks.columns(block)
            if batch is not None:
                yield Chunk(batch, np.arange(line, line + batch.num_rows), "line")
            else:
                yield from map(_chunk, _decoded(path, block, line))


def read_json_rows(path: Path, ending: str, codec: str | None, form: TextForm) -> Iterator[Rows]:
    """The same objects as they are."""
    with _opened(path, codec, form) as stream:
        start = _start(path, stream)
        arrays, start = _arrays(path, stream, start, ending)
        if arrays is not None:
            yield from _rows_of(arrays.rows)
            return
        for block, line in _lines(path, stream, start):
            yield from _decoded(path, block, line)


def _opened(path: Path, codec: str | None, form: TextForm) -> AbstractContextManager[Bytes]:
    """The file's bytes as they are, of which errors name the record; those of another encoding as UTF-8."""
    if form.encoding is None:
        stream: AbstractContextManager[Bytes] = opened(path, codec)
        return stream
    return opened_text(path, codec, form.encoding)


def layout_of(path: Path, ending: str, codec: str | None, form: TextForm) -> str:
    """How rows are written in a JSON file that is one object, in words; empty for lines and arrays.

    Raises:
        DataError: it cannot be read, or in two ways.
    """
    with _opened(path, codec, form) as stream:
        found, _ = _arrays(path, stream, _start(path, stream), ending)
    return found.how if found else ""


def parse(line: str) -> dict[str, Any] | str:
    """The object of one line, or why it cannot be used."""
    try:
        row = DECODER.decode(line)
    except (ValueError, RecursionError) as error:  # ValueError also for integers of thousands of digits
        return f"not valid JSON: {error}"
    return _usable(row, line)


def _start(path: Path, stream: Bytes) -> bytes:
    start: bytes = stream.read(_BLOCK)
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{path}: not UTF-8 text but UTF-16; a data file is in UTF-8")
    return start.removeprefix(_BOM)


def _arrays(path: Path, stream: Bytes, start: bytes, ending: str) -> tuple[Found | None, bytes]:
    """The values of a file that is an array of objects, or one object with rows inside; None for lines.

    A line that happens to be a list stays a line, and so does an object on one line that is a row itself.

    Returns:
        What was found, and the start of the text, of which more may have been read.
    """
    if re.match(rb"\s*\[\s*(?:\{|$)", start):
        return Found("", _elements(path, stream, re.sub(rb"\A\s*\[", b"", start, count=1), None)), start
    if ending != "json" or not start.lstrip().startswith(b"{") or _is_line(start):
        return None, start
    streamed = _streamed(path, stream, start)
    if streamed is not None and len(start) >= _BLOCK:
        return streamed, start
    while len(start) <= LONGEST and (more := stream.read(_BLOCK)):
        start += more
    if len(start) > LONGEST:
        raise DataError(
            f"{path}: one JSON object of more than {LONGEST >> 20} MiB, which is read as a whole; write its "
            "rows as JSON Lines"
        )
    text = start.strip()
    try:
        value = DECODER.decode(text.decode())
        found = rows_in(value)
    except Unclear as error:
        raise DataError(f"{path}: one JSON object with {error} Write its rows as an array of objects") from None
    except (ValueError, RecursionError) as error:
        if streamed is not None:
            return _streamed(path, stream, start), start
        if _UNFINISHED.match(text):
            raise DataError(f"{path}: not valid JSON: {error}. It begins as one object over several lines") from None
        return None, start
    return (found or Found("", [value]) if found or b"\n" in text else None), start


def _is_line(start: bytes) -> bool:
    """Whether the first line is an object, or the beginning of none that goes on, and more lines follow."""
    line, end, rest = start.lstrip().partition(b"\n")
    return bool(end and rest.strip()) and not _UNFINISHED.match(line + end)


_UNFINISHED = re.compile(rb"[^\n]*[{\[,:]\s*\n")
"""A first line behind which an object goes on."""


def _streamed(path: Path, stream: Bytes, start: bytes) -> Found | None:
    """The rows of lists in an object as the text comes in, if it begins with one of them."""
    first = _SPLIT.match(start)
    if first and _name(first).casefold() in SPLIT_NAMES:
        return Found("rows by split", _of_splits(path, stream, start))
    holder = _HOLDER.match(start)
    if holder and _name(holder).casefold() in HOLDERS:
        return Found(f"rows below {_name(holder)!r}", _below(path, stream, start[holder.end() :]))
    return None


_SPLIT = re.compile(rb'\s*[{,]\s*"([^"\\]{1,80})"\s*:\s*\[(?=\s*[{\]])')
_PLAIN = rb'"[^"\\]{1,80}"\s*:\s*(?:"(?:[^"\\]|\\.){0,1000}"|[-\w.+]{1,40})\s*'
_HOLDER = re.compile(rb"\s*\{\s*(?:" + _PLAIN + rb',\s*){0,100}"([^"\\]{1,80})"\s*:\s*\[(?=\s*\{)')
_AFTER = re.compile(rb"\s*(?:,\s*" + _PLAIN + rb")*\}\s*")


def _name(found: re.Match[bytes]) -> str:
    return found.group(1).decode("utf-8", "replace")


def _below(path: Path, stream: Bytes, start: bytes) -> Iterator[Any]:
    """The objects in the only array of an object."""
    rest: list[bytes] = []
    yield from _elements(path, stream, start, rest)
    _end(path, rest[0] + stream.read(_BLOCK))


def _end(path: Path, rest: bytes) -> None:
    """Refuses what is behind the rows of an object, but for plain values."""
    if not _AFTER.fullmatch(rest):
        raise DataError(
            f"{path}: an object of lists of rows; behind one of them there is "
            f"{rest.strip()[:40].decode('utf-8', 'replace')!r}"
        )


def _of_splits(path: Path, stream: Bytes, start: bytes) -> Iterator[Any]:
    """The objects in the arrays of an object, each with the name of its array as `split`."""
    while found := _SPLIT.match(start):
        name = found.group(1).decode()
        rest: list[bytes] = []
        for value in _elements(path, stream, start[found.end() :], rest):
            yield {"split": name, **value} if isinstance(value, dict) else value
        start = rest[0] + stream.read(_BLOCK)
    _end(path, start)


def _lines(path: Path, stream: Bytes, start: bytes) -> Iterator[tuple[bytes, int]]:
    """Blocks of whole lines, each with the number of its first line."""
    rest, line = b"", 1
    block = start
    while block:
        more = stream.read(_BLOCK)
        end = block.rfind(b"\n") + 1 if more else len(block)
        if not end:
            rest += block
            if len(rest) > LONGEST:
                raise DataError(
                    f"{path}, line {line}: longer than {LONGEST >> 20} MiB. Is it one record per line? (An array of "
                    "objects has to begin with a bracket.)"
                )
        else:
            whole, rest = rest + block[:end], block[end:]
            yield whole, line
            line += whole.count(b"\n")
        block = more


def _decoded(path: Path, block: bytes, first: int) -> Iterator[Rows]:
    """The objects of a block, line by line."""
    try:
        text = block.decode()
    except UnicodeDecodeError as error:
        at = first + block.count(b"\n", 0, error.start)
        raise DataError(f"{path}, line {at}: not UTF-8 text ({error}); a data file is JSON Lines in UTF-8") from None
    rows = Rows([], [], "line", [])
    for number, line in enumerate(text.split("\n"), first):
        if line.strip():
            rows.add(number, parse(line))
    if rows.values or rows.problems:
        yield rows


class _Blocks:
    """Decodes blocks of lines with pyarrow; remembers the types that it has seen."""

    def __init__(self) -> None:
        self.schema: pa.Schema | None = None

    def columns(self, block: bytes) -> pa.RecordBatch | None:
        """The block's rows; None if a column would say something else than the lines."""
        try:
            schema = self._sniff(block)
        except UnicodeDecodeError:
            return None
        if schema is None:
            return None
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        options = arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
        try:
            table = arrow_json.read_json(pa.BufferReader(block), arrow_json.ReadOptions(block_size=1 << 21), options)
            table.validate(full=True)  # pyarrow takes any bytes for text
        except pa.ArrowException:
            return None
        if table.num_rows != count:  # blank lines, two objects on a line, or one on two
            return None
        if not (_evidently_in_order(block, table) or _in_order(block.decode().split("\n"), schema)):
            return None
        batch = table.combine_chunks().to_batches()[0]
        if any(holds_large_floats(column) for column in batch.columns):
            return None
        self.schema = schema
        return batch

    def _sniff(self, block: bytes) -> pa.Schema | None:
        """The types of some rows and of the blocks before; None if types or orders of keys contradict each other."""
        rows, lines = [], []
        step = max(1, len(block) // _SNIFFED)
        for start in range(0, len(block), step):
            at = block.find(b"\n", start - 1) + 1 if start else 0
            if (start and not at) or at >= len(block):
                break
            end = block.find(b"\n", at)
            lines.append(block[at : end if end >= 0 else len(block)].decode())
            row = parse(lines[-1])
            if isinstance(row, str):
                return None
            rows.append(row)
        try:
            names = dict.fromkeys(name for row in rows for name in row)
            found = pa.schema([(name, pa.array([row.get(name) for row in rows]).type) for name in names])
            schema = pa.unify_schemas([self.schema, found]) if self.schema else found
        except (pa.ArrowException, OverflowError):
            return None
        return schema if _in_order(lines, schema) else None


def _evidently_in_order(block: bytes, table: pa.Table) -> bool:
    """Whether `_in_order` is clear from counts alone: turns, and other objects of two fields that no other object has.

    A name in quotes is a key, or a text that is the name. If there are as many as there are values, each is the key of
    a value; if as many objects as there are begin with the first name, no object has the second one first.
    """
    found: dict[tuple[str, ...], list[pa.StructArray]] = {}
    for column in table.columns:
        for chunk in column.chunks:
            for part in _structs(chunk):
                found.setdefault(tuple(f.name for f in part.type), []).append(part)
    names = [*table.schema.names, *(name for each in found for name in each)]
    if len(set(names)) < len(names) or any(len(each) != 2 for each in found):
        return False
    for pair, parts in found.items():
        first, second = (json.dumps(name).encode() for name in pair)
        objects, *values = (
            sum(len(a) - a.null_count for a in arrays)
            for arrays in (parts, *([pc.struct_field(p, [name]) for p in parts] for name in pair))
        )
        if block.count(b"{" + first) != objects or [block.count(first), block.count(second)] != values:
            return False
    return True


def _structs(column: pa.Array) -> Iterator[pa.StructArray]:
    """The objects within a column, at every depth, by type."""
    if pa.types.is_list(column.type):
        yield from _structs(column.flatten())
    elif pa.types.is_struct(column.type):
        yield column
        for part in column.flatten():
            yield from _structs(part)


def _in_order(lines: list[str], schema: pa.Schema) -> bool:
    """Whether all objects within the rows have their keys in the order of their type: a column has one for all.

    The decoder reports the keys of an object, not where the object is. So keys must be in the order of every type that
    has all of them. Types of one field have no order.
    """
    orders = [names for field in schema for names in _orders(field.type)]
    if not any(len(names) > 1 for names in orders):
        return True
    seen: set[tuple[str, ...]] = set()
    decoder = json.JSONDecoder(object_pairs_hook=lambda pairs: seen.add(tuple(map(_KEY, pairs))))
    try:
        decoder.decode(f"[{','.join(filter(None, lines))}]")
    except (ValueError, RecursionError):
        return False
    return all(_follows(keys, names) for keys in seen for names in orders)


_KEY = itemgetter(0)


def _orders(kind: pa.DataType) -> Iterator[tuple[str, ...]]:
    """The names of each struct in a type, in order."""
    if pa.types.is_list(kind):
        yield from _orders(kind.value_type)
    elif pa.types.is_struct(kind):
        yield tuple(field.name for field in kind)
        for field in kind:
            yield from _orders(field.type)


def _follows(keys: tuple[str, ...], names: tuple[str, ...]) -> bool:
    """Whether keys are in the order of the names, or are not among them."""
    return not set(keys) <= set(names) or [n for n in names if n in keys] == list(keys)


def _rows_of(values: Iterable[Any]) -> Iterator[Rows]:
    """The objects of arrays, decoded as the text comes in."""
    rows = Rows([], [], "row", [])
    for number, value in enumerate(values, 1):
        rows.add(number, _usable(value, None))
        if len(rows.values) == _ROWS:
            yield rows
            rows = Rows([], [], "row", [])
    if rows.values or rows.problems:
        yield rows


def _elements(path: Path, stream: Bytes, start: bytes, rest: list[bytes] | None) -> Iterator[Any]:
    """The values in an array.

    Args:
        path: the file, for messages.
        stream: what follows.
        start: what is behind the opening bracket.
        rest: takes what was read behind the closing bracket; None if nothing may be there.

    Not by ijson: its fast parser replaces half a surrogate pair with a question mark without an error, takes the last
    of two equal keys, refuses NaN, and has either no integer beyond 64 bits or a Decimal for every float.
    """
    utf8 = codecs.getincrementaldecoder("utf-8")()
    row, at, ended = 1, 0, False

    def refusal(said: str) -> DataError:
        return DataError(f"{path}, row {row}: {said}")

    def decoded(block: bytes) -> str:
        try:
            return utf8.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise refusal(f"or behind it: not UTF-8 text ({error.reason}); a data file is in UTF-8") from None

    text = decoded(start)
    while True:
        between = _BETWEEN.match(text, at)
        assert between is not None
        begin, commas = between.end(), between.group().count(",")
        closed, wrong = text[begin : begin + 1] == "]", ""
        if closed and not commas and rest is not None:
            rest.append(text[begin + 1 :].encode() + utf8.getstate()[0])
            return
        if closed and not commas:
            if text[begin + 1 :].strip() or stream.read(_BLOCK).strip():
                raise DataError(f"{path}: there is more behind the array's closing bracket, after row {row - 1}")
            return
        if begin < len(text) and commas != (row > 1):
            raise refusal(f"not valid JSON: {'no comma' if not commas else 'a comma too many'} before it")
        if begin < len(text):
            try:
                value, end = DECODER.raw_decode(text, begin)
                if end < len(text) or ended:
                    yield value
                    row, at = row + 1, end
                    continue
            except (ValueError, RecursionError) as error:
                wrong = getattr(error, "msg", None) or str(error)
        if ended:
            if begin == len(text):
                raise DataError(f"{path}: the array ends without its closing bracket, after row {row - 1}")
            raise refusal(f"not valid JSON, or the file ends in the middle of it: {wrong}")
        if len(text) - begin > LONGEST:
            raise refusal(f"longer than {LONGEST >> 20} MiB, or not valid JSON: {wrong}")
        more = decoded(stream.read(_BLOCK))
        text, at, ended = text[at:] + more, 0, not more


_BETWEEN = re.compile(r"[\s,]*")


def _chunk(rows: Rows) -> Chunk:
    names = list(dict.fromkeys(name for row in rows.values for name in row))
    batch = pa.RecordBatch.from_arrays([column_of([row.get(name) for row in rows.values]) for name in names], names)
    return Chunk(batch, np.array(rows.numbers, dtype=np.int64), rows.unit, rows.problems)


def _usable(row: Any, text: str | None) -> dict[str, Any] | str:
    if not isinstance(row, dict):
        return f"expected a JSON object, found {type(row).__name__}"
    if (text is None or text.count("[") + text.count("{") > DEEPEST) and too_deep(row):
        return f"lists and objects lie more than {DEEPEST} deep in each other"
    if text is not None and "\\u" not in text and len(text) < 100_000:
        return row
    try:
        compact(row).encode()
    except (UnicodeEncodeError, RecursionError) as error:  # half a surrogate pair, or nesting without end
        return f"cannot be written as JSON again: {error}"
    return row


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
        raise ValueError(f"duplicate field {twice!r} in one object")
    return fields


DECODER = json.JSONDecoder(object_pairs_hook=_distinct)
