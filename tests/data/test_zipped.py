"""Zip archives: their files are read like files of a folder, and nothing is unpacked onto the disk."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.data.formats import Rows, form_of, read, read_values, size_of, taken, zipped
from recrm_tasks.errors import DataError

CSV = "query,item,label\nnoodles,Lotus Bowl,relevant\nbread,Tyre Shop,irrelevant\n"
ROW = {"query": "noodles", "evidence": ["e"], "response": "r", "label": "consistent"}


def archive(file, members, change=None):
    """Writes a zip archive; `change` may falsify what it says of the last member."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
        if change:
            change(made.filelist[-1])
    return file


def rows_of(file):
    """All rows."""
    rows = []
    for piece in read_values(file):
        rows += piece.values if isinstance(piece, Rows) else piece.batch.to_pylist()
    return rows


def parquet(rows):
    """The bytes of a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


@pytest.mark.parametrize("folder", ["", "some/where/"])
def test_an_archive_with_one_data_file(tmp_path, folder):
    """Its name says the dimension if that of the file does not."""
    file = archive(
        tmp_path / "relevance.zip", {f"{folder}data.csv": CSV, "README.md": "x", f"__MACOSX/{folder}._data.csv": "x"}
    )
    assert len(rows_of(file)) == 2
    assert taken(file) == "data.csv in it"
    for data in (file, tmp_path):
        records = list(load("relevance", str(data)).records())
        assert sorted(r.item for r in records) == ["Lotus Bowl", "Tyre Shop"]


def test_an_archive_is_like_a_folder(tmp_path, capsys):
    lines = f"{json.dumps(ROW)}\n"
    members = {
        "relevance/train.csv": CSV,
        "relevance/test.csv.gz": gzip.compress(CSV.encode()),
        "factual.parquet": parquet([ROW]),
        "notes/batch2.jsonl": lines,
    }
    file = archive(tmp_path / "all.zip", members)
    assert load("relevance", str(file)).provenance["split"] == "test"
    assert len(load("relevance", str(file), split="train")) == 2
    assert len(load("factual", str(tmp_path))) == 1
    code = main(["data", "inspect", str(file), "--to", str(tmp_path / "m.yaml")])
    said = capsys.readouterr()
    assert "all.zip/relevance/train.csv (train)" in said.out
    assert code in (0, 2)
    mapping = (tmp_path / "m.yaml").read_text()
    assert "all.zip/factual.parquet" in mapping
    assert len(load("factual", str(file), mapping=str(tmp_path / "m.yaml"))) == 1


def test_files_in_an_archive_have_paths(tmp_path):
    file = archive(tmp_path / "logs.zip", {"a.csv": CSV, "b/c.csv": "query;item\n面馆;x\n", "c.jsonl": '{"a": 1}\n'})
    with pytest.raises(
        DataError, match=r"there are 3 data files in it: a\.csv, b/c\.csv, c\.jsonl; name one: logs\.zip/a"
    ):
        rows_of(file)
    assert rows_of(file / "c.jsonl") == [{"a": 1}]
    assert rows_of(file / "b" / "c.csv") == [{"query": "面馆", "item": "x"}]
    assert form_of(file / "b" / "c.csv").separator == ";"
    assert size_of(file / "a.csv") == len(CSV)
    with pytest.raises(DataError, match=r"there is no d\.csv in it; it has a\.csv"):
        rows_of(file / "d.csv")


def test_label_sets_in_an_archive(tmp_path):
    labels = {
        "relevance": {
            "labels": [{"name": n, "value": v, "zh": n, "en": n} for v, n in enumerate(("irrelevant", "relevant"))]
        }
    }
    archive(tmp_path / "some.zip", {"relevance.csv": CSV, "labels.json": json.dumps(labels)})
    assert load("relevance", str(tmp_path)).labels.names == ("irrelevant", "relevant")


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_names_in_chinese(tmp_path, encoding):
    """Windows writes them in GBK, and other programs in UTF-8, without saying so."""

    def named(member):
        member.filename = "事实一致性.jsonl".encode(encoding).decode("cp437")
        member.flag_bits &= ~0x800

    file = archive(tmp_path / "some.zip", {"x" * len("事实一致性.jsonl".encode(encoding)): json.dumps(ROW)})
    content = file.read_bytes()
    name = "事实一致性.jsonl".encode(encoding)
    file.write_bytes(content.replace(b"x" * len(name), name))
    assert zipped.names_in(file) == ["事实一致性.jsonl"]
    assert len(load("factual", str(file))) == 1


def refusal(file, key="relevance"):
    """The message."""
    with pytest.raises(DataError) as caught:
        load(key, str(file))
    return str(caught.value)


def test_what_cannot_be_unpacked(tmp_path):
    file = tmp_path / "relevance.zip"
    archive(file, {"a.csv": CSV}, lambda member: setattr(member, "flag_bits", member.flag_bits | 1))
    assert "a.csv needs a password" in refusal(file)
    archive(file, {"a.csv": CSV * 1_000})
    content = bytearray(file.read_bytes())
    for broken, said in (
        (content[:-30], "a part of it is missing"),
        (content[: len(content) // 2], "a part of it is missing"),
        (b"", "a part of it is missing"),
        (CSV.encode(), "not a zip archive"),
        (content[:60] + bytes([content[60] ^ 0xFF]) + content[61:], "cannot be unpacked"),
    ):
        file.write_bytes(broken)
        assert said in refusal(file)
        assert said in refusal(tmp_path)
    archive(file, {"../a.csv": CSV})
    assert "leads out of it" in refusal(file)
    archive(file, {"a.txt": "x"})
    assert "it has relevance.zip/a.txt" in refusal(file)
    archive(file, {"a.csv": CSV, "b.csv": CSV}, lambda member: setattr(member, "filename", "a.csv"))
    assert "two files in it have the name a.csv" in refusal(file)


def test_an_archive_in_an_archive(tmp_path):
    inner = archive(tmp_path / "inner.zip", {"relevance.csv": CSV}).read_bytes()
    (tmp_path / "inner.zip").unlink()
    file = archive(tmp_path / "relevance.zip", {"inner.zip": inner})
    assert "an archive within an archive; unpack the outer one" in refusal(file)
    with pytest.raises(DataError, match="archives within archives have to be unpacked"):
        rows_of(file)


def test_an_archive_that_would_fill_the_disk(tmp_path):
    """What it says is believed, and not tried; one that says too little is cut at what it says."""
    file = archive(tmp_path / "relevance.zip", {"a.csv": CSV}, lambda member: setattr(member, "file_size", 100 << 30))
    assert "would unpack to 100 GiB; archives are read up to 32 GiB" in refusal(file)
    archive(file, {"a.csv": CSV * 1_000}, lambda member: setattr(member, "file_size", 100))
    assert "cannot be unpacked" in refusal(file)


@pytest.mark.parametrize("name", ["factual.parquet.gz", "some.zip/factual.parquet"])
def test_a_file_that_has_to_be_unpacked_as_a_whole(tmp_path, monkeypatch, name):
    content = parquet([ROW] * 3)
    if name.endswith(".gz"):
        (tmp_path / name).write_bytes(gzip.compress(content))
    else:
        archive(tmp_path / "some.zip", {"factual.parquet": content})
    assert sum(chunk.batch.num_rows for chunk in read(tmp_path / name)) == 3
    monkeypatch.setattr("recrm_tasks.data.formats.columnar.LIMIT", 100)
    with pytest.raises(DataError, match="it unpacks to more than 0 GiB"):
        list(read(tmp_path / name))
