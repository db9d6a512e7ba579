"""Good files with something broken in them: records whose number is right, or one message that names the file."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import random
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.data.profile import profile
from recrm_tasks.data.sources.origin import origin_of
from recrm_tasks.dimensions import dimension
from recrm_tasks.errors import RecrmError

SAMPLE = Path(__file__).resolve().parents[2] / "recrm_tasks" / "data" / "sources" / "sample"
KEYS = ("factual", "behavior", "ranking", "relevance")
ODD = [
    None, "", " ", 0, 1, -1, 7, 2**70, 1.5, float("nan"), True, [], {}, [[]], [None], {"a": {"b": [1]}}, "{", "[1",
    "9" * 5_000, "[]", "{}", "null", "x" * 5_000, "\x00", "\ud800", "中文", "a\nb", '"', "1", "A", ["a", {"b": 1}],
    {"id": "1"}, [1, "a"], {"role": "user", "content": "x"}, [{"role": "user"}], [{"from": "gpt", "value": "x"}],
]  # fmt: skip


def rows(key, count=6):
    """Good records; every other dimension in a form that is not the project's own."""
    lines = (SAMPLE / f"{key}.jsonl").read_text(encoding="utf-8").splitlines()
    made = [json.loads(line) for line in lines[:count]]
    if key in ("factual", "ranking"):
        return made
    return [{k: v for k, v in r.items() if k not in ("dimension", "source", "meta", "lang")} for r in made]


def as_lines(made):
    """JSON Lines; half a surrogate pair stays an escape."""
    return "".join(f"{json.dumps(r)}\n" for r in made).encode()


def as_table(made, delimiter):
    """CSV."""
    text = io.StringIO()
    names = list(dict.fromkeys(n for r in made for n in r))
    # The escape is for NUL characters, which Python 3.10 writes in no other way.
    writer = csv.DictWriter(text, names, delimiter=delimiter, escapechar="\\" if sys.version_info < (3, 11) else None)
    writer.writeheader()
    for row in made:
        writer.writerow({k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in row.items()})
    return text.getvalue().encode("utf-8", "replace")


def as_arrow(made):
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


def as_parquet(made):
    """Parquet."""
    sink = io.BytesIO()
    with contextlib.suppress(pa.ArrowException):  # objects without fields cannot be written
        pq.write_table(as_arrow(made), sink)
        return sink.getvalue()
    return None


def as_stream(made):
    """An Arrow stream."""
    table = as_arrow(made)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def as_zstd(made):
    """Compressed JSON Lines."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(as_lines(made))
    return sink.getvalue().to_pybytes()


FORMATS = {
    "jsonl": as_lines,
    "json": lambda made: json.dumps(made).encode(),
    "csv": lambda made: as_table(made, ","),
    "tsv": lambda made: as_table(made, "\t"),
    "parquet": as_parquet,
    "arrow": as_stream,
    "jsonl.gz": lambda made: gzip.compress(as_lines(made)),
    "jsonl.zst": as_zstd,
}


def odd_fields(made, chance):
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


def odd_bytes(content, chance):
    """Some bytes changed, put in, cut out or cut off."""
    content = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at, size = chance.randrange(len(content) + 1), chance.choice([1, 1, 2, 8, 100])
        how = chance.randrange(5)
        if how == 0:
            content[at : at + size] = chance.randbytes(size)
        elif how == 1:
            content[at:at] = chance.choice([b"\x00", b"\xff", b"\n", b'"', b"{", b"[", b",", b"\xe4\xb8", b"\r"])
        elif how == 2:
            del content[at : at + size]
        elif how == 3:
            content[at:at] = content[at : at + size]
        elif chance.random() < 0.5:
            del content[at:]
    return bytes(content)


def odd_lines(content, chance):
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


def broken(kind, ending, seed):
    """A file with something broken: its dimension, its content, and how many rows it has, where that is known."""
    chance = random.Random(f"{kind}{ending}{seed}")
    key = chance.choice(KEYS)
    made = rows(key)
    if kind == "fields":
        content = FORMATS[ending](odd_fields(made, chance))
        return key, content, len(made)
    content = FORMATS[ending](made)
    if kind == "lines" and ending in ("jsonl", "csv", "tsv"):
        content = odd_lines(content, chance)
    else:
        content = odd_bytes(content, chance)
    known = kind == "lines" and ending == "jsonl"
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return key, content, sum(bool(line.strip()) for line in lines) if known else None


def check(folder, kind, ending, seed):
    """Reads one broken file."""
    key, content, count = broken(kind, ending, seed)
    if content is None:
        return
    file = folder / f"{key}.{ending}"
    file.write_bytes(content)
    try:
        found, said = load(key, str(file), split="all"), None
    except RecrmError as error:
        found, said = None, str(error)
        assert file.name in said
        assert "Traceback" not in said
    if found is not None:
        assert sum(1 for _ in found.records()) == len(found)
        assert count in (None, len(found))
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["data", "inspect", str(file), "--dimension", key, "--to", str(folder / "mapping.yaml")])
    assert (code == 0) == (found is not None), (said, out.getvalue(), err.getvalue())
    if found is None:
        assert err.getvalue().startswith("recrm: ")
        with contextlib.suppress(RecrmError):
            seen = profile(origin_of(str(file)), dimension(key), None)
            if not seen.plan.doubts:
                total = seen.rows + seen.problems.total
                assert total > 0 or "no records" in said
                assert count in (None, total)
    file.unlink()


def run(folder, kind, ending, seeds):
    """Many of them; what fails is named by its seed."""
    for seed in seeds:
        try:
            check(folder, kind, ending, seed)
        except Exception as error:
            error.add_note(f"broken({kind!r}, {ending!r}, {seed})") if hasattr(error, "add_note") else None
            raise


KINDS = [(kind, ending) for ending in FORMATS for kind in ("bytes", "lines", "fields")]


@pytest.mark.parametrize(("kind", "ending"), KINDS)
def test_broken_files(kind, ending, tmp_path):
    run(tmp_path, kind, ending, range(13))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "ending"), KINDS)
def test_many_broken_files(kind, ending, tmp_path):
    run(tmp_path, kind, ending, range(13, 150))
