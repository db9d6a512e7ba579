"""Records on disk: JSON Lines of the project's own form.

A path is a file (records of one or several dimensions) or a folder with one `<dimension>.jsonl` per dimension. Beside
them a `labels.json` may declare label sets: `{"relevance": {"labels": [{"name": …, "value": …, "zh": …, "en": …}]}}`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.base import Dimension, LabelSet, Record
from recrm_tasks.errors import DataError

_SHOWN = 3


def read_files(files: list[Path], dimension: Dimension, labels: LabelSet | None) -> list[Record]:
    """All records of one dimension in these files, every one checked.

    Raises:
        DataError: a line cannot be used (how many there are, and the first three by file, line and field), an id
            occurs twice, or there are no records of the dimension at all.
    """
    records: list[Record] = []
    problems: list[str] = []
    seen: dict[str, str] = {}
    others: set[str] = set()
    for file in files:
        for number, line in _lines(file):
            where = f"{file}, line {number}"
            row = _parse(line)
            if isinstance(row, str):
                problems.append(f"{where}: {row}")
                continue
            kind = row.get("dimension")
            if kind not in list(dimensions()):
                problems.append(f"{where}: dimension: expected one of {', '.join(dimensions())}, found {kind!r}")
                continue
            if kind != dimension.key:
                others.add(str(kind))
                continue
            record = _validate(row, dimension, labels)
            if isinstance(record, str):
                problems.append(f"{where}: {record}")
            elif record.id in seen:
                problems.append(f"{where}: id: {record.id!r} stands at {seen[record.id]} already; ids must be unique")
            else:
                seen[record.id] = where
                records.append(record)
    if problems:
        more = f"\n  … and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise DataError(
            f"{len(problems)} of {len(records) + len(problems)} rows of dimension {dimension.key} cannot be used:\n  "
            + "\n  ".join(problems[:_SHOWN])
            + more
            + "\nCorrect or remove them; docs/data.md describes the record of each dimension."
        )
    if not records:
        found = f"; there are records of: {', '.join(sorted(others))}" if others else ""
        raise DataError(f"no records of dimension {dimension.key!r} in {', '.join(map(str, files))}{found}")
    return records


def find_files(path: Path, dimension: Dimension) -> list[Path]:
    """The files of a path that may hold records of the dimension.

    Raises:
        DataError: the path does not exist, or the folder has no file for the dimension.
    """
    # Not Path's own tests: they raise for names that no file system takes.
    if os.path.isfile(path):
        return [path]
    if not os.path.isdir(path):
        raise DataError(
            f"{path}: no such file or folder. The data choice is 'hub', 'sample', or the path of a JSON Lines file "
            'or of a folder of <dimension>.jsonl files (RECRM_DATA, -T data=…, or --metadata \'{"recrm_data": "…"}\').'
        )
    file = path / f"{dimension.key}.jsonl"
    if not file.is_file():
        names = ", ".join(sorted(p.name for p in path.glob("*.jsonl"))) or "no .jsonl file"
        raise DataError(f"{path}: expected {file.name} for dimension {dimension.key!r}, but the folder has {names}")
    return [file]


def read_labels(folder: Path, dimension: Dimension) -> LabelSet | None:
    """The label set that `labels.json` in the folder declares for the dimension, else the dimension's default.

    Raises:
        DataError: the file is not what it should be.
    """
    file = folder / "labels.json"
    if dimension.default_labels is None or not file.is_file():
        return dimension.default_labels
    try:
        declared = _DECODER.decode(file.read_text(encoding="utf-8-sig"))
        if not isinstance(declared, dict):
            raise DataError(f"{file}: expected an object with one label set per dimension")
        unknown = sorted(set(declared) - set(dimensions()))
        if unknown:
            raise DataError(f"{file}: unknown dimension {', '.join(unknown)}; there are {', '.join(dimensions())}")
        if dimension.key not in declared:
            return dimension.default_labels
        return LabelSet.model_validate(declared[dimension.key])
    except ValidationError as error:
        raise DataError(f"{file}: {dimension.key}: {_first(error)}") from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file}: not valid JSON: {error}") from None


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        with file.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield number, line
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: not UTF-8 text ({error}); a data file is JSON Lines in UTF-8") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice = next(key for i, (key, _) in enumerate(pairs) if key in dict(pairs[:i]))
        raise ValueError(f"the field {twice!r} stands twice in one object")
    return fields


_DECODER = json.JSONDecoder(object_pairs_hook=_distinct)


def _parse(line: str) -> dict[str, Any] | str:
    try:
        row = _DECODER.decode(line)
    except (ValueError, RecursionError) as error:  # ValueError also for integers of thousands of digits
        return f"not valid JSON: {error}"
    return row if isinstance(row, dict) else f"expected a JSON object, found {type(row).__name__}"


def _validate(row: dict[str, Any], dimension: Dimension, labels: LabelSet | None) -> Record | str:
    try:
        record = dimension.record_type.model_validate(row)
        record.model_dump_json()
    except ValidationError as error:
        return _first(error)
    except PydanticSerializationError as error:  # half a surrogate pair, or nesting without end
        return f"cannot be written as JSON again: {error}"
    problem = dimension.check(record, labels)
    if problem is None:
        return record
    return f"{problem} (declare the source's labels in a labels.json beside it; docs/data.md shows how)"


def _first(error: ValidationError) -> str:
    """The first complaint: the field, what was expected, what was found."""
    detail = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in detail["loc"])
    found = (
        ""
        if detail["type"] == "missing"
        else f", found {json.dumps(detail['input'], ensure_ascii=False, default=str)[:80]}"
    )
    message = detail["msg"].removeprefix("Value error, ")
    return f"{field}: {message}{found}" if field else message
