"""The manifest of a training set -> what its records have in common with others. The set itself is not needed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from recrm_tasks.errors import DataError
from recrm_tasks.training.group_keys import GroupKey
from recrm_tasks.training.manifest import MANIFEST, key_digest


class ManifestKeys:
    """The keys in a manifest.

    Args:
        file: a `recrm_manifest.json`, with the files of long lists beside it.

    Raises:
        DataError: it is no manifest, or a file that it names is missing.
    """

    def __init__(self, file: Path) -> None:
        try:
            manifest = json.loads(file.read_text(encoding="utf-8"))
            self._groups = {bytes.fromhex(line) for line in _list(file, manifest["groups_sha256"], str.splitlines)}
            self._sources = ("", *map(str, manifest["sources"]))
            records = manifest["records"]
            self._records: set[tuple[str, str]] = (
                {(line["dimension"], line["id"]) for line in _list(file, records, _json_lines)}
                if "file" in records
                else {(key, name) for key, names in records.items() for name in names}
            )
            self._of = {(one["data"], one["source"]) for one in manifest["dimensions"].values()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise DataError(
                f"{file}: not a manifest of recrm data export that this version can read: "
                f"{type(error).__name__}: {error}"
            ) from None

    def shared(self, keys: Iterable[GroupKey]) -> set[str]:
        """The kinds of those keys that records of the set have too. Ids of unknown sources are compared with all."""
        return {
            kind
            for kind, value, source in keys
            for known in (("", source) if source else self._sources)
            if key_digest(GroupKey(kind, value, known)) in self._groups
        }

    def is_of(self, provenance: Mapping[str, Any]) -> bool:
        """Whether the set is of the same source as a run, so that the ids of records are the same."""
        return (provenance["data"], provenance["source"]) in self._of

    def has(self, dimension: str, name: str) -> bool:
        """Whether the record with an id is in the set."""
        return (dimension, name) in self._records


def manifest_in(place: Path) -> Path | None:
    """The manifest of a folder, or the file itself if it is one; None if there is none."""
    file = place if place.name == MANIFEST else place / MANIFEST
    return file if file.is_file() else None


def _list(file: Path, said: Any, entries: Any) -> Any:
    """A list of a manifest, or that in the file which is named instead.

    Raises:
        DataError: that file is missing.
    """
    if not isinstance(said, dict):
        return said
    beside = file.with_name(said["file"])
    try:
        found = entries(beside.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{beside}: no such file, but {file} names it: copy it from the training set too") from None
    if len(found) != said["count"]:
        raise DataError(f"{beside}: {len(found):,} entries instead of {said['count']:,}: copy it again")
    return found


def _json_lines(text: str) -> list[Any]:
    # Not splitlines: ids may have other line ends.
    return [json.loads(line) for line in text.split("\n") if line]
