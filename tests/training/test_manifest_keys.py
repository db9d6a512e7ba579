"""What a manifest says that a set has in common with records, as far as their sources are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recrm_tasks.errors import DataError
from recrm_tasks.training.group_keys import GroupKey
from recrm_tasks.training.manifest import MANIFEST, Contents
from recrm_tasks.training.manifest_keys import ManifestKeys
from recrm_tasks.training.rows import Row


def manifest(folder: Path, *keys: GroupKey, **more: Any) -> ManifestKeys:
    contents = Contents()
    row = Row("factual", "en", ("r1",), "A", ())
    contents.add(row, keys)
    dimensions = {"factual": {"data": "path", "source": "mine"}}
    content = {"dimensions": dimensions, **contents.to_json(folder), **more}
    (folder / MANIFEST).write_text(json.dumps(content), encoding="utf-8")
    return ManifestKeys(folder / MANIFEST)


USER, TEXT = GroupKey("user", "0" * 24, "one"), GroupKey("evidence", "1" * 24)


def test_ids_count_within_one_source(tmp_path: Path) -> None:
    found = manifest(tmp_path, USER, TEXT)
    assert found.shared([USER, TEXT]) == {"user", "evidence"}
    assert found.shared([USER._replace(source="two")]) == set()
    assert found.shared([USER._replace(source="")]) == {"user"}  # not known: compared with every other
    assert found.shared([USER._replace(value="2" * 24), TEXT._replace(kind="query")]) == set()


def test_ids_of_unknown_sources_are_compared_with_all(tmp_path: Path) -> None:
    found = manifest(tmp_path, USER._replace(source=""))
    assert found.shared([USER]) == found.shared([USER._replace(source="")]) == {"user"}


def test_records_are_the_same_in_one_source(tmp_path: Path) -> None:
    found = manifest(tmp_path, USER)
    assert found.has("factual", "r1")
    assert not found.has("factual", "r2")
    assert not found.has("relevance", "r1")
    assert found.is_of({"data": "path", "source": "mine"})
    assert not found.is_of({"data": "path", "source": "other"})
    assert not found.is_of({"data": "hub", "source": "mine"})


@pytest.mark.parametrize("wrong", [{"groups_sha256": ["no digits"]}, {"sources": None}, {"records": 3}])
def test_a_broken_manifest_is_one_message(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"recrm_manifest\.json: not a manifest of recrm data export"):
        manifest(tmp_path, USER, **wrong)


def test_a_list_that_is_cut_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recrm_tasks.training.manifest._FEW", 1)
    manifest(tmp_path, USER, TEXT)
    (tmp_path / "recrm_groups.txt").write_text("0" * 64 + "\n", encoding="ascii")
    with pytest.raises(DataError, match=r"recrm_groups\.txt: 1 entries instead of 2: copy it again"):
        ManifestKeys(tmp_path / MANIFEST)
