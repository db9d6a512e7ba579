"""What the numbers of a `ClassLabel` column of `datasets` mean, as Parquet and Arrow files or a card's YAML have it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from recrm_tasks.data.mapping.card import configs_of, header_of
from recrm_tasks.data.mapping.layout import Placed, dimensions_named, matches

_DECLARED = b"recrm_class_names"


def class_names(batch: pa.RecordBatch, column: str) -> dict[str, str]:
    """The name of each number of a `ClassLabel` column; empty for any other column."""
    return all_class_names(batch).get(column, {})


def all_class_names(batch: pa.RecordBatch) -> dict[str, dict[str, str]]:
    """The names of all such columns of a file, by column."""
    return {**_loaded(batch, _DECLARED), **dict(_written(_loaded(batch, b"huggingface")))}


def with_card(batch: pa.RecordBatch, card: str | None, file: Placed) -> pa.RecordBatch:
    """The rows of a file with the class names that the data set's card declares for it; a file's own come first."""
    declared = dict(_features(_info(card, file)))
    found = {column: names for column, names in declared.items() if column.partition(".")[0] in batch.schema.names}
    if not found:
        return batch
    return batch.replace_schema_metadata({**(batch.schema.metadata or {}), _DECLARED: json.dumps(found).encode()})


def _loaded(batch: pa.RecordBatch, key: bytes) -> dict[str, Any]:
    written = (batch.schema.metadata or {}).get(key)
    try:
        content = json.loads(written) if written else None
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {}


def _written(content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """The names in the metadata that `datasets` writes into a file."""
    info = content.get("info")
    features = info.get("features") if isinstance(info, dict) else None
    for column, feature in features.items() if isinstance(features, dict) else []:
        names = feature.get("names") if isinstance(feature, dict) and feature.get("_type") == "ClassLabel" else None
        if isinstance(names, list):
            yield column, _numbered(names)


def _info(card: str | None, file: Placed) -> Sequence[Any]:
    """The features that a card declares for a file: those of its configuration, of its dimension, or of all files."""
    declared = header_of(card).get("dataset_info")
    entries = [e for e in (declared if isinstance(declared, list) else [declared]) if isinstance(e, dict)]
    named = [(str(e.get("config_name", "default")), e.get("features")) for e in entries]
    own = {
        name
        for name, parts in configs_of(card)
        for _, patterns in parts
        if any(matches(file.name, p) for p in patterns)
    }
    for fits in (
        lambda name: name in own,
        lambda name: bool(file.dimensions) and dimensions_named(name) == file.dimensions,
        lambda name: name == "default",
    ):
        found = next((features for name, features in named if fits(name) and isinstance(features, list)), None)
        if found is not None:
            return found
    return ()


def _features(features: Sequence[Any], path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """The names in a card's list of features; a struct's fields are at dotted paths."""
    for feature in features:
        if not isinstance(feature, dict) or "name" not in feature:
            continue
        column = f"{path}{feature['name']}"
        kind = feature.get("dtype")
        names = kind["class_label"].get("names") if isinstance(kind, dict) and _is_class(kind) else None
        if isinstance(names, dict):
            yield column, {str(number): str(name) for number, name in names.items()}
        elif isinstance(names, list):
            yield column, _numbered(names)
        if isinstance(feature.get("struct"), list):
            yield from _features(feature["struct"], f"{column}.")


def _is_class(kind: Mapping[str, Any]) -> bool:
    return isinstance(kind.get("class_label"), dict)


def _numbered(names: Sequence[Any]) -> dict[str, str]:
    return {str(number): str(name) for number, name in enumerate(names)}
