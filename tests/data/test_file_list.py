"""`recrm data inspect` names every file of a source: as read, or as left out with the reason."""

from __future__ import annotations

import json
import os
import re
import time

import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.errors import DataError


def row(query, label="relevant", **more):
    """A record of relevance in plain columns."""
    return {"query": query, "item": f"item for {query}", "label": label, **more}


def lines(*rows):
    """JSON Lines."""
    return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)


@pytest.fixture
def data(tmp_path):
    """Writes files, by their names, into a folder."""

    def put(files):
        for name, content in files.items():
            file = tmp_path / "data" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path / "data"

    return put


@pytest.fixture
def inspect(tmp_path, capsys):
    """Runs the command on a folder; gives exit code, the lines of the list of files, and the errors."""

    def run(folder, *arguments):
        code = main(["data", "inspect", str(folder), "--to", str(tmp_path / "written.yaml"), *arguments])
        said = capsys.readouterr()
        listed = re.search(r"\nfiles\n((?:  .*\n)+)", said.out)
        assert listed, said
        assert "Traceback" not in said.out + said.err
        return code, [line.strip() for line in listed[1].splitlines()], said.err

    return run


GOOD = lines(row("a"), row("b", "irrelevant"))


def test_every_file_is_read_or_has_a_reason(data, inspect):
    folder = data(
        {
            "relevance.jsonl": GOOD,
            "batch2.jsonl": lines(row("c")),
            "notes.jsonl": '{"note": 1, "by": "me"}\n',
            "empty.jsonl": "",
            "heading.csv": "query,item,label\n",
            "README.md": "# About",
            "labels.json": "{}",
            "images/1.png": b"\x89PNG",
            "images/2.PNG": b"\x89PNG",
            "LICENSE": "MIT",
            "relevance.csv.bak": "query,item,label\n",
            ".ipynb_checkpoints/relevance-checkpoint.jsonl": GOOD,
            "__MACOSX/relevance.jsonl": b"\x00\x05\x16\x07",
            ".DS_Store": b"\x00",
            "~$relevance.csv": b"\x00",
        }
    )
    code, listed, err = inspect(folder)
    assert (code, err) == (0, "")
    assert listed == [
        "read        1 file of relevance: relevance.jsonl",
        "not read    1 file of relevance by columns, but not by name as relevance.jsonl is: batch2.jsonl",
        "not read    2 files without rows: empty.jsonl, heading.csv",
        "not read    1 file of no dimension by name or columns (note, by): notes.jsonl",
        "about data  2 files: README.md, labels.json",
        "not data    3 files by ending (.png 2, none 1): LICENSE, images/1.png, images/2.PNG",
        "not data    1 file of the name of relevance, but not in a form that is read by its ending: relevance.csv.bak",
        "hidden      4 files: .DS_Store, .ipynb_checkpoints/relevance-checkpoint.jsonl, __MACOSX/relevance.jsonl, "
        "~$relevance.csv",
        "In a mapping.yaml, `files` say which files a dimension has.",
    ]
    assert len(load("relevance", str(folder))) == 2


def test_what_was_not_asked_for_and_what_a_mapping_leaves_out(data, inspect, tmp_path):
    fact = {"query": "q", "evidence": ["e"], "response": "r", "label": "consistent"}
    folder = data({"relevance.jsonl": GOOD, "relevance_old.jsonl": GOOD, "factual.jsonl": lines(fact), "x.jsonl": GOOD})
    mapping = tmp_path / "mapping.yaml"
    files = "{'-': [relevance.jsonl]}"
    mapping.write_text(f"dimensions: {{relevance: {{sources: [{{files: {files}}}]}}}}", encoding="utf-8")
    code, listed, _ = inspect(folder, "--dimension", "relevance", "--mapping", str(mapping))
    assert code == 0
    assert listed[:4] == [
        "read        1 file of relevance: relevance.jsonl",
        "not read    1 file of factual, which was not asked for: factual.jsonl",
        "not read    1 file of relevance by name, left out by the mapping: relevance_old.jsonl",
        "not read    1 file of relevance by columns, left out by the mapping: x.jsonl",
    ]
    code, listed, _ = inspect(folder, "--dimension", "factual")
    assert "not read    1 file of relevance by columns, which was not asked for: x.jsonl" in listed


def test_rows_of_a_dimension_that_has_files_by_name(data, inspect):
    """A file that a column divides is read for its other dimensions: what is not read of it is said."""
    own = {"dimension": "relevance", **row("c", id="c", lang="en", source="x")}
    fact = {"id": "f", "dimension": "factual", "lang": "en", "source": "x", "query": "q", "evidence": ["e"],
            "response": "r", "label": "consistent"}  # fmt: skip
    _, listed, _ = inspect(data({"relevance.jsonl": GOOD, "all.jsonl": lines(fact, own, own)}))
    assert listed[:2] == [
        "read        1 file of factual (but not its rows of other dimensions: 2 of relevance): all.jsonl",
        "read        1 file of relevance: relevance.jsonl",
    ]


def test_columns_that_fit_several_dimensions(data, inspect):
    both = {"query": "q", "evidence": ["e"], "response": "r", "instruction": "i", "label": 1}
    code, listed, err = inspect(data({"x.jsonl": lines(both)}))
    assert code == 2
    assert "not read    1 file of no dimension by name, and of instruction or factual by columns: x.jsonl" in listed
    assert err.splitlines()[-1].strip() == listed[0]
    assert "dimensions: {DIMENSION: {sources: [{files: {'-': [\"x.jsonl\"]}}]}}, with instruction, factual" in err
    assert "Logs of what users did become records with `recrm data build`" in err


def test_a_refusal_ends_with_the_reason_of_the_file_that_failed(data, inspect):
    folder = data({"relevance.jsonl": GOOD, "factual.jsonl": "{\n"})
    code, listed, err = inspect(folder)
    assert code == 2
    assert "factual.jsonl, line 1: not valid JSON" in err.splitlines()[-1]
    assert listed[1].startswith("refused     1 file with factual: factual.jsonl")
    # A doubt of another dimension, or a row that cannot be used, does not come last.
    (folder / "behavior.jsonl").write_text(lines({"profile": "p", "history": ["h"], "item": "i", "label": "maybe"}))
    (folder / "relevance.jsonl").write_text(GOOD + lines(row("c", None)))
    code, listed, err = inspect(folder)
    assert code == 2
    assert "factual.jsonl, line 1: not valid JSON" in err.splitlines()[-1]
    assert "to decide   1 file of behavior: behavior.jsonl" in listed
    (folder / "factual.jsonl").unlink()
    (folder / "behavior.jsonl").unlink()
    code, listed, err = inspect(folder)
    assert code == 2
    assert err.splitlines()[-1].endswith("relevance.jsonl, line 3: label: no label")
    with pytest.raises(DataError) as caught:
        load("relevance", str(folder))
    assert str(caught.value).splitlines()[-1].endswith("relevance.jsonl, line 3: label: no label")


def test_a_file_without_a_dimension_that_cannot_be_read(data, inspect):
    """It may be of a dimension that has no files by name, and those dimensions have the same reason."""
    folder = data({"relevance.jsonl": GOOD, "x.csv": "查询,商品\n面,店\n".encode("gbk"), "y.jsonl": '{"a": 1}\n'})
    code, listed, err = inspect(folder)
    assert code == 2
    assert "x.csv" in err.splitlines()[-1]
    assert any(re.match(r"refused     1 file \(.*x\.csv.*\): x\.csv", line) for line in listed)
    assert "not read    1 file of no dimension by name or columns (a): y.jsonl" in listed
    # So it is where all dimensions but this one were not asked for.
    code, listed, err = inspect(folder, "--dimension", "relevance")
    assert code == 2
    assert "x.csv" in err.splitlines()[-1]


def test_a_file_of_which_no_row_can_be_used_ends_with_2(data, inspect, tmp_path):
    """Also where a mapping leaves out rows that cannot be used: such a file is read in a wrong way."""
    folder = data({"relevance/a.csv": "query,item,label\nnoodles,Lotus Bowl,relevant\n",
                   "relevance/b.csv": "query,item,label\nramen,,relevant\nbread,,irrelevant\n"})  # fmt: skip
    code, _, err = inspect(folder)
    assert code == 2
    assert "2 rows cannot be used" in err
    assert err.splitlines()[-1].endswith("b.csv, row 1: item: Field required")
    mapping = tmp_path / "mapping.yaml"
    head = "dimensions: {relevance: {unusable: skip, sources: [{files: {'-': ['relevance/%s.csv']}}]}}"
    mapping.write_text(head % "*", encoding="utf-8")
    code, _, err = inspect(folder, "--mapping", str(mapping))
    assert code == 2
    assert "relevance/b.csv: none of its 2 rows can be used as relevance" in err
    assert err.splitlines()[-1].endswith("b.csv, row 1: item: Field required")
    with pytest.raises(DataError, match=r"b\.csv: none of its 2 rows can be used"):
        load("relevance", str(folder), mapping=str(mapping))
    mapping.write_text(head % "a", encoding="utf-8")
    code, _, err = inspect(folder, "--mapping", str(mapping))
    assert (code, err) == (0, "")
    assert len(load("relevance", str(folder), mapping=str(mapping))) == 1


def test_a_copy_of_a_file_with_ids_ends_with_2(data, inspect, tmp_path):
    rows = lines(row("a", id="1"), row("b", "irrelevant", id="2"))
    folder = data({"relevance.jsonl": rows, "relevance (1).jsonl": rows})
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "dimensions: {relevance: {unusable: skip, sources: [{files: {'-': ['*']}, id: id}]}}", encoding="utf-8"
    )
    code, _, err = inspect(folder, "--mapping", str(mapping))
    assert code == 2
    assert "relevance.jsonl: none of its 2 rows can be used as relevance" in err
    assert "id: duplicate of" in err.splitlines()[-1]


def test_ids_that_are_unique_in_each_file_only(data, inspect):
    folder = data({"relevance/train.jsonl": lines(row("a", id=0)), "relevance/test.jsonl": lines(row("b", id=0))})
    code, _, err = inspect(folder)
    assert code == 2
    assert "without an `id` in a mapping.yaml they are made of the content" in err.splitlines()[-1]


@pytest.mark.parametrize("files", [{}, {".hidden.jsonl": GOOD, ".git/config": "x"}, {"a.png": b"x", "b.txt": "x"}])
def test_no_file_is_data(files, tmp_path, data, capsys):
    (tmp_path / "data").mkdir()
    folder = data(files)
    assert main(["data", "inspect", str(folder), "--to", str(tmp_path / "m.yaml")]) == 2
    said = capsys.readouterr()
    assert "data: no data files (.jsonl, " in said.err
    assert "instruction'" not in said.err
    for name in files:
        assert name in said.out
    assert not (tmp_path / "m.yaml").exists()


def test_names_with_spaces_and_chinese_characters(data, inspect, tmp_path):
    folder = data({"我的 数据/相关性 (final).jsonl": GOOD, "我的 数据/说明 文件.docx": b"x"})
    code, listed, _ = inspect(folder)
    assert code == 0
    assert "read        1 file of relevance: 我的 数据/相关性 (final).jsonl" in listed
    assert len(load("relevance", str(folder), mapping=str(tmp_path / "written.yaml"))) == 2


def test_a_name_that_is_not_utf8(data, inspect, tmp_path, capsys):
    folder = data({"relevance.jsonl": GOOD})
    (folder / os.fsdecode("面馆.png".encode("gbk"))).write_bytes(b"x")
    code, listed, _ = inspect(folder)
    assert code == 0
    assert "left out    1 file (its name is not UTF-8 text): \\xc3\\xe6\\xb9\\xdd.png" in listed
    (folder / os.fsdecode("相关性.jsonl".encode("gbk"))).write_text(GOOD)
    assert main(["data", "inspect", str(folder), "--to", str(tmp_path / "m.yaml")]) == 2
    err = capsys.readouterr().err
    assert "is not UTF-8 text; rename it" in err
    with pytest.raises(DataError, match="is not UTF-8 text; rename it"):
        load("relevance", str(folder))
    alone = tmp_path / os.fsdecode("数据".encode("gbk"))
    alone.mkdir()
    with pytest.raises(DataError, match="this path is not UTF-8 text"):
        load("relevance", str(alone))


def test_a_mapping_finds_no_hidden_copies(data, inspect, tmp_path):
    folder = data({"a/relevance.jsonl": GOOD, "a/.ipynb_checkpoints/relevance-checkpoint.jsonl": GOOD})
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("dimensions: {relevance: {sources: [{files: {'-': ['**/*.jsonl']}}]}}", encoding="utf-8")
    code, listed, _ = inspect(folder, "--mapping", str(mapping))
    assert code == 0
    assert listed[1] == "hidden      1 file: a/.ipynb_checkpoints/relevance-checkpoint.jsonl"
    assert len(load("relevance", str(folder), mapping=str(mapping))) == 2


class TestTenThousandFiles:
    """The list stays short, and it is made in seconds."""

    def test_of_images(self, data, inspect):
        folder = data({"relevance.jsonl": GOOD, **{f"images/{n}.png": b"" for n in range(9_999)}})
        start = time.process_time()
        code, listed, _ = inspect(folder)
        assert time.process_time() - start < 30
        assert code == 0
        assert listed[1] == (
            "not data    9,999 files by ending (.png 9,999): images/0.png, images/1.png, images/10.png, "
            "images/100.png, images/1000.png and 9,994 more"
        )

    def test_of_records(self, data, inspect):
        folder = data({f"relevance/{n}.jsonl": lines(row(f"query {n}")) for n in range(2_000)})
        start = time.process_time()
        code, listed, _ = inspect(folder)
        assert time.process_time() - start < 60
        assert code == 0
        assert listed[0].startswith("read        2,000 files of relevance: relevance/0.jsonl, ")

    def test_of_other_rows(self, data, inspect):
        rows = {f"logs/{n}.jsonl": f'{{"column {n % 60}": 1}}\n' for n in range(300)}
        code, listed, _ = inspect(data({"relevance.jsonl": GOOD, **rows}))
        assert code == 0
        assert len(listed) < 60
        assert sum(int(line.split()[2]) for line in listed if line.startswith("not read")) == 300
