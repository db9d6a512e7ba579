"""Links in a folder: they are followed and listed, and no folder is read twice."""

from __future__ import annotations

import json
import os

import pytest

from recrm_tasks.cli import main
from recrm_tasks.data import load
from recrm_tasks.data.sources.folder import files_of
from recrm_tasks.errors import DataError

ROW = json.dumps({"query": "noodles", "item": "Lotus Bowl", "label": "relevant"}) + "\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "outside" / "deep").mkdir(parents=True)
    (tmp_path / "outside" / "deep" / "relevance.jsonl").write_text(ROW)
    return tmp_path / "data"


def test_a_link_out_of_the_folder_is_followed_and_listed(folder, tmp_path, capsys):
    """The hub's cache consists of such links."""
    file = tmp_path / "outside" / "deep" / "relevance.jsonl"
    (folder / "relevance_test.jsonl").symlink_to(file)
    (folder / "more").symlink_to(tmp_path / "outside", target_is_directory=True)
    assert main(["data", "inspect", str(folder), "--to", str(tmp_path / "m.yaml")]) == 0
    said = capsys.readouterr().out
    assert "relevance: 2 records" in said
    assert f"  links       more -> {tmp_path / 'outside'}, relevance_test.jsonl -> {file}\n" in said


def test_a_folder_comes_before_links_to_it(folder, tmp_path):
    (folder / "z").mkdir()
    (folder / "z" / "relevance.jsonl").write_text(ROW)
    (folder / "a").symlink_to(folder / "z", target_is_directory=True)
    (folder / "b").symlink_to(tmp_path / "outside", target_is_directory=True)
    (folder / "c").symlink_to(tmp_path / "outside" / "deep", target_is_directory=True)
    found = files_of(folder)
    assert found.names == ["b/deep/relevance.jsonl", "z/relevance.jsonl"]
    assert found.left_out == {
        "a": "a link to a folder that is read already: z",
        "c": "a link to a folder that is read already: b/deep",
    }
    assert found.links["a"] == "z"


@pytest.mark.parametrize("target", [".", "..", "/", "sub/../.."])
def test_links_that_go_round_are_not_followed(folder, target):
    (folder / "sub").mkdir()
    (folder / "sub" / "relevance.jsonl").write_text(ROW)
    (folder / "round").symlink_to(target, target_is_directory=True)
    found = files_of(folder)
    assert found.names == ["sub/relevance.jsonl"]
    assert found.left_out == {"round": "a link that leads back to a folder that it is in"}


def test_a_linked_folder_with_a_link_back(folder, tmp_path):
    (tmp_path / "outside" / "deep" / "up").symlink_to(tmp_path / "outside", target_is_directory=True)
    (folder / "more").symlink_to(tmp_path / "outside" / "deep", target_is_directory=True)
    found = files_of(folder)
    assert found.names == ["more/relevance.jsonl"]
    assert found.left_out == {"more/up": "a link that leads back to a folder that it is in"}


def test_links_to_nothing(folder, tmp_path, capsys):
    (folder / "picture.png").symlink_to(folder / "gone.png")
    (folder / "relevance.jsonl").write_text(ROW)
    assert main(["data", "inspect", str(folder), "--to", str(tmp_path / "m.yaml")]) == 0
    assert "links       picture.png -> gone.png\n" in capsys.readouterr().out
    (folder / "relevance_2.jsonl").symlink_to(folder / "gone.jsonl")
    assert main(["data", "inspect", str(folder), "--to", str(tmp_path / "m.yaml")]) == 2
    assert "relevance_2.jsonl: cannot be read: No such file" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_folders_that_may_not_be_read(folder):
    (folder / "relevance.jsonl").write_text(ROW)
    (folder / ".trash").mkdir(mode=0)
    assert files_of(folder).left_out == {".trash/": "hidden, and cannot be read: Permission denied"}
    assert len(load("relevance", str(folder))) == 1
    (folder / "more").mkdir(mode=0)
    with pytest.raises(DataError, match="more: cannot be read: Permission denied"):
        load("relevance", str(folder))
