"""What a person is told of files that nobody prepared for this project: each message has a way out."""

from __future__ import annotations

import json

import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.errors import DataError

LABELS = ("relevant", "irrelevant")


@pytest.fixture
def inspect(tmp_path, capsys):
    """Writes files, by their names, into a folder, and inspects it; gives exit code, output and errors."""

    def run(files, *arguments):
        for name, content in files.items():
            file = tmp_path / "data" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        code = main(["data", "inspect", str(tmp_path / "data"), "--to", str(tmp_path / "written.yaml"), *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def lines(*rows):
    """JSON Lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def mapped(tmp_path, entry):
    """A mapping of relevance with one entry."""
    file = tmp_path / "mapping.yaml"
    file.write_text(f"dimensions: {{relevance: {{sources: [{entry}]}}}}", encoding="utf-8")
    return str(file)


def test_preferences_without_a_prompt_are_of_no_dimension(inspect):
    """Texts of two columns, and nothing that says what they are: no user acted on them."""
    dialogue = "\n\nHuman: Where is lunch?\n\nAssistant: "
    code, out, err = inspect({"train.jsonl": lines({"chosen": f"{dialogue}Here.", "rejected": f"{dialogue}No."})})
    assert code == 2
    assert "of no dimension by name or columns (chosen, rejected): train.jsonl" in out
    assert "[{files: {'-': [\"train.jsonl\"]}}]" in err


def test_preferences_with_a_prompt_are_of_no_dimension(inspect):
    """A prompt may be the query of any dimension, and what was chosen a response or an item."""
    rows = [{"prompt": f"Where is lunch {n}?", "chosen": f"In Hall {n}.", "rejected": "No."} for n in range(9)]
    code, out, err = inspect({"train.jsonl": lines(*rows)})
    assert code == 2
    assert "of no dimension by name or columns (prompt, chosen, rejected): train.jsonl" in out
    assert "[{files: {'-': [\"train.jsonl\"]}}]" in err


def test_a_text_table_of_another_name(inspect, tmp_path):
    rows = "".join(f"noodles\tBowl {n}\t{label}\n" for n, label in enumerate(LABELS))
    code, out, err = inspect({"relevance.txt": rows})
    assert code == 2
    assert "of the name of relevance, but not in a form that is read by its ending: relevance.txt" in out
    assert "With `separator` or `names` in its entry there, a file of any name is a text table." in out
    assert "is read if its entry in a mapping.yaml has `separator:` or `names:`" in err
    entry = "{files: {'-': [relevance.txt]}, names: [query, item, label]}"
    assert inspect({}, "--mapping", mapped(tmp_path, entry))[0] == 0


def test_tables_of_a_log(inspect):
    """They are no records yet."""
    code, _, err = inspect({"ratings.dat": "1::2::5::978300760\n"})
    assert code == 2
    assert "logs of what users did become records with `recrm data build`" in err
    code, _, err = inspect({"review.json": lines({"user_id": "u", "business_id": "b", "stars": 4})})
    assert code == 2
    assert "Logs of what users did become records with `recrm data build`" in err


def test_a_table_without_a_heading(inspect, tmp_path):
    rows = "".join(f"{n},noodles {n},Bowl {n},{label}\n" for n, label in enumerate(LABELS * 5))
    code, _, err = inspect({"relevance.csv": rows})
    assert code == 2
    assert "the columns are 0, noodles 0, Bowl 0, relevant (if the first row is no heading, `names: [...]`" in err
    entry = "{files: {'-': [relevance.csv]}, names: [id, query, item, label]}"
    assert inspect({}, "--mapping", mapped(tmp_path, entry))[0] == 0


def test_a_column_without_a_name_is_named(inspect):
    """pandas writes the numbers of rows so."""
    rows = "".join(f"{n},noodles {n},Bowl {n},{label}\n" for n, label in enumerate(LABELS))
    code, out, _ = inspect({"relevance.csv": f",query,item,label\n{rows}"})
    assert code == 0
    assert "  not used    ''\n" in out
    code, out, _ = inspect({"relevance.csv": ",a\n1,2\n", "x.csv": ",b\n1,2\n"})
    assert "the columns are '', a" in out
    assert "('', b): x.csv" in out


def test_only_what_may_be_labels_is_offered(inspect):
    """Not the time of a label, nor who gave it."""
    rows = [{"query": "noodles", "item": f"Bowl {n}", "rel": label, "annotator": 1, "lead": 3.5,
             "created_at": f"2024-05-0{n + 1}T12:00:00Z", "day": f"2024-05-0{n + 1}", "seconds": 1_714_564_800 + n}
            for n, label in enumerate(LABELS)]  # fmt: skip
    code, _, err = inspect({"project-1-relevance.json": json.dumps(rows)})
    assert code == 2
    assert [line.strip() for line in err.splitlines() if line.startswith("    ")] == ["label: {column: rel}"]


def test_a_label_within_lists(inspect, tmp_path):
    """An export of Label Studio: a pattern finds the choice."""
    rows = [{"data": {"query": "noodles", "item": f"Bowl {n}"}, "created_at": "2024-05-01T12:00:00Z",
             "annotations": [{"completed_by": 1, "result": [{"value": {"choices": [label]}, "type": "choices"}]}]}
            for n, label in enumerate(LABELS)]  # fmt: skip
    code, _, err = inspect({"relevance.json": json.dumps(rows)})
    assert code == 2
    assert "label: {column: annotations, pattern: REGULAR EXPRESSION WITH (THE LABEL)}   # annotations has it" in err
    pattern = """{column: annotations, pattern: '"choices": ?\\["([^"]+)"'}"""
    mapping = mapped(tmp_path, f"{{files: {{'-': [relevance.json]}}, label: {pattern}}}")
    found = {r.item: r.label for r in load("relevance", str(tmp_path / "data"), mapping=mapping).records()}
    assert found == {"Bowl 0": "relevant", "Bowl 1": "irrelevant"}


def test_what_is_judged_is_never_none(tmp_path):
    rows = [{"query": "noodles", "listing": f"Bowl {n}, vegan ramen", "label": label} for n, label in enumerate(LABELS)]
    (tmp_path / "relevance.jsonl").write_text(lines(*rows))
    with pytest.raises(DataError) as caught:
        load("relevance", str(tmp_path))
    assert "    fields: {item: listing}\n" in str(caught.value)
    assert "item: null" not in str(caught.value)


def test_columns_of_a_chinese_export(tmp_path):
    rows = "".join(
        f'附近的牛肉面{n},"老王牛肉面馆，人均{n}元",{label}\r\n' for n, label in enumerate(("相关", "不相关"))
    )
    (tmp_path / "相关性.csv").write_bytes(f"查询词,商户信息,相关性\r\n{rows}".encode("gbk"))
    found = load("relevance", str(tmp_path))
    assert sorted((r.query, r.label) for r in found.records()) == [
        ("附近的牛肉面0", "relevant"), ("附近的牛肉面1", "irrelevant"),
    ]  # fmt: skip
    assert found.provenance["files_as_found"] == {"相关性.csv": "encoding gb18030"}
