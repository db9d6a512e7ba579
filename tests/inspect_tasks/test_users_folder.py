"""Paths that a user gives to Inspect, which changes to the folder of the task file."""

from __future__ import annotations

from pathlib import Path

import pytest

import recrm_tasks
from inspect_tasks.users_folder import from_users_folder, with_paths
from recrm_tasks.prompting.options import Options

PACKAGE = Path(recrm_tasks.__file__).parent


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user stands, with a folder whose name is also that of a folder beside the task files."""
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("PWD", str(tmp_path))
    return tmp_path


def test_the_users_folder_comes_before_the_task_files(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PACKAGE)
    assert Path("data").exists()
    assert from_users_folder("data") == str(home / "data")
    assert with_paths(Options(data="data")).data == str(home / "data")
    assert with_paths(Options(data="sample")).data == "sample"


def test_an_old_pwd_does_not_hide_the_present_folder(
    home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    present = tmp_path_factory.mktemp("present")
    (present / "data").mkdir()
    monkeypatch.chdir(present)
    assert from_users_folder("data") == "data"


def test_what_is_nowhere_stays_as_it_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PACKAGE)
    assert from_users_folder("nowhere") == "nowhere"
