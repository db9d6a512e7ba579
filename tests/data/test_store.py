"""Checked records in a file: read in any order, used again, and never taken for whole when they are not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recrm_tasks.data import load, prepare
from recrm_tasks.data.store import arrow_store
from recrm_tasks.data.store.arrow_store import Writer, stored
from recrm_tasks.data.store.code_digest import FOLDERS, code_digest
from recrm_tasks.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = pa.schema([("id", pa.string()), ("n", pa.int64()), ("texts", pa.list_(pa.string()))])
MANIFEST = {"rows": 0, "dropped": [], "renamed": {}, "files": {}, "problems": {}}


def batch_of(start, count):
    rows = [{"id": f"r{i}", "n": i, "texts": [str(i)] * (i % 3)} for i in range(start, start + count)]
    return pa.RecordBatch.from_pylist(rows, SCHEMA)


def written(home, sizes):
    """A store of parts of these sizes, and the same records as a table."""
    writer, parts = Writer(SCHEMA, home), []
    for size in sizes:
        parts.append(batch_of(sum(p.num_rows for p in parts), size))
        writer.write(parts[-1])
    table = pa.Table.from_batches(parts, SCHEMA)
    return writer.finish(dict(MANIFEST), table.select(["id"])), table


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    sizes=st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any),
    window=st.sampled_from([1, 50, 200, 1 << 20]),
    in_file=st.booleans(),
    slowly=st.booleans(),
    few=st.sampled_from([0, 1_000]),
    data=st.data(),
)
def test_records_come_in_the_order_that_is_asked(tmp_path_factory, sizes, window, in_file, slowly, few, data):
    home = tmp_path_factory.mktemp("store") / "home" if in_file else None
    found, table = written(home, sizes)
    rows = data.draw(st.lists(st.integers(0, sum(sizes) - 1), max_size=30))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrow_store, "_WINDOW", window)
        patch.setattr(arrow_store, "_FEW", few)
        if slowly:
            patch.setattr(arrow_store, "_fits", lambda batches: False)
        names = data.draw(st.sampled_from([SCHEMA.names, ["n"], ["texts", "id"]]))
        parts = list(found.gather(np.array(rows, dtype=np.int64), names))
    got = [row for part in parts for row in part.to_pylist()]
    assert got == table.take(pa.array(rows, pa.int64())).select(names).to_pylist()
    if window == 1:
        assert all(part.num_rows == 1 for part in parts)
    assert [row for b in found.batches(names) for row in b.to_pylist()] == table.select(names).to_pylist()


def test_a_finished_store_reads_back(tmp_path):
    found, table = written(tmp_path / "home", [3, 4])
    again = stored(tmp_path / "home")
    assert (again.content, again.manifest) == (found.content, found.manifest)
    assert again.index.equals(table.select(["id"]))
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


def test_an_unfinished_store_leaves_nothing(tmp_path):
    writer = Writer(SCHEMA, tmp_path / "home")
    writer.write(batch_of(0, 5))
    assert len(list(tmp_path.iterdir())) == 1
    assert stored(tmp_path / "home") is None
    writer.discard()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("damage", ["cut", "gone", "index", "manifest", "old manifest"])
def test_a_damaged_store_is_not_used_and_is_replaced(tmp_path, damage):
    home = tmp_path / "home"
    written(home, [3, 4])
    file = home / {"index": "index.arrow", "manifest": "manifest.json", "old manifest": "manifest.json"}.get(
        damage, "records.arrow"
    )
    if damage == "gone":
        file.unlink()
    elif damage == "old manifest":
        file.write_text("{}")
    else:
        os.truncate(file, file.stat().st_size // 2)
    assert stored(home) is None
    found, table = written(home, [5])
    assert stored(home).index.num_rows == 5
    assert [row for b in found.batches(["n"]) for row in b.to_pylist()] == table.select(["n"]).to_pylist()
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


def test_of_two_runs_the_first_to_finish_stays(tmp_path):
    one, two = Writer(SCHEMA, tmp_path / "home"), Writer(SCHEMA, tmp_path / "home")
    for writer in (one, two):
        writer.write(batch_of(0, 2))
    index = pa.Table.from_batches([batch_of(0, 2)]).select(["id"])
    one.finish({**MANIFEST, "by": 1}, index)
    assert two.finish({**MANIFEST, "by": 2}, index).content == tmp_path / "home" / "records.arrow"
    two.discard()
    assert stored(tmp_path / "home").manifest["by"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["home"]


# --- the cache -------------------------------------------------------------------------------------------------------


def rows_of(count, text="tea"):
    return [
        {"id": f"q{i}", "dimension": "relevance", "lang": "en", "source": "s", "query": f"{text} {i}", "item": "cup"}
        | {"label": "relevant"}
        for i in range(count)
    ]


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A file that counts as large, with 500 records."""
    monkeypatch.setattr(prepare, "_SMALL", 0)
    file = tmp_path / "relevance.jsonl"
    file.write_text("\n".join(map(json.dumps, rows_of(500))), encoding="utf-8")
    return file


def kept(folder):
    """What the cache holds."""
    return sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []


def test_small_sources_are_kept_in_memory(own_cache):
    load("relevance", "sample")
    assert kept(own_cache) == []


def test_the_second_run_reads_what_the_first_one_kept(source, own_cache, monkeypatch):
    first = load("relevance", str(source))
    records = list(first.records())
    assert len(kept(own_cache)) == 1
    monkeypatch.setattr(prepare, "convert", None)
    second = load("relevance", str(source))
    assert second.provenance == first.provenance
    assert list(second.records()) == records
    with pytest.raises(TypeError):  # the proof that `convert` would have been needed
        load("relevance", str(source), mapping=mapping_of(source))


def mapping_of(source):
    file = source.parent / "mapping.yaml"
    file.write_text(
        "dimensions: {relevance: {sources: [{files: {'-': [relevance.jsonl]}, lang: en, "
        "fields: {query: query, item: source}, label: {column: label}}]}}"
    )
    return str(file)


def test_whatever_changes_the_records_makes_another_store(source, own_cache):
    seen = {load("relevance", str(source)).provenance["sha256"]}
    seen.add(load("relevance", str(source), mapping=mapping_of(source)).provenance["sha256"])
    assert (len(seen), len(kept(own_cache))) == (2, 2)
    stat = source.stat()
    source.write_text(source.read_text().replace("tea 7", "pot 7"), encoding="utf-8")
    os.utime(source, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1_000_000))  # same size
    changed = load("relevance", str(source))
    assert {"pot 7"} <= {r.query for r in changed.records()}
    seen.add(changed.provenance["sha256"])
    labels = [{"name": n, "value": v, "zh": n, "en": n} for n, v in (("relevant", 1), ("odd", 0))]
    (source.parent / "labels.json").write_text(json.dumps({"relevance": {"labels": labels}}))
    seen.add(load("relevance", str(source)).provenance["sha256"])
    assert (len(seen), len(kept(own_cache))) == (4, 4)


def test_a_file_changed_under_an_equal_size_and_time_is_read_again(source, own_cache):
    rows = rows_of(500)
    first = load("relevance", str(source))
    stat = source.stat()
    changed = [{**r, "label": "partial"} for r in rows]
    text = "\n".join(map(json.dumps, changed))
    source.write_text(text + " " * (stat.st_size - len(text)), encoding="utf-8")
    os.utime(source, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (source.stat().st_size, source.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    second = load("relevance", str(source))
    assert {r.label for r in second.records()} == {"partial"}
    assert second.provenance["sha256"] != first.provenance["sha256"]
    assert len(kept(own_cache)) == 2


def test_other_code_makes_another_store(source, own_cache, monkeypatch):
    for _ in range(2):
        load("relevance", str(source))
    assert len(kept(own_cache)) == 1
    monkeypatch.setattr(prepare, "code_digest", lambda: "another")
    load("relevance", str(source))
    assert len(kept(own_cache)) == 2


@pytest.mark.parametrize("change", ["content", "name", "new", "nested"])
def test_the_digest_of_code_is_of_all_its_files(tmp_path, change):
    (tmp_path / "inner").mkdir()
    for name in ("__init__.py", "a.py", "inner/b.py"):
        (tmp_path / name).write_text(f"# {name}\n")
    digest = code_digest.__wrapped__
    before = digest((tmp_path,))
    (tmp_path / "notes.txt").write_text("no code")
    assert digest((tmp_path,)) == before
    if change == "name":
        (tmp_path / "a.py").rename(tmp_path / "c.py")
    else:
        name = {"content": "a.py", "new": "new.py", "nested": "inner/b.py"}[change]
        (tmp_path / name).write_text("# other\n")
    assert digest((tmp_path,)) != before


def test_the_digest_is_of_the_rooms_that_make_records():
    assert [folder.name for folder in FOLDERS] == ["data", "dimensions", "answers"]
    assert all((folder / "__init__.py").is_file() for folder in FOLDERS)


def test_problems_are_told_again_and_nothing_is_kept_of_a_stopped_run(source, own_cache):
    rows = [*rows_of(5), {**rows_of(6)[5], "label": "?"}]
    source.write_text("\n".join(map(json.dumps, rows)))
    told = []
    for _ in range(2):
        with pytest.raises(DataError) as caught:
            load("relevance", str(source))
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert "line 6: label: '?'" in told[0]
    assert kept(own_cache) == []


def test_counted_problems_are_kept_with_the_records(source, own_cache):
    source.write_text("\n".join(map(json.dumps, [*rows_of(5), {**rows_of(6)[5], "label": "?"}])))
    text = Path(mapping_of(source)).read_text().replace("{relevance: {", "{relevance: {unusable: skip, ")
    Path(mapping_of(source)).write_text(text)
    found = [load("relevance", str(source), mapping=str(source.parent / "mapping.yaml")) for _ in range(2)]
    assert [d.provenance["rows_skipped"] for d in found] == [{"unknown label": 1}] * 2
    assert len(kept(own_cache)) == 1


def test_windows_over_a_file_change_nothing(source, monkeypatch):
    whole = list(load("relevance", str(source)).records())
    monkeypatch.setattr(arrow_store, "_WINDOW", 2_000)
    assert list(load("relevance", str(source)).records()) == whole


@pytest.mark.parametrize("kind", ["a file", "in a file", "no such device"])
def test_a_cache_that_cannot_be_written(source, tmp_path, monkeypatch, kind):
    (tmp_path / "file").write_text("x")
    place = {"a file": "file", "in a file": "file/cache", "no such device": "/dev/null/cache"}[kind]
    monkeypatch.setenv("RECRM_CACHE", str(tmp_path / place))
    with pytest.raises(DataError, match=r"checked records cannot be written there: .*RECRM_CACHE names another folder"):
        load("relevance", str(source))
    assert (tmp_path / "file").read_text() == "x"


FULL = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from recrm_tasks.data import load, prepare
prepare._SMALL = 0
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
from recrm_tasks.errors import DataError
try:
    load("relevance", sys.argv[1])
except DataError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("room", [0, 100, 10_000, 30_000])
def test_a_full_disk_is_one_message_and_leaves_nothing(source, own_cache, room):
    """At the heading, in the records, and behind them: a limit on the size of files stands in for the disk."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(source), str(room)], env=environment, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert "checked records cannot be written there: " in done.stdout
    assert "RECRM_CACHE names another folder" in done.stdout
    assert kept(own_cache) == []
    assert len(load("relevance", str(source))) == 500


@pytest.mark.parametrize("step", ["write_text", "replace"])
def test_no_space_at_the_end(source, own_cache, monkeypatch, step):
    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(*((Path, "write_text") if step == "write_text" else (os, "replace")), full)
        with pytest.raises(DataError, match="No space left on device"):
            load("relevance", str(source))
    assert kept(own_cache) == []
    assert len(load("relevance", str(source))) == 500


def test_ids_of_records_with_equal_content(tmp_path: Path) -> None:
    """They are numbered. The same ids everywhere, also where records are chosen by them."""
    row = {"lang": "en", "query": "q", "evidence": ["e"], "response": "r", "label": "consistent"}
    file = tmp_path / "factual.jsonl"
    rows = [{**row, "source": "s", "dimension": "factual", "response": text} for text in ("r", "r", "other", "r")]
    file.write_text("\n".join(map(json.dumps, rows)))
    found = load("factual", str(file))
    names = [record.id for record in found.records()]
    assert sorted(name[16:] for name in names) == ["", "", "-2", "-3"]
    assert found.ids() == names
    assert found.only(names[:3]).ids() == names[:3]


def test_a_record_whose_id_a_left_out_row_repeats(tmp_path: Path) -> None:
    row = {"lang": "en", "query": "q", "evidence": ["e"], "response": "r", "label": "consistent"}
    rows = [{**row, "id": "a"}, {**row, "id": "b", "response": "x"}, {**row, "id": "a", "response": "z"}]
    (tmp_path / "factual.jsonl").write_text("\n".join(map(json.dumps, rows)))
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(
        "version: 1\ndimensions:\n  factual:\n    unusable: skip\n    sources:\n"
        "      - {files: {test: ['*.jsonl']}, id: id, lang: lang, label: {column: label},\n"
        "         fields: {query: query, evidence: evidence, response: response}}\n"
    )
    found = load("factual", str(tmp_path / "factual.jsonl"), mapping=str(mapping))
    assert (sorted(found.ids()), found.only(["a"]).ids()) == (["a", "b"], ["a"])
