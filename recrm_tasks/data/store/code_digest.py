"""A digest of the code that makes checked records: the cache must not give records that other code made."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
FOLDERS = tuple(_ROOT / name for name in ("data", "dimensions", "answers"))
"""All that has a say in a record: reading and conversion, record types, label words. Whole folders, because a list of
files could miss one."""


@lru_cache(maxsize=4)
def code_digest(folders: tuple[Path, ...] = FOLDERS) -> str:
    """SHA-256 of the names and contents of all Python files in some folders, computed once per process."""
    digest = hashlib.sha256()
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            content = file.read_bytes()
            digest.update(f"{folder.name}/{file.relative_to(folder).as_posix()}\n{len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()
