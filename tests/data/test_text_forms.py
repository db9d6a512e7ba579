"""Text tables in the forms that people have: separators, headings, encodings, quotes and decimal marks."""

from __future__ import annotations

import pytest

from recrm_tasks.data.formats import Rows, TextForm, read, read_values
from recrm_tasks.errors import DataError


@pytest.fixture
def table(tmp_path):
    """Reads content from a file of that name: its rows, and the rows that cannot be read."""

    def call(name, content, form=None, reader=read):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        rows, problems = [], []
        for piece in reader(file, form):
            rows += piece.values if isinstance(piece, Rows) else piece.batch.to_pylist()
            problems += piece.problems
        return rows, problems

    return call


MOVIES = TextForm(separator="::", names=("user", "item", "rating", "time"))


def test_movielens(table):
    rows, problems = table("ratings.dat", "1::20::3::97\r\n1::30::5\r\n\r\n2::20::4::98", MOVIES)
    assert [list(row.values()) for row in rows] == [["1", "20", "3", "97"], ["2", "20", "4", "98"]]
    assert problems == [(2, "expected 4 columns, found 3; separated by '::'")]


def test_trec_qrels(table):
    rows, _ = table("qrels.txt", "301 0  D1\t1\n301 0 D2 0\n", TextForm(" ", ("query", "round", "item", "grade")))
    assert [(row["item"], row["grade"]) for row in rows] == [("D1", "1"), ("D2", "0")]


@pytest.mark.parametrize("heading", ["user::item::rating::time\n", "item::rating::time\n", ""])
def test_names_of_a_file_that_has_a_heading(table, heading):
    """A heading with the same names is no row; R leaves out the name of the first column."""
    assert table("ratings.dat", f"{heading}1::2::3::4\n", MOVIES)[0] == [
        {"user": "1", "item": "2", "rating": "3", "time": "4"}
    ]


@pytest.mark.parametrize("heading", ["user,item\n", "\n\nitem\n", ""])
def test_rows_are_counted_behind_the_heading(table, heading):
    rows, problems = table("clicks.csv", f"{heading}\n1,2,3\n4,5\n", TextForm(names=("user", "item")))
    assert rows == [{"user": "4", "item": "5"}]
    assert problems == [(1, "expected 2 columns, found 3; separated by commas")]


def test_decimal_commas(table):
    form = TextForm(separator=";", decimal=",")
    content = "name;price\nrice, fried;12,5\nsoup;-1.234,50\ntea;3\n"
    assert [row["price"] for row in table("prices.csv", content, form)[0]] == ["12.5", "-1234.50", "3"]
    assert table("prices.csv", content, form)[0][0]["name"] == "rice, fried"
    assert table("prices.csv", content, TextForm(separator=";"))[0][0]["price"] == "12,5"


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "cp1252", "utf-8-sig"])
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_encodings(table, encoding, ending):
    word = "café" if encoding == "cp1252" else "面馆"
    content = {"csv": f"a,b\n{word},x\n", "jsonl": f'{{"a": "{word}", "b": "x"}}\n'}[ending]
    for reader in (read, read_values):
        rows, _ = table(f"some.{ending}", content.encode(encoding), TextForm(encoding=encoding), reader)
        assert rows == [{"a": word, "b": "x"}]


def test_wrong_byte_in_an_encoding_is_reported_with_its_line(table):
    content = "a,b\n面馆,x\n".encode("gb18030") + b"\xff\xff,y\n"
    with pytest.raises(DataError, match=r"some\.csv, line 3: not gb18030 text"):
        table("some.csv", content, TextForm(encoding="gb18030"))


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"separator": ""}, "separator: ''"),
        ({"separator": "\n"}, "separator: "),
        ({"names": ()}, "names: there are none"),
        ({"names": ("a", "b", "a")}, "names: duplicate column 'a'"),
        ({"encoding": "gbk-8"}, "encoding: 'gbk-8' is not known"),
        ({"encoding": "base64"}, "encoding: 'base64' is not known"),
        ({"decimal": "'"}, "decimal: "),
        ({"separator": "::", "quoting": True}, "quoting: "),
    ],
)
def test_impossible_forms(form, said):
    with pytest.raises(DataError, match=said):
        TextForm(**form)


def test_a_name_that_says_nothing_needs_a_form(table):
    with pytest.raises(DataError, match="`separator:` and `names:` say how"):
        table("ratings.dat", "1::2\n")
