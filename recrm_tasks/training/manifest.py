"""What a set is made of: so that a set can be made again, and checked against what a model is evaluated on."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recrm_tasks.training.group_keys import GroupKey
from recrm_tasks.training.rows import Row

MANIFEST = "recrm_manifest.json"
RECORDS, GROUPS = "recrm_records.jsonl", "recrm_groups.txt"
_FEW = 20_000
"""Records or groups that the manifest itself lists; more are in a file beside it."""


class Contents:
    """The records, groups and labels of the rows of a set."""

    def __init__(self) -> None:
        self.counts: dict[str, dict[str, Counter[str]]] = {}
        self.ids: dict[str, dict[str, None]] = {}
        self.groups: set[bytes] = set()
        self.sources: set[str] = set()
        self.rows = 0

    def add(self, row: Row, groups: Iterable[GroupKey]) -> None:
        """Counts a row.

        Args:
            row: of the set.
            groups: the keys of all that its records may share with others, such as user, query or evidence, and of
                their whole texts.
        """
        self.rows += 1
        self.counts.setdefault(row.dimension, {}).setdefault(row.lang, Counter())[row.label] += 1
        self.ids.setdefault(row.dimension, {}).update(dict.fromkeys(row.ids))
        for key in groups:
            self.groups.add(key_digest(key))
            if key.source:
                self.sources.add(key.source)

    def to_json(self, folder: Path) -> dict[str, Any]:
        """The parts of the manifest. Long lists are written to files in the folder, which they then name.

        Returns:
            `rows`; `counts` by dimension, language and label; `records`: ids by dimension, sorted; `groups_sha256`:
            sorted hexadecimal `key_digest` of each key; `sources`: those that ids of groups are of, as far as known.
            Instead of a long list there is an object with `file` and `count`.
        """
        records: Any = {key: sorted(ids) for key, ids in self.ids.items()}
        total = sum(map(len, records.values()))
        if total > _FEW:
            with (folder / RECORDS).open("w", encoding="utf-8") as stream:
                for key, ids in records.items():
                    for name in ids:
                        stream.write(json.dumps({"dimension": key, "id": name}, ensure_ascii=False) + "\n")
            records = {"file": RECORDS, "count": total}
        groups: Any = sorted(digest.hex() for digest in self.groups)
        if len(groups) > _FEW:
            (folder / GROUPS).write_text("\n".join(groups) + "\n", encoding="ascii")
            groups = {"file": GROUPS, "count": len(groups)}
        counts = {
            key: {lang: dict(sorted(labels.items())) for lang, labels in sorted(langs.items())}
            for key, langs in sorted(self.counts.items())
        }
        return {
            "rows": self.rows,
            "counts": counts,
            "records": records,
            "groups_sha256": groups,
            "sources": sorted(self.sources),
        }


def key_digest(key: GroupKey) -> bytes:
    """SHA-256 of what a record may share with others: of `KIND`, `VALUE` and `SOURCE`, each on a line."""
    return hashlib.sha256("\n".join(key).encode("utf-8", "surrogatepass")).digest()


def file_digest(file: Path) -> str:
    """SHA-256 of a file."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while part := stream.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
