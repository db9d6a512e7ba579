"""Tables of a recipe: the same rows from every format, with their values as they are."""

from __future__ import annotations

import gzip
import json

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from building import write_rows

from recrm_tasks.build.source_tables import Table, read_table
from recrm_tasks.data.formats import json_text
from recrm_tasks.errors import DataError

ROWS = [
    {"id": "007", "n": 1, "shop": {"name": "Döner", "area": None}, "tags": ["a", 1], "mixed": True},
    {"id": "8", "n": 2.5, "shop": None, "tags": [], "mixed": "x"},
    {"id": "9", "n": None, "shop": {"area": 4.0}, "mixed": 1.0, "late": "y"},
]


def rows_of(file):
    """The rows as templates see them."""
    frame, nested = read_table(file)
    return list(Table("t", frame, nested).rows())


def zst(content):
    """Compressed."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("jsonl", LINES),
        ("ndjson", b"\xef\xbb\xbf" + LINES),
        ("jsonl.gz", gzip.compress(LINES)),
        ("jsonl.zst", zst(LINES)),
        ("json", json.dumps(ROWS).encode()),
        ("json.gz", gzip.compress(json.dumps(ROWS, indent=2).encode())),
    ],
)
def test_json_of_every_form(tmp_path, ending, content):
    """Null fields stay, floats stay floats, and a column of several kinds is text."""
    (tmp_path / f"t.{ending}").write_bytes(content)
    missing = dict.fromkeys(("id", "n", "shop", "tags", "mixed", "late"))
    changed = [{"n": 1.0, "mixed": "True"}, {}, {"mixed": "1.0"}]
    expected = [missing | row | new for row, new in zip(ROWS, changed, strict=True)]
    assert repr(rows_of(tmp_path / f"t.{ending}")) == repr(expected)


def test_objects_where_earlier_rows_have_texts(tmp_path, monkeypatch):
    monkeypatch.setattr(json_text, "_BLOCK", 20)
    rows = [{"a": "x"}, {"a": None}, {"a": {"k": 1}, "b": 2}, {"b": "t"}, {"a": [1, "2"]}]
    write_rows(tmp_path / "t.jsonl", rows)
    assert [row["a"] for row in rows_of(tmp_path / "t.jsonl")] == ["x", None, {"k": 1}, None, [1, "2"]]


@pytest.mark.parametrize(("ending", "separator"), [("csv", ","), ("tsv", "\t"), ("csv.gz", ",")])
def test_tables_of_text(tmp_path, ending, separator):
    """007 stays; an empty value is null unless it is quoted; quoted values may have line breaks."""
    lines = ["id|a|b", "007||1.0", '8|""|NA', '9|"x\ny ""q"""| null ']
    content = "\n".join(lines).replace("|", separator).encode()
    (tmp_path / f"t.{ending}").write_bytes(gzip.compress(content) if ending.endswith("gz") else content)
    assert rows_of(tmp_path / f"t.{ending}") == [
        {"id": "007", "a": None, "b": "1.0"},
        {"id": "8", "a": "", "b": "NA"},
        {"id": "9", "a": 'x\ny "q"', "b": " null "},
    ]


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_typed_tables(tmp_path, ending):
    columns = {
        "id": pa.array(["a", "b"]).dictionary_encode(),
        "n": pa.array([1, None], pa.int32()),
        "at": pa.array([1_600_000_000, None], pa.timestamp("s", "UTC")),
        "shop": pa.array([{"name": "x", "area": None}, None]),
        "seen": pa.array([[{"k": 1}], []]),
    }
    table = pa.table(columns)
    if ending == "parquet":
        pq.write_table(table, tmp_path / "t.parquet")
    else:
        with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    frame, nested = read_table(tmp_path / f"t.{ending}")
    assert nested == {"shop"}
    assert (frame["n"].dtype, frame["at"].dtype.time_zone) == (pl.Int32, "UTC")
    first, second = Table("t", frame, nested).rows()
    assert (first["id"], first["shop"], first["seen"]) == ("a", {"name": "x", "area": None}, [{"k": 1}])
    assert (second["n"], second["shop"], second["seen"]) == (None, None, [])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.jsonl", b'{"a": 1}\n\n{"a": }\n', "t.jsonl, line 3: not valid JSON"),
        ("t.jsonl", b'{"a": 1}\n[2]\n', "t.jsonl, line 2: expected a JSON object, found list"),
        ("t.jsonl", b'{"a": 1, "a": 2}\n', "t.jsonl, line 1: not valid JSON: duplicate field 'a'"),
        ("t.jsonl", '{"a": "é"}\n'.encode("latin-1"), "t.jsonl, line 1: not UTF-8 text"),
        ("t.json", b'[{"a": 1}, 7]', "t.json, row 2: expected a JSON object, found int"),
        ("t.json", b'[{"a": 1}', "the array ends without its closing bracket, after row 1"),
        ("t.csv", b"a,b\n1,2\n3\n", "t.csv, row 2: expected 2 columns, found 1"),
        ("t.csv", b"a,b\n1,2,3\n", "t.csv, row 1: expected 2 columns, found 3"),
        ("t.csv", b"a,a\n1,2\n", "t.csv: duplicate column 'a' in the heading"),
        ("t.csv", "a\né\n".encode("latin-1"), "t.csv, line 2: not UTF-8 text"),
        ("t.csv", b"", "t.csv: no heading line"),
        ("t.jsonl.gz", gzip.compress(LINES)[:-20], "part of the file is missing"),
        ("t.jsonl.gz", LINES, "named like a gzip file"),
        ("t.parquet", b"PAR1", "t.parquet: cannot be read"),
        ("t.xls", b"", "t.xls: not a data file by its name; data files are .jsonl"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_table(tmp_path / name)
    assert said in str(caught.value)
    assert name in str(caught.value)
