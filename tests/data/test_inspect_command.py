"""`recrm data inspect`: what its exit code and its last words say of sources that are partly usable."""

from __future__ import annotations

import json

import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.data.export import export
from recrm_tasks.errors import RecrmError


def row(query, label="relevant", **more):
    """A record of relevance in plain columns."""
    return {"query": query, "item": f"item for {query}", "label": label, **more}


def put(folder, **files):
    """JSON Lines files."""
    for name, rows in files.items():
        file = folder / f"{name.replace('__', '/')}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return folder


@pytest.fixture
def inspect(tmp_path, capsys):
    """Runs the command on a folder `data`; gives exit code, output and errors."""

    def run(*arguments):
        code = main(["data", "inspect", str(tmp_path / "data"), "--to", str(tmp_path / "written.yaml"), *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def mapped(tmp_path, text):
    """A mapping of relevance with these lines."""
    file = tmp_path / "mapping.yaml"
    head = "dimensions:\n  relevance:\n    sources:\n    - files: {'-': [relevance.jsonl]}\n"
    file.write_text(head + text, encoding="utf-8")
    return str(file)


def test_rows_that_a_mapping_skips_are_left_out_and_are_no_error(tmp_path, inspect):
    put(tmp_path / "data", relevance=[row("a"), row("b", "irrelevant"), row("c", None)])
    code, out, err = inspect()
    assert code == 2
    assert "1 rows cannot be used" in err
    assert "`unusable: skip`" in err
    code, out, err = inspect("--mapping", mapped(tmp_path, "    unusable: skip\n"))
    assert (code, err) == (0, "")
    assert "left out    1 rows: no label" in out
    assert "relevance: 2 records" in out


def test_a_file_that_cannot_be_read_ends_with_its_reason_whatever_else_there_is(tmp_path, inspect):
    data = put(tmp_path / "data", relevance=[row("a"), row("b", "irrelevant")])
    (data / "factual.csv").write_bytes("query,evidence,response,label\n营业,事,答,\n".encode("gbk"))
    code, out, err = inspect()
    assert code == 2
    assert "relevance: 2 records" in out
    assert "factual.csv, line 2: not UTF-8 text" in err.splitlines()[-1]
    assert "refused     1 file with factual: factual.csv" in out
    (data / "relevance.jsonl").unlink()
    code, out, err = inspect()
    assert code == 2
    assert "factual.csv, line 2: not UTF-8 text" in err.splitlines()[-1]


def test_an_id_that_two_files_have(tmp_path, inspect):
    """The counts are those of the records that can be used, and the message has the way out."""
    put(tmp_path / "data", relevance__train=[row("a", id=0)], relevance__test=[row("b", "irrelevant", id=0)])
    code, out, err = inspect()
    assert code == 2
    assert "relevance: 1 records" in out
    assert "  labels      irrelevant: 1\n" in out
    assert "  splits      test: 1\n" in out
    assert "without an `id` in a mapping.yaml they are made of the content" in out
    file = tmp_path / "mapping.yaml"
    files = "{train: [relevance/train.jsonl], test: [relevance/test.jsonl]}"
    said = "fields: {query: query, item: item}, label: {column: label}"
    file.write_text(f"dimensions: {{relevance: {{sources: [{{files: {files}, {said}}}]}}}}", encoding="utf-8")
    code, out, err = inspect("--mapping", str(file))
    assert (code, err) == (0, "")
    assert "relevance: 2 records" in out


def test_a_mapping_names_what_it_was_made_from(tmp_path, inspect, caplog):
    data = put(tmp_path / "data", relevance=[row("a"), row("b", "irrelevant")])
    assert inspect()[0] == 0
    mapping = tmp_path / "written.yaml"
    assert "made_from:\n  source: data\n" in mapping.read_text(encoding="utf-8")
    found = load("relevance", str(data), mapping=str(mapping))
    assert "mapping_note" not in found.provenance
    assert caplog.text == ""
    other = put(tmp_path / "other", relevance=[row("a"), row("b", "irrelevant")])
    note = f"{mapping} was made from data, and is used for other. Columns and labels may mean something else there"
    for _ in range(2):
        assert load("relevance", str(other), mapping=str(mapping)).provenance["mapping_note"].startswith(note)
    assert caplog.text.count(note) == 1
    manifest = export(str(other), tmp_path / "out", None, None, str(mapping), None)
    assert manifest["dimensions"]["relevance"]["mapping_note"].startswith(note)


def test_a_mapping_for_another_file(tmp_path, inspect):
    """What does not fit is said, and that the mapping was made from something else."""
    put(tmp_path / "data", relevance=[row("a"), row("b", "irrelevant")])
    inspect()
    other = put(tmp_path / "other", relevance=[{"search": "a", "shop": "b", "label": "relevant"}])
    with pytest.raises(RecrmError) as caught:
        load("relevance", str(other), mapping=str(tmp_path / "written.yaml"))
    first, last = str(caught.value).splitlines()
    assert "no row has a column 'query'" in first
    assert "was made from data, and is used for other" in last
    third = put(tmp_path / "third", qir=[row("a")])
    with pytest.raises(RecrmError, match=r"no file of third fits relevance.jsonl\n.*was made from data"):
        load("relevance", str(third), mapping=str(tmp_path / "written.yaml"))


def test_made_from_is_checked(tmp_path):
    file = tmp_path / "mapping.yaml"
    file.write_text("made_from: {sauce: data}\ndimensions: {}\n", encoding="utf-8")
    with pytest.raises(RecrmError, match="made_from"):
        load("relevance", str(put(tmp_path / "data", relevance=[row("a")])), mapping=str(file))
