"""Files of every form that are empty, cut, only a heading, or of a million equal rows."""

from __future__ import annotations

import resource
import subprocess
import sys
import zipfile

import pytest
from mangled_files import ENDINGS, PLAIN, packed, rows

from recrm_tasks.cli import main
from recrm_tasks.data.formats import TextForm, read
from recrm_tasks.errors import DataError

SCRIPT = """
import resource, sys
from pathlib import Path
from recrm_tasks.data.formats import TextForm, read
list(read(Path(sys.argv[2])))  # a file of ten rows: what is imported and allocated anyway
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = problems = 0
for chunk in read(Path(sys.argv[1])):
    count += chunk.batch.num_rows
    problems += len(chunk.problems)
print(count, problems, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def content_of(ending, made):
    """The bytes of a file of that ending."""
    content = PLAIN[ending.partition(".")[0]](made)
    assert content is not None
    return packed(content, ending)


TABLES = ("csv", "tsv", "semicolons", "gb18030", "utf16", "unquoted", "xlsx")


@pytest.fixture
def refusal(tmp_path, capsys):
    """The message with which `recrm data inspect` refuses a file."""

    def call(ending, content):
        file = tmp_path / f"relevance.{ending}"
        file.write_bytes(content)
        command = ["data", "inspect", str(file), "--dimension", "relevance", "--to", str(tmp_path / "m.yaml")]
        assert main(command) == 2
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        assert said.err.startswith("recrm: ")
        assert f"relevance.{ending}" in said.out + said.err
        return said.err

    return call


@pytest.mark.parametrize("ending", ENDINGS)
def test_empty(refusal, ending):
    refusal(ending, b"")
    if ending.rpartition(".")[2] in ("gz", "zst", "zip"):
        refusal(ending, packed(b"", ending))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("part", [0.3, 0.5, 0.9])
def test_cut(refusal, ending, part):
    """The cut row, or the whole file, is reported."""
    content = content_of(ending, rows("relevance"))
    refusal(ending, content[: int(len(content) * part)])


@pytest.mark.parametrize("ending", [ending for ending in ENDINGS if ending.partition(".")[0] in TABLES])
def test_only_a_heading(refusal, ending):
    made = [{"query": "q", "item": "i", "label": "relevant"}]
    if ending == "xlsx":
        pytest.importorskip("fastexcel", reason="needs the extra `excel`")
        from workbooks import workbook

        content = workbook({"rows": [list(made[0])]})
    else:
        plain = PLAIN[ending.partition(".")[0]](made)
        assert plain is not None
        encoding = "utf-16" if ending.startswith("utf16") else "utf-8"
        content = packed(plain.decode(encoding).splitlines()[0].encode(encoding), ending)
    assert "no records" in refusal(ending, content)


FORMS = {
    "csv": ("query,item,label\n", "面条,Lotus Bowl,relevant\n", ""),
    "gb18030.csv": ("query;item;label\n", "我要吃一碗牛肉面,去什么店好;Lotus Bowl;relevant\n", ""),
    "tsv": ("query\titem\tlabel\n", '面条\t"Lotus" Bowl\trelevant\n', ""),
    "quoted.tsv": ("query\titem\tlabel\n", '面条\t"""Lotus"" Bowl"\trelevant\n', ""),
    "jsonl": ("", '{"query": "面条", "item": "Lotus Bowl", "label": "relevant"}\n', ""),
    "below.json": ('{"n": 1, "data": [', '{"query": "面条", "item": "Lotus Bowl", "label": "relevant"},\n', "{}]}"),
    "splits.json": ('{"train": [', '{"query": "面条", "item": "Lotus Bowl", "label": "relevant"},\n', "{}]}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("ending", [*FORMS, "csv.zip"])
def test_a_million_equal_rows(tmp_path, ending):
    """In at most 300 MB more than ten rows take: a few parts of the file, and not the file."""
    form = ending.removesuffix(".zip")
    files = []
    for count in (1_000_000, 10):
        start, row, end = FORMS[form]
        content = (start + row * count + end).encode("gb18030" if form.startswith("gb") else "utf-8")
        files.append(tmp_path / f"{count}.{ending}")
        files[-1].write_bytes(packed(content, ending))
    command = [sys.executable, "-c", SCRIPT, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, problems, kilobytes = map(int, done.stdout.split())
    assert (count, problems) == (1_000_000 + bool(FORMS[form][2]), 0)
    assert kilobytes * (1 if sys.platform != "darwin" else 1 / 1024) < 300_000


def test_a_row_that_never_ends_is_not_read_as_a_whole(tmp_path):
    """A small archive of 200 MB without a line break."""
    file = tmp_path / "relevance.zip"
    for name in ("a.csv", "a.tsv", "a.jsonl", "a.json", "a.dat"):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as member:
            for _ in range(200):
                member.write(b"x" * (1 << 20))
        form = TextForm(separator="::") if name == "a.dat" else None
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(DataError, match="MiB"):
            list(read(file / name, form))
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000, name
