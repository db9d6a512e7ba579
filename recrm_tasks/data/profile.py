"""What a source contains: what was recognised, counts, and rows that cannot be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from recrm_tasks.data.convert.list_labels import grade_counts
from recrm_tasks.data.convert.problems import FileRows, Problems
from recrm_tasks.data.mapping.files_as_found import files_as_found
from recrm_tasks.data.mapping.look import columns_of
from recrm_tasks.data.mapping.mapping_file import DimensionMapping, Source, TextPart
from recrm_tasks.data.mapping.plan import Plan, plan
from recrm_tasks.data.prepare import has_order, prepare, rows_of_files
from recrm_tasks.data.progress import progress
from recrm_tasks.data.sources.origin import Origin
from recrm_tasks.data.store.arrow_store import Stored, codes_of
from recrm_tasks.data.store.content_digests import as_digests, repeated
from recrm_tasks.data.store.record_index import CONTENT
from recrm_tasks.data.store.schema import ITEMS, TURNS, schema_of
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.dimensions.record_fields import is_list, own_fields


@dataclass
class Profile:
    """One dimension of a source."""

    dimension: Dimension
    plan: Plan
    rows: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    labels: dict[str, int] = field(default_factory=dict)
    langs: dict[str, int] = field(default_factory=dict)
    lengths: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    """Characters per field: median, 99th percentile, most."""
    duplicates: int = 0
    """Records with the same content as an earlier one."""
    overlap: int = 0
    """Records of the test split with the same content as one of another split."""
    groups: int | None = None
    misses: list[str] = field(default_factory=list)
    """Patterns that do not fit all texts: how many, and one that they do not fit."""
    one_sided: int = 0
    """Lists without a positive or without a negative."""
    problems: Problems = field(default_factory=Problems)
    files: dict[str, FileRows] = field(default_factory=dict)
    """What became of the rows of each file."""
    as_found: dict[str, str] = field(default_factory=dict)
    """Files that are not written as usual for their names, and how they are read."""


def profile(origin: Origin, dimension: Dimension, mapping: str | None) -> Profile:
    """Checks every record of a dimension and counts.

    Raises:
        DataError: there are none, or a file cannot be read.
    """
    made = plan(origin, dimension, mapping)
    found = Profile(dimension, made, as_found=files_as_found(origin, made))
    if made.doubts:
        return found
    ordered = has_order(origin, dimension, made)
    stored, found.problems = prepare(origin, dimension, made, stop=False, ordered=ordered)
    found.rows, found.files = stored.manifest["rows"], rows_of_files(stored)
    if dropped := stored.manifest["dropped"]:
        kept = np.delete(np.arange(stored.index.num_rows), dropped)
        stored = replace(stored, index=stored.index.take(pa.array(kept)))
    found.misses = stored.manifest["partial"]
    if not found.rows:
        return found
    found.splits = _counts(stored, "split")
    found.langs = _counts(stored, "lang")
    found.labels = _label_counts(stored, dimension)
    found.one_sided = _one_sided(stored) if is_list(dimension.record_type) else 0
    found.lengths = dict(_lengths(stored, dimension))
    content = as_digests(stored.index.column(CONTENT))
    found.duplicates = len(repeated(content))
    found.overlap = _overlap(stored, content)
    groups = stored.index.column("group")
    found.groups = len(pc.unique(groups.drop_null())) if groups.null_count < len(groups) else None
    return found


_SAID = {
    "chosen": "the chosen ones",
    "order": "from the best on: the first one is chosen",
    "ranks": "ranks: the lowest is chosen",
    "filled": "whether there is an entry",
}
"""What the ways to read a label are called."""


def proposal(profiles: list[Profile]) -> dict[str, DimensionMapping]:
    """The mapping of all dimensions that were checked."""
    return {p.dimension.key: p.plan.mapping for p in profiles}


def described(source: Source) -> Iterator[tuple[str, str]]:
    """Each part of a mapping in words: its name, and the column that it comes from."""
    for name in ("rows", "id", "group", "split", "lang", "list_id", "candidate_id", "messages"):
        value = getattr(source, name)
        if value is not None:
            yield name, _in_words(value)
    if source.each is not None:
        yield "each", f"{source.each}: each entry is a record"
    if source.no_lists:
        yield "list", "none: each row is a question of its own (ask=item)"
    for name, column in source.fields.items():
        yield name, "nothing" if column is None else _in_words(column)
    if source.label is not None:
        values = ", ".join(f"{k} = {v}" for k, v in source.label.values.items())
        if source.label.value is not None:
            yield "label", f"{source.label.value} in all records"
            return
        how = [f"the answer at {source.label.key}" if source.label.key else "the answer in it"]
        how = how if source.label.read == "answer" else []
        how += [_SAID[way] for way in (source.label.listed, source.label.read) if way in _SAID]
        how += [values] if values else [f"grades {' > '.join(source.label.grades)}"] if source.label.grades else []
        yield "label", f"{source.label.column}" + (f" ({'; '.join(how)})" if how else "")


def _in_words(value: Any) -> str:
    columns = " + ".join(columns_of(value))
    if isinstance(value, TextPart):
        within = "".join(
            f" {word} {said!r}" for word in ("after", "before") if (said := getattr(value, word)) is not None
        )
        return f"{columns}, {'without ' if value.without is not None else ''}{value.looks_for!r}{within}"
    pattern = getattr(value, "pattern", None)
    return columns if pattern is None else f"{columns}, {pattern!r}"


def _counts(stored: Stored, name: str) -> dict[str, int]:
    codes, values = codes_of(stored.index.column(name))
    return {str(v) if v is not None else "-": n for v, n in zip(values, np.bincount(codes).tolist(), strict=True)}


def _label_counts(stored: Stored, dimension: Dimension) -> dict[str, int]:
    if not is_list(dimension.record_type):
        return dict(sorted(_counts(stored, "label").items()))
    grades, sizes = Counter[int](), Counter[int]()
    for batch in stored.batches(["labels"]):
        grades.update(batch.column(0).flatten().to_pylist())
        sizes.update(pc.list_value_length(batch.column(0)).to_pylist())
    said = {f"grade {grade}": count for grade, count in sorted(grades.items())}
    return said | {f"lists of {size}": count for size, count in sorted(sizes.items())}


def _one_sided(stored: Stored) -> int:
    """The number of lists without a positive or without a negative."""
    count = 0
    for batch in stored.batches(["labels"]):
        positive, negative, _ = grade_counts(batch.column(0))
        count += int(((positive == 0) | (negative == 0)).sum())
    return count


def _lengths(stored: Stored, dimension: Dimension) -> Iterator[tuple[str, tuple[int, int, int]]]:
    schema = schema_of(dimension.key)
    short = {"label", "labels", "category"}
    texts = (pa.string(), pa.list_(pa.string()), ITEMS, TURNS)
    every = ("messages", *own_fields(dimension.record_type))
    names = [name for name in every if name not in short and schema.field(name).type in texts]
    found: dict[str, list[npt.NDArray[np.int32]]] = {name: [] for name in names}
    with progress(f"measuring {dimension.key}", stored.index.num_rows) as bar:
        for batch in stored.batches(names):
            for name in names:
                found[name].append(_characters(batch.column(name)))
            bar.update(batch.num_rows)
    for name, parts in found.items():
        sizes = np.concatenate(parts)
        if sizes.max() > 0:
            yield name, (int(np.median(sizes)), int(np.percentile(sizes, 99)), int(sizes.max()))


def _characters(column: pa.Array) -> npt.NDArray[np.int32]:
    """Characters of each record's texts."""
    if not pa.types.is_list(column.type):
        lengths: npt.NDArray[np.int32] = pc.fill_null(pc.utf8_length(column), 0).to_numpy(zero_copy_only=False)
        return lengths
    inner = column.flatten()
    if pa.types.is_struct(inner.type):
        inner = pc.struct_field(inner, [inner.type.field(inner.type.num_fields - 1).name])
    sizes = pc.fill_null(pc.utf8_length(inner), 0).to_numpy()
    return np.bincount(pc.list_parent_indices(column).to_numpy(), weights=sizes, minlength=len(column)).astype(np.int32)


def _overlap(stored: Stored, content: Any) -> int:
    codes, names = codes_of(stored.index.column("split"))
    if "test" not in names:
        return 0
    test = codes == names.index("test")
    keys = content.view([("a", content.dtype), ("b", content.dtype)]).reshape(-1)
    return int(np.isin(keys[test], keys[~test]).sum())
