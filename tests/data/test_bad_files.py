"""Files that are broken: one message with the file and the row, never a traceback, and nothing lost in silence."""

from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.errors import RecrmError

SAMPLE = Path(__file__).resolve().parents[2] / "recrm_tasks" / "data" / "sources" / "sample"


def rows(key="factual", count=4):
    """Good records."""
    lines = (SAMPLE / f"{key}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines[:count]]


def lines(made):
    """JSON Lines."""
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in made).encode()


def parquet(made, folder):
    """The bytes of a Parquet file."""
    file = folder / "made"
    pq.write_table(pa.Table.from_pylist(made), file)
    content = file.read_bytes()
    file.unlink()
    return content


@pytest.fixture
def refusal(tmp_path, capsys):
    """Writes a file and gives the message that reading it ends with, in a run and in `recrm data inspect`."""

    def call(content, name="factual.jsonl", key="factual"):
        data = tmp_path / "data"
        data.mkdir(exist_ok=True)
        if content is not None:
            (data / name).write_bytes(content)
        with pytest.raises(RecrmError) as caught:
            load(key, str(data), split="all")
        inspect = ["data", "inspect", str(data), "--dimension", key, "--to", str(tmp_path / "m.yaml")]
        assert main(inspect) == 2
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        assert said.err.strip()
        message = str(caught.value)
        assert name in message
        assert len(message) < 2_000
        return message

    return call


WIDE = [{"id": str(i), "query": "q", "evidence": ["e"], "response": "r", "label": "consistent"} for i in range(4)]


def test_gz_that_ends_too_early(refusal):
    content = gzip.compress(lines(rows()))
    assert "part of the file is missing" in refusal(content[: len(content) // 2], "factual.jsonl.gz")


def test_gz_with_a_wrong_checksum(refusal):
    content = bytearray(gzip.compress(lines(rows())))
    content[-6] ^= 0xFF
    assert "cannot be read" in refusal(bytes(content), "factual.jsonl.gz")


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_compressed_by_name_only(refusal, ending):
    assert "its content is not" in refusal(lines(rows()), f"factual.jsonl.{ending}")


def test_parquet_with_a_wrong_footer(refusal, tmp_path):
    content = parquet(WIDE, tmp_path)
    for broken in (
        content[:-20],
        content[:-4] + b"XXXX",
        content[:-40] + b"\xff" * 32 + content[-8:],
        content[4:],
        b"PAR1",
    ):
        assert "cannot be read" in refusal(broken, "factual.parquet")


def test_parquet_with_broken_pages(refusal, tmp_path):
    content = bytearray(parquet(WIDE * 200, tmp_path))
    content[8:80] = b"\x00" * 72
    assert "cannot be read" in refusal(bytes(content), "factual.parquet")


def test_utf8_then_gbk(refusal):
    message = refusal(lines(rows()[:2]) + json.dumps(rows()[2], ensure_ascii=False).encode("gbk") + b"\n")
    assert "factual.jsonl, line 3: not UTF-8 text" in message


def test_utf8_then_gbk_in_an_array_and_in_csv(refusal):
    other = json.dumps({**WIDE[0], "query": "查询"}, ensure_ascii=False).encode("gbk")
    assert "not UTF-8" in refusal(b"[" + lines(WIDE[:1]) + b"," + other + b"]", "factual.json")
    (message,) = [refusal(b"id,query\n1,q\n2," + "查询".encode("gbk") + b"\n", "relevance.csv", "relevance")]
    assert "not UTF-8" in message


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["factual.jsonl", "factual.json", "factual.csv"])
def test_utf16(refusal, encoding, name):
    text = json.dumps(WIDE) if name == "factual.json" else lines(WIDE).decode()
    if name == "factual.csv":
        if encoding == "utf-16":
            pytest.skip("read: its byte order mark says what it is")
        text = "id,query,evidence,response,label\n1,q,e,r,consistent\n"
    refusal(text.encode(encoding), name)


@pytest.mark.parametrize("name", ["factual.jsonl", "factual.json", "factual.csv"])
def test_byte_order_mark_is_no_part_of_the_data(tmp_path, name):
    text = {"factual.jsonl": lines(WIDE).decode(), "factual.json": json.dumps(WIDE)}.get(
        name, "id,query,evidence,response,label\n" + "".join(f"{i},q,e,r,consistent\n" for i in range(4))
    )
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    assert sorted(r.id for r in load("factual", str(tmp_path)).records()) == ["0", "1", "2", "3"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["factual.jsonl", "factual.json", "factual.csv"])
def test_hundred_megabytes_on_one_line(refusal, name):
    long = json.dumps({**WIDE[0], "response": "x" * 100_000_000})
    content = {"factual.jsonl": long, "factual.json": f"[{long}]"}.get(name, "id,query\n1," + "x" * 100_000_000)
    message = refusal(content.encode(), name)
    assert "MiB" in message


def test_repeated_ids(refusal):
    message = refusal(lines([*rows(), rows()[1]]))
    assert "factual.jsonl, line 5: id: duplicate of" in message
    assert "line 2; ids must be unique" in message


def test_labels_that_are_all_null(refusal, tmp_path):
    message = refusal(lines([{**r, "label": None} for r in WIDE]))
    assert "label is empty in the first rows" in message


def test_labels_that_are_null_from_some_row_on(refusal):
    message = refusal(lines(WIDE[:2] + [{**r, "label": None} for r in WIDE[2:]]))
    assert "2 of 4 rows" in message
    assert "line 3: label: no label" in message


def test_empty_split(tmp_path):
    for split, made in (("train", WIDE), ("test", [])):
        (tmp_path / f"factual_{split}.jsonl").write_bytes(lines(made))
    with pytest.raises(RecrmError, match="no records of split 'test'; the source has train"):
        load("factual", str(tmp_path))
    assert len(load("factual", str(tmp_path), split="train")) == len(WIDE)


@pytest.mark.parametrize("name", ["factual.jsonl", "factual.json", "factual.csv", "factual.parquet", "factual.arrow"])
def test_empty_file(refusal, name):
    refusal(b"", name)


def test_files_without_rows(refusal, tmp_path):
    refusal(b"[]", "factual.json")
    (tmp_path / "data" / "factual.json").unlink()
    refusal(b"id,query,evidence,response,label\n", "factual.csv")
    (tmp_path / "data" / "factual.csv").unlink()
    sink = tmp_path / "x"
    pq.write_table(pa.table({n: pa.array([], pa.string()) for n in WIDE[0]}), sink)
    refusal(sink.read_bytes(), "factual.parquet")


LISTS = [{**{k: v for k, v in r.items() if k not in ("dimension", "source", "meta")}} for r in rows("ranking")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": [0] * 6}, "at least one positive"),
        ({"candidates": [{"id": "a", "text": "x"}] * 6}, "ids must differ"),
        ({"candidates": [{"id": "a", "text": "x"}], "labels": [1]}, "at least 2"),
        ({"candidates": []}, "labels for 0 candidates"),
        ({"candidates": None}, "candidates"),
        ({"labels": [1, 0]}, "2 labels for 6 candidates"),
        ({"labels": None}, "label"),
        ({"candidates": [{"id": "a", "text": ""}] * 5}, "no text"),
        ({"candidates": "no list"}, "candidates"),
    ],
)
def test_lists_that_cannot_be_ranked(refusal, change, said):
    message = refusal(lines([*LISTS[:2], {**LISTS[2], **change}]), "ranking.jsonl", "ranking")
    assert "ranking.jsonl, line 3" in message
    assert said in message
    assert "1 of 3 rows" in message


def test_csv_with_too_many_columns(refusal):
    content = "id,query,evidence,response,label\n1,q,e,r,consistent\n2,q,e,r,consistent,x\n3,q,e\n"
    message = refusal(content.encode(), "factual.csv")
    assert "2 of 3 rows" in message
    assert "factual.csv, row 2: expected 5 columns, found 6" in message
    assert "factual.csv, row 3: expected 5 columns, found 3" in message


def test_csv_in_which_no_row_is_whole(refusal):
    message = refusal(b"id,query,evidence,response,label\n1,q\n2,q,e,r,consistent,x\n", "factual.csv")
    assert "row 1: expected 5 columns, found 2" in message
    assert "row 2: expected 5 columns, found 6" in message


def test_csv_with_an_open_quote(refusal):
    content = 'id,query,evidence,response,label\n1,q,e,r,consistent\n2,"q,e,r,consistent\n3,q,e,r,consistent\n'
    refusal(content.encode(), "factual.csv")


def test_two_columns_of_one_name(refusal, tmp_path):
    assert "duplicate column 'query'" in refusal(b"id,query,query\n1,2,3\n", "factual.csv")
    (tmp_path / "data" / "factual.csv").unlink()
    assert "duplicate field 'query' in one object" in refusal(b'{"id": "1", "query": "a", "query": "b"}\n')
    (tmp_path / "data" / "factual.jsonl").unlink()
    file = tmp_path / "x"
    with pa.OSFile(str(file), "wb") as sink:
        table = pa.Table.from_arrays([pa.array(["a"])] * 2, names=["query", "query"])
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    assert "duplicate column 'query'" in refusal(file.read_bytes(), "factual.arrow")


@pytest.mark.parametrize("heading", [b"a," * 100_000, b",".join(b"c%d" % i for i in range(5_000))])
def test_very_many_columns(heading, refusal):
    """A heading of 200 KB took 45 seconds: time in the square of the number of columns."""
    start = time.process_time()
    refusal(heading + b"\n" + heading, "factual.csv")
    assert time.process_time() - start < 10


@pytest.mark.parametrize("name", ["factual.jsonl", "factual.parquet", "factual.csv", "factual.json"])
def test_git_lfs_pointer(refusal, name):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
    assert "git lfs pull" in refusal(pointer, name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[{0}, {1}", "the array ends without its closing bracket, after row 2"),
        ("[{0}, {1}] {1}", "more behind the array"),
        ("[{0} {1}]", "row 2: not valid JSON: no comma"),
        ("[{0}, {1},]", "row 3: not valid JSON"),
        ('[{0}, {{"id": "1", "que', "row 2: not valid JSON, or the file ends in the middle of it"),
        ("[{0}, 7, {1}]", "row 2: expected a JSON object, found int"),
        ("[{0}, null]", "row 2: expected a JSON object, found NoneType"),
        ('[{0}, {{"id": }}, {1}]', "row 2: not valid JSON"),
        ("[{0}, {1},, {2}]", "row 3: not valid JSON"),
        ("[, {0}]", "not valid JSON"),
        ("[{0}, \x00 {1}]", "row 2: not valid JSON"),
    ],
)
def test_broken_array(refusal, text, said):
    made = [json.dumps(r) for r in WIDE]
    assert said in refusal(text.format(*made).encode(), "factual.json")


def test_garbage_between_lines(refusal):
    message = refusal(lines(WIDE[:1]) + b"<html>\n" + lines(WIDE[1:2]) + b"[1, 2]\n" + b'"x"\n')
    assert "3 of 5 rows" in message
    for said in ("line 2: not valid JSON", "line 4: expected a JSON object", "line 5: expected a JSON object"):
        assert said in message


def test_nesting_without_end(refusal):
    deep = "[" * 100_000
    refusal(lines(WIDE[:1]) + b'{"id": "2", "query": ' + deep.encode() + b"}\n")
    refusal(b"[" + lines(WIDE[:1]) + b', {"id": ' + deep.encode(), "factual.json")


def test_folder_named_like_a_file(refusal, tmp_path):
    (tmp_path / "data" / "factual.jsonl").mkdir(parents=True)
    with pytest.raises(RecrmError, match="no data files"):
        load("factual", str(tmp_path / "data"))
    (tmp_path / "data" / "factual.jsonl" / "part.csv").write_bytes(b"id,query\n1,q\n")
    assert "no column for evidence, response" in refusal(None, "factual.jsonl/part.csv")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read(refusal, tmp_path):
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "factual.jsonl"
    file.write_bytes(lines(WIDE))
    file.chmod(0)
    assert "Permission denied" in refusal(None)


def test_links_that_lead_nowhere_or_round(refusal, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "factual.jsonl").symlink_to(data / "gone.jsonl")
    assert "No such file" in refusal(None)
    (data / "factual.jsonl").unlink()
    (data / "factual.jsonl").symlink_to(data / "factual.jsonl")
    assert "symbolic link" in refusal(None)


def test_folders_that_go_round_are_read_once(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "factual.jsonl").write_bytes(lines(WIDE))
    (data / "again").symlink_to(data)
    assert len(load("factual", str(data))) == len(WIDE)


def test_pipe_is_no_file(refusal, tmp_path):
    (tmp_path / "data").mkdir()
    os.mkfifo(tmp_path / "data" / "factual.jsonl")
    refusal(None)
