"""What every test starts from: a cache of its own, and none of the settings of the person who runs it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty RECRM_CACHE. Not within `tmp_path`, which tests use as a folder of data."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("RECRM_CACHE", str(folder))
    for name in ("RECRM_MAPPING", "RECRM_REVISION"):
        monkeypatch.delenv(name, raising=False)
    return folder
