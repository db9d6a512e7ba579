"""`recrm data export`: what is written reads back as the very same records, for us and for `datasets`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from recrm_tasks import __version__
from recrm_tasks.cli import main
from recrm_tasks.data import export as export_module
from recrm_tasks.data import load
from recrm_tasks.data.export import export
from recrm_tasks.errors import DataError

KEYS = ("instruction", "factual", "relevance", "behavior", "ranking")


def said(data, **options):
    """All that counts of a data set: the records, the questions, the labels, the digest."""
    prompts = [list(data.prompts(mode, lang)) for mode in ("generate", "logprob") for lang in (None, "zh")]
    return list(data.records()), prompts, data.labels, data.provenance["sha256"]


def lines(rows):
    return "\n".join(json.dumps(r, ensure_ascii=False) for r in rows)


def write_ready(folder, splits=True):
    """Ready prompts without ids, two of them alike, beside labels of their own."""
    folder.mkdir()
    grades = [("E", 1.0), ("S", 0.67), ("X", 0.0)]
    labels = [{"name": n, "value": v, "zh": f"{n} 级", "en": f"grade {n}"} for n, v in grades]
    (folder / "labels.json").write_text(json.dumps({"relevance": {"labels": labels}}))
    for name, start in (("train", 0), ("test", 40)) if splits else (("rows", 0),):
        rows = [
            {"prompt": [{"role": "system", "content": "S\n"}, {"role": "user", "content": f" 第 {i % 39} 个?\n"}]}
            | {"answer": "ESX"[i % 3], "user_id": f"u{i % 39}", "category": "x" if i % 2 else None}
            for i in range(start, start + 40)
        ]
        (folder / f"relevance_{name}.jsonl").write_text(lines(rows), encoding="utf-8")
    return folder


@pytest.mark.parametrize("key", KEYS)
def test_the_sample_reads_back_bit_for_bit(tmp_path, key, monkeypatch):
    manifest = export("sample", tmp_path / "out", [key], None, None, None)
    before = load(key, "sample")
    monkeypatch.setenv("RECRM_DATA", str(tmp_path / "out"))
    after = load(key)
    assert said(after) == said(before)
    assert said(load(key, seed=3, limit=7, lang="zh")) == said(load(key, "sample", seed=3, limit=7, lang="zh"))
    assert after.provenance["source"] == "out"
    assert manifest["dimensions"][key]["splits"] == {"rows": {"rows": 72, "sha256": before.provenance["sha256"]}}
    # The order of the source stays.
    ids = pq.read_table(tmp_path / "out" / key / "rows.parquet").column("id").to_pylist()
    assert ids == [
        r["id"]
        for r in map(
            json.loads,
            (Path(export_module.__file__).parent / "sources" / "sample" / f"{key}.jsonl")
            .read_text(encoding="utf-8")
            .splitlines(),
        )
    ]


def test_ready_prompts_read_back_bit_for_bit(tmp_path):
    source = str(write_ready(tmp_path / "in"))
    export(source, tmp_path / "out", ["relevance"], None, None, None)
    for split in ("train", "test", "all"):
        for seed in (0, 5):
            before = load("relevance", source, split=split, seed=seed)
            after = load("relevance", str(tmp_path / "out"), split=split, seed=seed)
            records, prompts, labels, digest = said(after)
            assert (prompts, labels, digest) == said(before)[1:]
            assert records == list(before.records())
    assert load("relevance", str(tmp_path / "out")).provenance["split"] == "test"
    assert len({r.id for r in load("relevance", source, split="all").records()}) == 80


def test_hashed_splits_read_back_bit_for_bit(tmp_path):
    source = str(write_ready(tmp_path / "in", splits=False))
    manifest = export(source, tmp_path / "out", ["relevance"], "hash", None, None)
    sizes = {}
    for name in ("test", "train"):
        before = load("relevance", source, split=f"hash-{name}")
        after = load("relevance", str(tmp_path / "out"), split=name)
        assert said(after)[1:] == said(before)[1:]
        assert list(after.records()) == [r.model_copy(update={"split": name}) for r in before.records()]
        sizes[name] = {"rows": len(before), "sha256": before.provenance["sha256"]}
    assert manifest["dimensions"]["relevance"]["splits"] == sizes
    assert sizes["test"]["rows"] + sizes["train"]["rows"] == 40
    assert len(load("relevance", str(tmp_path / "out"))) == sizes["test"]["rows"]


def test_one_split(tmp_path):
    source = str(write_ready(tmp_path / "in"))
    export(source, tmp_path / "out", ["relevance"], "train", None, None)
    assert said(load("relevance", str(tmp_path / "out"), split="train")) == said(
        load("relevance", source, split="train")
    )
    assert [p.name for p in (tmp_path / "out" / "relevance").iterdir()] == ["train.parquet"]


def test_the_manifest_is_true(tmp_path):
    source = str(write_ready(tmp_path / "in"))
    made = export(source, tmp_path / "out", ["relevance"], None, None, None)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest == json.loads(json.dumps(made))
    assert manifest["recrm_tasks"] == __version__
    part = manifest["dimensions"]["relevance"]
    assert {k: part[k] for k in ("data", "source", "revision", "mapping", "rows_skipped")} == {
        "data": "path",
        "source": "in",
        "revision": None,
        "mapping": "recognised",
        "rows_skipped": {},
    }
    for name in ("train", "test"):
        found = load("relevance", source, split=name).provenance
        assert part["splits"][name] == {"rows": found["rows"], "sha256": found["sha256"]}
        assert pq.read_metadata(tmp_path / "out" / "relevance" / f"{name}.parquet").num_rows == found["rows"]


def test_datasets_opens_the_folder_offline(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    export("sample", tmp_path / "out", list(KEYS), None, None, None)
    for key in KEYS:
        opened = datasets.load_dataset(str(tmp_path / "out"), key, cache_dir=str(tmp_path / "cache"))
        assert list(opened) == ["rows"]
        records = {r.id: r for r in load(key, "sample").records()}
        assert {row["id"] for row in opened["rows"]} == set(records)
        row = opened["rows"][0]
        assert row["dimension"] == key
        assert row["lang"] == records[row["id"]].lang
        assert json.loads(row["meta"]) == records[row["id"]].meta
    source = str(write_ready(tmp_path / "in"))
    export(source, tmp_path / "two", ["relevance"], None, None, None)
    opened = datasets.load_dataset(str(tmp_path / "two"), cache_dir=str(tmp_path / "cache"))
    assert {name: part.num_rows for name, part in opened.items()} == {"train": 40, "test": 40}
    assert opened["test"][0]["messages"][0] == {"role": "system", "content": "S\n"}


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_there_stays_as_it_is(tmp_path, kind):
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "mine.txt").write_text("mine")
    if kind == "link":
        out.rename(tmp_path / "real")
        out.symlink_to(tmp_path / "real")
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(DataError, match="out: exists already"):
        export("sample", out, ["factual"], None, None, None)
    assert sorted(p.name for p in tmp_path.iterdir()) == before
    assert (out if kind == "file" else out / "mine.txt").read_text() == "mine"


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    export("sample", tmp_path / "out", ["factual"], None, None, None)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "README.md",
        "factual",
        "labels.json",
        "manifest.json",
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device"), DataError("half way")])
@pytest.mark.parametrize("step", ["_write", "_card"])
def test_an_interrupted_export_leaves_nothing(tmp_path, monkeypatch, error, step):
    calls = []

    def stops(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 1 and step == "_write":
            return real(*arguments, **options)
        raise error

    real = getattr(export_module, step)
    monkeypatch.setattr(export_module, step, stops)
    with pytest.raises(DataError if isinstance(error, Exception) else KeyboardInterrupt):
        export("sample", tmp_path / "out", ["factual", "ranking"], None, None, None)
    assert calls
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    for place in ("file/out", "file/deeper/out"):
        with pytest.raises(DataError, match="cannot be written"):
            export("sample", tmp_path / place, ["factual"], None, None, None)


def test_records_without_a_split_beside_others(tmp_path):
    """A file per split would leave them out, and `all` takes everything."""
    (tmp_path / "in").mkdir()
    rows = [
        {"id": f"q{i}", "dimension": "relevance", "lang": "en", "source": "s", "query": "q", "item": f"i{i}"}
        for i in range(6)
    ]
    rows = [{**r, "label": "relevant"} | ({"split": "test"} if i < 4 else {}) for i, r in enumerate(rows)]
    (tmp_path / "in" / "relevance.jsonl").write_text(lines(rows))
    with pytest.raises(DataError, match="2 records have no split"):
        export(str(tmp_path / "in"), tmp_path / "out", ["relevance"], None, None, None)
    export(str(tmp_path / "in"), tmp_path / "out", ["relevance"], "all", None, None)
    before, after = (load("relevance", str(tmp_path / name), split="all") for name in ("in", "out"))
    assert said(after) == said(before)


def test_the_command(tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["data", "export", "sample", "--dimension", "factual", "--to", str(out)]) == 0
    told = capsys.readouterr()
    assert told.out == f"factual/rows.parquet: 72 records, sha256 {load('factual', 'sample').provenance['sha256']}\n"
    assert f"RECRM_DATA={out}" in told.err
    assert main(["data", "export", "sample", "--dimension", "factual", "--to", str(out)]) == 2
    assert capsys.readouterr().err.startswith("recrm: ")
    assert main(["data", "export", "sample", "--dimension", "nonsense", "--to", str(tmp_path / "two")]) == 2
    assert not (tmp_path / "two").exists()
    assert oct(os.stat(out).st_mode & 0o777) == "0o755"


def test_a_source_of_some_dimensions_is_exported_without_naming_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "export", "sample", "--to", str(tmp_path / "one"), "--dimension", "factual"]) == 0
    capsys.readouterr()
    assert main(["data", "export", str(tmp_path / "one"), "--to", str(tmp_path / "again")]) == 0
    told = capsys.readouterr()
    assert "factual/" in told.out
    for key in ("instruction", "relevance", "behavior", "ranking"):
        assert f"left out: {key}, which has no records" in told.err
    manifests = [json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("one", "again")]
    splits = [manifest["dimensions"]["factual"]["splits"] for manifest in manifests]
    assert splits[0] == splits[1]
    assert list(manifests[1]["dimensions"]) == ["factual"]
    assert main(["data", "export", str(tmp_path / "one"), "--to", str(tmp_path / "no"), "--dimension", "ranking"]) == 2
    assert "no records of dimension 'ranking'" in capsys.readouterr().err
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "notes.txt").write_text("nothing")
    assert main(["data", "export", str(tmp_path / "none"), "--to", str(tmp_path / "no")]) == 2
    assert "no data files" in capsys.readouterr().err
    assert not (tmp_path / "no").exists()


def test_inspect_says_briefly_what_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["data", "export", "sample", "--to", str(tmp_path / "one"), "--dimension", "factual"]) == 0
    capsys.readouterr()
    assert main(["data", "inspect", str(tmp_path / "one")]) == 0
    printed = capsys.readouterr().out
    assert "\nranking: no records\n" in printed
    assert "factual: 72 records" in printed
