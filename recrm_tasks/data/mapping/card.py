"""The YAML at the head of a data set's card (README.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml


@lru_cache(maxsize=8)
def header_of(card: str | None) -> dict[str, Any]:
    """What the head of a card says; nothing where it has none or is not YAML."""
    found = re.match(r"\s*---\r?\n(.*?)\r?\n---", card or "", re.DOTALL)
    try:
        content: Any = yaml.safe_load(found.group(1)) if found else None
    except yaml.YAMLError:
        content = None
    return content if isinstance(content, dict) else {}


def configs_of(card: str | None) -> Iterator[tuple[str, list[tuple[str | None, list[str]]]]]:
    """Each configuration of a card: its name, and for each split (None without one) the patterns of its files."""
    configs = header_of(card).get("configs")
    for config in configs if isinstance(configs, list) else []:
        if not isinstance(config, dict):
            continue
        files = config.get("data_files")
        entries = []
        for entry in files if isinstance(files, list) else [files]:
            split, paths = (entry.get("split"), entry.get("path")) if isinstance(entry, dict) else (None, entry)
            patterns = [p for p in (paths if isinstance(paths, list) else [paths]) if isinstance(p, str)]
            entries.append((None if split is None else str(split), patterns))
        yield str(config.get("config_name", "")), entries
