"""Text tables in the forms that people have: separators, headings, encodings, quotes and decimal marks."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from recrm_tasks.data.formats import Rows, TextForm, form_of, read, read_values, taken
from recrm_tasks.data.formats.encoded import Utf8, lines_of
from recrm_tasks.errors import DataError

SAMPLE = Path(__file__).resolve().parents[2] / "recrm_tasks" / "data" / "sources" / "sample"


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


@pytest.mark.parametrize("encoding", ["gb18030", "gbk", "utf-16", "utf-8-sig"])
def test_an_encoding_that_is_plain_to_see(tmp_path, table, encoding):
    content = "query,item,label\n拉面,兰州拉面馆,relevant\n拉面,洗车行,irrelevant\n"
    for reader in (read, read_values):
        rows, _ = table("relevance.csv", content.encode(encoding), reader=reader)
        assert [row["item"] for row in rows] == ["兰州拉面馆", "洗车行"]
    said = {"gbk": "encoding gb18030", "utf-8-sig": ""}.get(encoding, f"encoding {encoding}")
    assert taken(tmp_path / "relevance.csv") == said


@pytest.mark.parametrize("key", ["factual", "relevance"])
def test_samples_in_gb18030(tmp_path, key):
    """One row is enough, and so is a wrong byte to refuse the file."""
    for line in (SAMPLE / f"{key}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["lang"] == "zh":
            text = "".join(v for v in row.values() if isinstance(v, str) and v.isprintable()).replace('"', "")
            (tmp_path / "some.csv").write_bytes(f'a\n"{text}"\n'.encode("gb18030"))
            assert form_of(tmp_path / "some.csv").encoding == "gb18030"
            (tmp_path / "some.csv").write_bytes(f'a\n"{text}"\n'.encode("gb18030") + b"\xff\xff\n")
            with pytest.raises(DataError, match="line 2: not UTF-8 text"):
                form_of(tmp_path / "some.csv")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "面馆,书店"),  # too few characters to be sure
        ("euc-kr", "김치찌개 맛집,서울식당\n된장찌개,불고기백반\n안녕하세요 저는 한국 음식을 좋아합니다"),
        ("euc-jp", "中華料理,人形町,和食,洋食\n京都駅前食堂,大阪市北区"),
        ("shift-jis", "ピザ てりやき,ピザハウス\n日本料理 寿司 天ぷら"),
        ("big5", "牛肉麵,台北市\n鼎泰豐小籠包,信義區"),
        ("koi8-r", "кофе дома,суши,ролл\nчай"),
        ("cp1251", "Пиццерия Луиджи открыто"),
        ("cp1252", "crème brûlée,Café Zoë pâtisserie à Évry"),
        ("cp874", "ร้านอาหารไทย ส้มตำ"),
        ("utf-16-le", "milk,tea"),
    ],
)
def test_an_encoding_that_is_not_certain_is_refused(table, encoding, text):
    with pytest.raises(DataError, match=r"not UTF-8 text.*`encoding:"):
        table("some.csv", f"a,b\n{text}\n".encode(encoding))


def test_utf8_with_a_broken_end_is_not_chinese_in_another_encoding(table):
    content = "query,item\n" + "拉面,兰州拉面馆\n" * 100_000
    with pytest.raises(DataError, match="line 100002: not UTF-8 text"):
        table("relevance.csv", content.encode() + "洗车行\n".encode("gb18030"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("separator", "said"), [(";", "separated by semicolons"), ("|", "separated by '|'"), (",", "")]
)
def test_a_first_line_that_states_the_separator(tmp_path, table, separator, said, end, encoding):
    """Excel reads and writes `sep=;` where commas are decimal marks."""
    lines = ("sep=;", "id;text;more", "1;x. y;z", '2;"a;\nb";')
    content = end.join(lines).replace(";", separator).encode(encoding)
    rows, problems = table("some.csv", content)
    assert rows == [{"id": "1", "text": "x. y", "more": "z"}, {"id": "2", "text": f"a{separator}\nb", "more": ""}]
    assert not problems
    assert taken(tmp_path / "some.csv") == ", ".join(
        filter(None, ["encoding utf-16"] * (encoding == "utf-16") + [said])
    )
    assert not table("only.csv", f"sep={separator}{end}id{separator}text{end}")[0]


def test_a_stated_separator_that_a_person_contradicts(table):
    assert table("some.csv", "sep=;\na,b;c\n1,2;3\n", TextForm(separator=","))[0] == [{"a": "1", "b;c": "2;3"}]


@pytest.mark.parametrize(
    ("name", "content", "form"),
    [
        ("a.csv", 'id,text\r1,"x, y"\r2,z\r', None),
        ("a.tsv", "id\ttext\r1\tx, y\r2\tz", None),
        ("a.tsv", 'id\ttext\r1\t"x, y"""\r2\tz"\r', TextForm(quoting=False)),
        ("a.dat", "1::x, y\r2::z\r", TextForm("::", ("id", "text"))),
        ("a.dat", "1::x, y\r\n2::z\r\n", TextForm("::", ("id", "text"))),
    ],
)
def test_line_ends_of_old_programs(table, name, content, form):
    """Excel for Mac still writes carriage returns alone."""
    rows, problems = table(name, content, form)
    assert [(row["id"], row["text"].strip('"')) for row in rows] == [("1", "x, y"), ("2", "z")]
    assert not problems


def test_a_line_end_between_two_reads():
    class Slowly(io.RawIOBase):
        def __init__(self, content):
            self.content = content

        def read(self, size=-1):
            first, self.content = self.content[:1], self.content[1:]
            return first

    lines = list(lines_of(Utf8(Slowly(b"a\r\nb\rc\n\nd\r"), Path("x"), "utf-8"), Path("x")))
    assert lines == ["a\n", "b\n", "c\n", "\n", "d\n"]


COMMA = "12,5 stays a text (`decimal: ','` makes numbers of such values)"


@pytest.mark.parametrize(
    ("name", "content", "separator", "said"),
    [
        ("a.csv", "id;text\n1;x, y\n2;z\n", ";", "separated by semicolons"),
        ("a.csv", "id\ttext\n1\tx, y\n", "\t", "separated by tabs"),
        ("a.csv", "id|text\n1|x, y\n2|z\n3|z|\n", "|", "separated by '|'"),
        ("a.csv", "id;text\n", ";", "separated by semicolons"),
        ("a.csv", "id,text; more\n1,x\n2,y; z\n3\n", ",", ""),
        ("a.csv", "text\nx; y\nz\n", ",", ""),
        ("a.csv", 'id,"text;\nmore"\n1,"x;\ny"\n', ",", ""),
        ("a.csv", "name, first;age\nx;1\ny;2\n", ";", "separated by semicolons"),
        ("a.tsv", "id,text\n1,x\n", ",", "separated by commas"),
        ("a.csv", "id;price\n1;12,5\n", ";", f"separated by semicolons, {COMMA}"),
    ],
)  # fmt: skip
def test_separators_that_are_found(tmp_path, name, content, separator, said):
    (tmp_path / name).write_text(content)
    assert form_of(tmp_path / name).separator == separator
    assert taken(tmp_path / name) == said


@pytest.mark.parametrize(
    ("content", "separator"),
    [("1::2\n3::4\n", "::"), ("1 2\n3 4\n", " "), ("1\t2\n3\t4\n", "\t"), ("1,2\n3,4\n", ","), ("1|x,y\n2|z\n", "|")],
)
def test_a_separator_that_gives_as_many_fields_as_there_are_names(tmp_path, content, separator):
    (tmp_path / "some.dat").write_text(content)
    assert form_of(tmp_path / "some.dat", TextForm(names=("a", "b"))).separator == separator


@pytest.mark.parametrize("content", ["1,2;3\n4,5;6\n", "1\n", ""])
def test_a_separator_that_is_not_certain_is_asked_for(table, content):
    with pytest.raises(DataError, match=r"`separator:` in the file's entry in a mapping\.yaml or recipe says"):
        table("some.dat", content, TextForm(names=("a", "b")))


def test_quotes_of_tsv_are_part_of_the_text(table):
    content = (
        'query\titem\nsoup\t"Half a quote\nbread\tLast one\ncake\t"Sweet" corner\ntea\tLeaf "House"\nrice\t"Bar"\n'
    )
    rows, problems = table("relevance.tsv", content)
    assert [row["item"] for row in rows] == [
        '"Half a quote',
        "Last one",
        '"Sweet" corner',
        'Leaf "House"',
        '"Bar"',
    ]
    assert not problems


@pytest.mark.parametrize(
    ("content", "item"),
    [
        ('id\titem\n1\t"x ""y"""\n2\tz\n', 'x "y"'),
        ('id\titem\n1\t"x\ny"\n2\tz\n', "x\ny"),
        ('id\titem\n1\t"x\ty"\n2\tz\n', "x\ty"),
        ('"id"\t"item"\n"1"\t"x"\n', "x"),
        ('id\titem\n1\t"{""a"": 1}"\n2\t\n', '{"a": 1}'),
    ],
)
def test_tsv_that_a_program_quoted(tmp_path, table, content, item):
    assert table("some.tsv", content)[0][0]["item"] == item
    assert taken(tmp_path / "some.tsv") == "values are quoted"


def test_tsv_whose_quotes_may_be_either(table):
    content = 'id\titem\n1\t"x ""y"""\n2\t"z" k\n'
    with pytest.raises(DataError, match="`quoting: true` or `quoting: false`"):
        table("some.tsv", content)
    assert [r["item"] for r in table("some.tsv", content, TextForm(quoting=False))[0]] == ['"x ""y"""', '"z" k']
    assert table("some.tsv", content, TextForm(quoting=True))[0][0]["item"] == 'x "y"'


@pytest.mark.parametrize(
    ("content", "read_rows", "unread"),
    [
        ('a,b\n1,"x\n2,y\n', 0, 1),
        ('a,b\n1,x\n2,"y""', 1, 1),
        ('a,b\n1,x\n2,"y""z"', 2, 0),
        ('a,b\n1,5" screen\n2,z', 2, 0),
        ('a,b\n1,"2,3",4\n1,"2,3\n', 0, 2),
    ],
)
def test_a_quote_that_is_never_closed(table, content, read_rows, unread):
    """The rest of the file is in it."""
    rows, problems = table("some.csv", content)
    assert (len(rows), len(problems)) == (read_rows, unread)
    if unread:
        assert problems[-1] == (read_rows + unread, "its last quote is never closed")


def test_a_heading_that_is_one_short(table):
    """Written by R: the numbers of the rows have no name."""
    content = "query,item,label\n1,noodles,Lotus Bowl,relevant\n2,noodles,Tyre Shop,irrelevant\n"
    said = "expected 3 columns, found 4; separated by commas"
    assert table("relevance.csv", content) == ([], [(1, said), (2, said)])
    named = TextForm(names=("row", "query", "item", "label"))
    assert table("relevance.csv", content, named)[0][1] == {
        "row": "2",
        "query": "noodles",
        "item": "Tyre Shop",
        "label": "irrelevant",
    }
