"""Excel files: what the sheets hold is read, and which sheet is meant is never guessed."""

from __future__ import annotations

import builtins
import io
import zipfile

import pytest
from workbooks import workbook

from recrm_tasks.data import load
from recrm_tasks.data.formats import TextForm, read, taken
from recrm_tasks.errors import DataError

pytest.importorskip("fastexcel", reason="needs the extra `excel`")
ROWS = [["query", "item", "label"], ["noodles", "面馆", "relevant"], ["bread", "Tyre Shop", "irrelevant"]]


@pytest.fixture
def sheet(tmp_path):
    """Reads an Excel file: its rows and their numbers."""

    def call(content, form=None):
        (tmp_path / "some.xlsx").write_bytes(content if isinstance(content, bytes) else workbook(content))
        rows, numbers = [], []
        for chunk in read(tmp_path / "some.xlsx", form):
            assert not chunk.problems
            rows += chunk.batch.to_pylist()
            numbers += chunk.numbers.tolist()
        return rows, numbers

    return call


def test_records_of_a_sheet(tmp_path):
    (tmp_path / "relevance.xlsx").write_bytes(workbook({"Sheet1": ROWS}))
    records = list(load("relevance", str(tmp_path)).records())
    assert sorted((r.query, r.item, r.label) for r in records) == [
        ("bread", "Tyre Shop", "irrelevant"),
        ("noodles", "面馆", "relevant"),
    ]


def test_values_keep_their_kind(sheet):
    rows, numbers = sheet(
        {"a": [["id", "n", "yes", "of both", None], [1, 1 / 3, True, "007"], [None] * 4, [2**53, 2, False, 7]]}
    )
    assert rows == [
        {"id": 1, "n": 1 / 3, "yes": True, "of both": "007"},
        {"id": 2**53, "n": 2, "yes": False, "of both": "7"},
    ]
    assert numbers == [1, 3]  # a blank row is none, and is counted: people see its number


def test_sheets_named_like_splits(tmp_path, sheet):
    found = sheet({"train": ROWS, "test": ROWS[:2], "notes": []})
    assert [row["split"] for row in found[0]] == ["train", "train", "test"]
    assert found[1] == [1, 2, 3]
    assert taken(tmp_path / "some.xlsx") == "rows by split, in 2 sheets"


def test_the_sheet_with_rows(tmp_path, sheet):
    assert len(sheet({"data": ROWS, "empty": [], "only a heading": ROWS[:1]})[0]) == 2
    assert taken(tmp_path / "some.xlsx") == "sheet 'data'"


def test_several_sheets_with_rows(sheet):
    book = {"one": ROWS, "two": ROWS[:2]}
    with pytest.raises(DataError, match="several sheets have rows: one, two; `sheet: NAME`"):
        sheet(book)
    assert len(sheet(book, TextForm(sheet="two"))[0]) == 1
    with pytest.raises(DataError, match="no sheet 'three'; there are one, two"):
        sheet(book, TextForm(sheet="three"))


def test_two_sheets_of_one_kind(tmp_path):
    """Each has an entry of its own."""
    book = {"Batch 1": ROWS, "Batch 2": [ROWS[0], ["tea", "Leaf House", "relevant"]], "Notes": [["By Ann"], ["May"]]}
    (tmp_path / "relevance.xlsx").write_bytes(workbook(book))
    with pytest.raises(
        DataError, match=r"Batch 1, Batch 2, Notes; `sheet: NAME` in the file's entry in a mapping\.yaml"
    ):
        load("relevance", str(tmp_path))
    mapping = tmp_path / "m.yaml"
    entries = ", ".join(f"{{files: {{'-': [relevance.xlsx]}}, sheet: Batch {n}}}" for n in (1, 2))
    mapping.write_text(f"dimensions: {{relevance: {{sources: [{entries}]}}}}")
    found = load("relevance", str(tmp_path), mapping=str(mapping))
    assert sorted(r.query for r in found.records()) == ["bread", "noodles", "tea"]


def test_a_title_above_the_heading(sheet):
    book = {"a": [["Annotated in May", None, None], [None] * 3, *ROWS]}
    with pytest.raises(DataError, match=r"the first row of sheet 'a' names 1 of 3 columns\. If the heading is further"):
        sheet(book)
    # The numbers of rows have no name; and a single column may be one.
    assert len(sheet({"a": [[None, "query"], [0, "noodles"]]})[0]) == 1
    assert len(sheet({"a": [[None, "query"], [None, "noodles"]]})[0]) == 1


@pytest.mark.parametrize("rows", [ROWS, ROWS[1:]])
def test_names(sheet, rows):
    found, _ = sheet({"a": rows}, TextForm(names=("query", "item", "label")))
    assert [row["item"] for row in found] == ["面馆", "Tyre Shop"]
    with pytest.raises(DataError, match="has 3 columns, and `names:` has 1"):
        sheet({"a": rows}, TextForm(names=("query",)))


def test_duplicate_column(sheet):
    with pytest.raises(DataError, match="duplicate column 'q' in the heading of sheet 'a'"):
        sheet({"a": [["q", "n", "q"], [1, 2, 3]]})


@pytest.mark.parametrize("rows", [[], ROWS[:1]])
def test_sheets_without_rows(tmp_path, sheet, rows):
    assert sheet({"a": rows}) == ([], [])
    (tmp_path / "some.xlsx").rename(tmp_path / "relevance.xlsx")
    with pytest.raises(DataError, match="no records"):
        load("relevance", str(tmp_path))


def test_files_that_are_no_sheets(sheet):
    good = workbook({"a": ROWS})
    for content in (b"", b"query,item\n1,2\n", good[: len(good) // 2], good[:-10]):
        with pytest.raises(DataError, match="not an Excel file, or a part of it is missing"):
            sheet(content)
    at = good.index(b"xl/worksheets/sheet1.xml") + 60
    for change in range(1, 256):  # its compressed data, in which some bytes stop the decompression
        with pytest.raises(DataError, match=r"not an Excel file, or a part of it is missing|cannot be read"):
            sheet(good[:at] + bytes([good[at] ^ change]) + good[at + 1 :])
    with pytest.raises(DataError, match="it has a password, or is of Excel before 2007"):
        sheet(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(3_000))
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("notes.txt", "no workbook")
    with pytest.raises(DataError, match="cannot be read"):
        sheet(sink.getvalue())


def test_a_sheet_that_would_not_fit_into_memory(sheet):
    sink = io.BytesIO(workbook({"a": ROWS}))
    with zipfile.ZipFile(sink, "a") as archive:
        archive.writestr("xl/more.xml", "x")
        archive.filelist[-1].file_size = 100 << 30
    with pytest.raises(DataError, match=r"unpack to 100\.0 GiB; Excel files are read up to 2 GiB"):
        sheet(sink.getvalue())


def test_without_fastexcel(monkeypatch, sheet):
    real = builtins.__import__

    def missing(name, *args, **options):
        if name == "fastexcel":
            raise ModuleNotFoundError(name=name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(DataError, match=r"pip install 'recrm-tasks\[excel\]'"):
        sheet({"a": ROWS})


@pytest.mark.slow
def test_as_many_rows_as_a_sheet_can_have(sheet):
    rows, numbers = sheet({"a": [["q", "n"], *[["面", 1]] * 1_000_000]})
    assert len(rows) == 1_000_000
    assert rows[-1] == {"q": "面", "n": 1}
    assert numbers[-1] == 1_000_000
