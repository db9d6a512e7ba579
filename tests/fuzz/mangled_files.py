"""Good data files with something broken in them: bytes, lines, fields, columns, encodings, or their size."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import random
import re
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from workbooks import workbook

import recrm_tasks.data.sources.sample
from recrm_tasks.dimensions import dimensions

SAMPLE = Path(recrm_tasks.data.sources.sample.__file__).parent

ODD = [
    None, "", " ", 0, 1, -1, 7, 2**70, 1.5, float("nan"), True, [], {}, [[]], [None], {"a": {"b": [1]}}, "{", "[1",
    "9" * 5_000, "[]", "{}", "null", "x" * 5_000, "\x00", "\ud800", "中文", "a\nb", '"', "1", "A", ["a", {"b": 1}],
    {"id": "1"}, "[" * 20_000, '{"a":' * 5_000, "x" * 50_000, "\u202e", "½", "1e309", -(2**63), 2**64, 10**400,
    float("inf"), "ÿ", [1, "a"],
    {"role": "user", "content": "x"}, [{"role": "user"}], [{"from": "gpt", "value": "x"}],
]  # fmt: skip


@cache
def _sample(key: str) -> list[str]:
    return (SAMPLE / f"{key}.jsonl").read_text(encoding="utf-8").splitlines()


def rows(key: str, count: int = 6) -> list[dict[str, Any]]:
    """Good records; every other dimension in a form that is not the project's own."""
    made = [json.loads(line) for line in _sample(key)[:count]]
    if list(dimensions()).index(key) % 2:
        return made
    return [{k: v for k, v in r.items() if k not in ("dimension", "source", "meta", "lang")} for r in made]


def as_lines(made: list[dict[str, Any]]) -> bytes:
    """JSON Lines; half a surrogate pair stays an escape."""
    return "".join(f"{json.dumps(r)}\n" for r in made).encode()


def as_table(made: list[dict[str, Any]], delimiter: str) -> bytes:
    """CSV."""
    text = io.StringIO()
    names = list(dict.fromkeys(n for r in made for n in r))
    # The escape is for NUL characters, which Python 3.10 writes in no other way.
    writer = csv.DictWriter(text, names, delimiter=delimiter, escapechar="\\" if sys.version_info < (3, 11) else None)
    writer.writeheader()
    for row in made:
        writer.writerow({k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in row.items()})
    return text.getvalue().encode("utf-8", "replace")


def as_arrow(made: list[dict[str, Any]]) -> pa.Table:
    """An Arrow table, of JSON text where objects differ."""
    names = list(dict.fromkeys(n for r in made for n in r))
    columns = []
    for name in names:
        values = [r.get(name) for r in made]
        try:
            columns.append(pa.array(values))
        except (pa.ArrowException, UnicodeEncodeError, OverflowError):
            columns.append(pa.array([v if v is None else json.dumps(v) for v in values]))
    return pa.Table.from_arrays(columns, names=names)


def as_parquet(made: list[dict[str, Any]]) -> bytes | None:
    """Parquet; None for objects without fields, which cannot be written."""
    sink = io.BytesIO()
    with contextlib.suppress(pa.ArrowException):
        pq.write_table(as_arrow(made), sink)
        return sink.getvalue()
    return None


def as_stream(made: list[dict[str, Any]]) -> bytes:
    """An Arrow stream."""
    table = as_arrow(made)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def zstd(content: bytes) -> bytes:
    """Compressed with zstd."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def as_plain_lines(made: list[dict[str, Any]]) -> bytes:
    """TSV as it is without quoting: values have no tabs and no line breaks."""
    names = list(dict.fromkeys(n for r in made for n in r))
    rows = [names, *([r.get(n) for n in names] for r in made)]
    cells = [
        ["" if v is None else json.dumps(v) if isinstance(v, list | dict) else str(v) for v in row] for row in rows
    ]
    text = "\n".join("\t".join(" ".join(re.split(r"[\t\r\n]", cell)) for cell in row) for row in cells)
    return text.encode("utf-8", "replace")


def as_columns(made: list[dict[str, Any]]) -> bytes | None:
    """JSON by column; None for a single one, which is a list in a row."""
    names = list(dict.fromkeys(n for r in made for n in r))
    return json.dumps({n: [r.get(n) for r in made] for n in names}).encode() if len(names) > 1 else None


def as_sheet(made: list[dict[str, Any]]) -> bytes:
    """An Excel file."""
    names = list(dict.fromkeys(n for r in made for n in r))
    plain = [[json.dumps(v) if isinstance(v, list | dict) else v for v in map(r.get, names)] for r in made]
    return workbook({"rows": [names, *plain]})


def recoded(content: bytes, encoding: str) -> bytes:
    """UTF-8 in another encoding."""
    return content.decode().encode(encoding, "replace")


PLAIN: dict[str, Callable[[list[dict[str, Any]]], bytes | None]] = {
    "jsonl": as_lines,
    "json": lambda made: json.dumps(made).encode(),
    "csv": lambda made: as_table(made, ","),
    "tsv": lambda made: as_table(made, "\t"),
    "parquet": as_parquet,
    "arrow": as_stream,
    # The first part of these endings says how the file is written, and the last one what it is called.
    "semicolons": lambda made: as_table(made, ";"),
    "gb18030": lambda made: recoded(as_table(made, ","), "gb18030"),
    "utf16": lambda made: recoded(as_table(made, "|"), "utf-16"),
    "unquoted": as_plain_lines,
    "columns": as_columns,
    "below": lambda made: json.dumps({"version": "1", "data": made}).encode(),
    "ids": lambda made: json.dumps({f"k{i}": r for i, r in enumerate(made)}).encode(),
    "splits": lambda made: json.dumps({"train": made[:2], "test": made[2:]}, indent=1).encode(),
    "xlsx": as_sheet,
}
PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": lambda content: gzip.compress(content, mtime=0), "zst": zstd}
ENDINGS = [
    "jsonl", "json", "csv", "tsv", "parquet", "arrow", "jsonl.gz", "jsonl.zst", "json.zst", "csv.gz", "tsv.zst",
    "parquet.gz", "semicolons.csv", "gb18030.csv", "utf16.csv", "unquoted.tsv", "columns.json", "below.json",
    "ids.json", "splits.json", "xlsx", "csv.zip", "json.zip", "parquet.zip",
]  # fmt: skip
"""New ones come last: the numbers of cases depend on their places."""
TEXT = ("jsonl", "json", "csv", "tsv", "semicolons", "unquoted", "columns", "below", "ids", "splits")


def zipped(content: bytes, name: str) -> bytes:
    """An archive with one file."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return sink.getvalue()


def packed(content: bytes, ending: str) -> bytes:
    """The content of a file of that ending: compressed, or in an archive, if it says so."""
    if ending.endswith(".zip"):
        return zipped(content, f"data.{ending.removesuffix('.zip')}")
    packer = PACKERS.get(ending.rpartition(".")[2])
    return packer(content) if packer else content


def odd_fields(made: list[dict[str, Any]], chance: random.Random) -> list[dict[str, Any]]:
    """Some values replaced, some fields gone, renamed or new."""
    for _ in range(chance.randint(1, 3)):
        row = chance.choice(made)
        name = chance.choice(list(row) or ["id"])
        how = chance.randrange(5)
        if how < 2:
            row[name] = chance.choice(ODD)
        elif how == 2:
            row.pop(name, None)
        elif how == 3:
            row[chance.choice(["extra", "label", "answer", "messages", "query", ""])] = chance.choice(ODD)
        else:
            for each in made:
                if name in each:
                    each[f"{name}_2"] = each.pop(name)
    return made


def odd_bytes(content: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, put in, cut out or cut off."""
    found = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at, size = chance.randrange(len(found) + 1), chance.choice([1, 1, 2, 8, 100])
        how = chance.randrange(5)
        if how == 0:
            found[at : at + size] = chance.randbytes(size)
        elif how == 1:
            found[at:at] = chance.choice([b"\x00", b"\xff", b"\n", b'"', b"{", b"[", b",", b"\xe4\xb8", b"\r"])
        elif how == 2:
            del found[at : at + size]
        elif how == 3:
            found[at:at] = found[at : at + size]
        elif chance.random() < 0.5:
            del found[at:]
    return bytes(found)


def odd_lines(content: bytes, chance: random.Random) -> bytes:
    """Whole lines gone, twice, blank, halved or in another order."""
    lines = content.split(b"\n")
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        how = chance.randrange(5)
        if how == 0 and len(lines) > 1:
            del lines[at]
        elif how == 1:
            lines.insert(at, chance.choice(lines))
        elif how == 2:
            lines.insert(at, chance.choice([b"", b"  ", b"{}", b"null", b"[]", b"\xef\xbb\xbf", b"x"]))
        elif how == 3:
            lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
        else:
            chance.shuffle(lines)
    return b"\n".join(lines)


def odd_columns(made: list[dict[str, Any]], chance: random.Random) -> list[dict[str, Any]]:
    """Whole columns of another type, name or order, or very many of them."""
    for _ in range(chance.randint(1, 2)):
        name = chance.choice(list(made[0]) or ["id"])
        how = chance.randrange(7)
        if how == 0:
            other = chance.choice([str, repr, json.dumps, lambda v: [v], lambda v: {"value": v}, lambda v: None, len])
            made = [{**r, name: _as(other, r.get(name))} for r in made]
        elif how == 1:
            odd = chance.choice(ODD)
            made = [{**r, name: odd} for r in made]
        elif how == 2:
            made = [{k: r[k] for k in chance.sample(list(r), len(r))} for r in made]
        elif how == 3:
            other_name = chance.choice(
                [name.upper(), f" {name} ", f"{name}.{name}", "", "\x00", "标签", "a,b", 'a"b', "x" * 500]
            )
            made = [{(other_name if k == name else k): v for k, v in r.items()} for r in made]
        elif how == 4:
            values = [r.get(name) for r in made]
            chance.shuffle(values)
            made = [{**r, name: v} for r, v in zip(made, values, strict=True)]
        elif how == 5:
            made = [{**r, **{f"c{i}": i for i in range(chance.choice([3, 300]))}} for r in made]
        else:
            made = [{name: r} for r in made] if chance.random() < 0.5 else [{"rows": json.dumps(r)} for r in made]
    return made


def _as(other: Callable[[Any], Any], value: Any) -> Any:
    with contextlib.suppress(TypeError, ValueError):
        return other(value)
    return None


ENCODINGS = [
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-32",
    "gb18030",
    "gbk",
    "big5",
    "shift-jis",
    "latin-1",
    "cp1252",
    "utf-7",
]


def odd_encoding(content: bytes, chance: random.Random) -> bytes:
    """The text in another encoding, or a part of it, or in UTF-8 twice."""
    text = content.decode("utf-8", "replace")
    encoding = chance.choice(ENCODINGS)
    how = chance.randrange(4)
    if how == 0:
        return content.decode("latin-1").encode()
    if how == 1:
        at = chance.randrange(len(text) + 1)
        return text[:at].encode() + text[at:].encode(encoding, "replace")
    if how == 2:
        return text.replace("\n", chance.choice(["\r\n", "\r", "\u2028", "\n\n", "\x85"])).encode("utf-8", "replace")
    return text.encode(encoding, "replace")


def large(content: bytes, chance: random.Random, size: int) -> bytes:
    """A part of the content again and again, up to that size."""
    lines = content.splitlines(keepends=True) or [b"{}\n"]
    at = chance.randrange(len(content) + 1)
    unit = chance.choice(
        [lines[-1], b"".join(lines[1:]) or content, content[at : at + chance.choice([1, 3, 50])] or b"["]
    )
    body = (unit * (size // len(unit) + 1))[:size]
    return chance.choice([content + body, lines[0] + body, body, content[:at] + body + content[at:]])


def lines_in(content: bytes) -> int | None:
    """The rows of JSON Lines, however broken; None if the file is refused as a whole, or is an array."""
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        return None
    return None if re.match(r"\s*\[\s*(?:\{|$)", text) else sum(bool(line.strip()) for line in text.split("\n"))


def rows_in(content: bytes, delimiter: str) -> int | None:
    """The rows of a text table below its heading, as the standard library finds them; None if it has another opinion
    of the text, or the file is refused as a whole."""
    try:
        text = content.removeprefix(b"\xef\xbb\xbf").decode()
        return max(0, sum(bool(row) for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) - 1)
    except (UnicodeDecodeError, csv.Error):
        return None


COUNTED: dict[str, Callable[[bytes], int | None]] = {
    "jsonl": lines_in,
    "csv": lambda content: rows_in(content, ","),
}
"""Forms whose rows can be counted in another way than by reading them."""

KINDS = ["bytes", "lines", "fields", "columns", "packed-bytes", "encodings", "large"]


class Broken(NamedTuple):
    """A file with something broken."""

    key: str
    """The dimension whose records it was made from."""
    ending: str
    content: bytes
    count: int | None
    """The number of its rows, where that is known."""
    others: bool = False
    """Whether rows may say that they are of another dimension, and so are neither used nor refused."""


def broken(kind: str, ending: str, seed: int, size: int = 200_000) -> Broken | None:
    """One case; None where that format cannot hold it.

    Args:
        kind: one of `KINDS`.
        ending: one of `ENDINGS`.
        seed: of the case.
        size: of large files, in bytes.
    """
    chance = random.Random(f"{kind} {ending} {seed}")
    key = chance.choice(list(dimensions()))
    made = rows(key)
    form = ending.partition(".")[0]
    if kind in ("fields", "columns"):
        made = (odd_fields if kind == "fields" else odd_columns)(made, chance)
    content = PLAIN[form](made)
    if content is None:
        return None
    known: int | None = len(made)
    if kind == "lines" and form in ("jsonl", "csv", "tsv"):
        content = odd_lines(content, chance)
    elif kind == "encodings" and form in TEXT:
        content = odd_encoding(content, chance)
    elif kind == "large" and form in TEXT:
        content = large(content, chance, size)
    elif kind in ("bytes", "lines", "encodings", "large"):
        content = odd_bytes(content, chance)
    if kind not in ("fields", "columns"):
        known = COUNTED[form](content) if form in COUNTED else None
    content = packed(content, ending)
    if kind == "packed-bytes":
        content, known = odd_bytes(content, chance), None
    return Broken(key, ending, content, known)
