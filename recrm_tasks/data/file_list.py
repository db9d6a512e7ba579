"""What became of each file of a source: read, or left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from recrm_tasks.data.mapping.file_groups import first_rows_of
from recrm_tasks.data.mapping.layout import ABOUT, HIDDEN, Placed, dimensions_named, why_no_data
from recrm_tasks.data.mapping.plan import dimensions_of
from recrm_tasks.data.profile import Profile
from recrm_tasks.data.sources.origin import Origin
from recrm_tasks.errors import DataError

_NAMES = 5
"""Names that are shown of the files with one fate."""
_ENDINGS = 8
_COLUMNS = 8
_TABLES = ("txt", "dat", "data", "tab", "psv", "inter", "item", "user", "base", "qrels", "run", "trec")
"""Endings of text tables that say nothing of their form."""
_COLUMN_SETS = 50
"""Different sets of columns that are looked at: to find out which dimensions they fit takes time."""


@dataclass(frozen=True)
class Fate:
    """What became of some files."""

    kind: str
    """`read`, `to decide`, `refused`, `not read`, `not data`, `about data`, `hidden` or `left out`."""
    why: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        """One line: the count, the reason and the first names."""
        files = "1 file" if len(self.names) == 1 else f"{len(self.names):,} files"
        more = f" and {len(self.names) - _NAMES:,} more" if len(self.names) > _NAMES else ""
        why = f" {self.why}" if self.why else ""
        return f"{self.kind:<11} {files}{why}: {', '.join(self.names[:_NAMES])}{more}"


_KINDS = ("read", "to decide", "refused", "not read", "about data", "not data", "hidden", "left out")


def file_list(
    origin: Origin,
    placed: Sequence[Placed],
    found: Sequence[Profile],
    refused: Collection[str],
    chosen: Collection[str],
) -> list[Fate]:
    """All files of a source, those with one fate together.

    Args:
        origin: the source.
        placed: its data files.
        found: what was read.
        refused: the dimensions that were refused as a whole.
        chosen: the dimensions that were asked for.
    """
    fates: dict[tuple[str, str], list[str]] = {}
    for name, kind, why in _fates(origin, placed, found, refused, chosen):
        fates.setdefault((kind, why), []).append(name)
    listed = [Fate(kind, _with_endings(kind, why, names), tuple(names)) for (kind, why), names in fates.items()]
    return sorted(listed, key=lambda fate: _KINDS.index(fate.kind))


def _fates(
    origin: Origin,
    placed: Sequence[Placed],
    found: Sequence[Profile],
    refused: Collection[str],
    chosen: Collection[str],
) -> Iterator[tuple[str, str, str]]:
    rows = {(p.dimension.key, name): rows for p in found for name, rows in p.files.items()}
    read: dict[str, list[str]] = {}
    for p in found:
        for name in dict.fromkeys(name for files in p.plan.files for name, _ in files):
            counts = rows.get((p.dimension.key, name))
            if p.plan.doubts or (counts is not None and counts.records + counts.unusable):
                read.setdefault(name, []).append(p.dimension.key)
    doubtful = {name for p in found if p.plan.doubts for files in p.plan.files for name, _ in files}
    data = {p.name: p for p in placed}
    left = _Left(origin, found, refused, chosen)
    for name in origin.names:
        if name in read:
            keys = read[name]
            kind = "to decide" if name in doubtful else "read"
            yield name, kind, f"of {', '.join(keys)}{_unread_rows([rows.get((key, name)) for key in keys], keys)}"
        elif name in data:
            yield name, *left.fate(data[name])
        elif (why := why_no_data(name)) == HIDDEN:
            yield name, "hidden", ""
        elif why == ABOUT:
            yield name, "about data", ""
        elif named := dimensions_named(name.rpartition("/")[2].split(".")[0]):
            yield name, "not data", f"of the name of {' or '.join(named)}, but not in a form that is read by its ending"
        else:
            yield name, "not data", ""
    for name, why in origin.left_out.items():
        yield name, "left out", f"({why})"


def _unread_rows(counts: Sequence[object], keys: Sequence[str]) -> str:
    """The rows of a file that are of other dimensions than those that read it."""
    others: Counter[str] = Counter()
    for rows in counts:
        for key, count in getattr(rows, "others", {}).items():
            others[key] = max(others[key], count)
    unread = {key: count for key, count in others.items() if key not in keys}
    if not unread:
        return ""
    said = ", ".join(f"{count:,} of {key}" for key, count in unread.items())
    return f" (but not its rows of other dimensions: {said})"


class _Left:
    """Data files that no dimension has read."""

    def __init__(
        self, origin: Origin, found: Sequence[Profile], refused: Collection[str], chosen: Collection[str]
    ) -> None:
        self.origin, self.refused, self.chosen = origin, refused, chosen
        self.given = {p.dimension.key for p in found if p.plan.given}
        self.first = {p.dimension.key: next((n for files in p.plan.files for n, _ in files), "") for p in found}
        self._known: dict[tuple[str, ...], str] = {}

    def fate(self, placed: Placed) -> tuple[str, str]:
        """Why a file was not read."""
        keys = placed.dimensions
        if keys and not set(keys) & set(self.chosen):
            return "not read", f"of {' or '.join(keys)}, which was not asked for"
        if set(keys) & set(self.refused):
            return "refused", f"with {' or '.join(keys)}"
        if set(keys) & self.given:
            return "not read", f"of {keys[0]} by name, left out by the mapping"
        if self.origin.choice == "hub" and not keys:
            return "not read", "of no dimension by name"  # it need not be downloaded to say so
        try:
            batch = first_rows_of(self.origin, placed)
        except DataError as error:
            return "refused", f"({error})"
        if batch is None or not batch.num_rows:
            return "not read", "without rows"
        return "not read", self._by_columns(batch)

    def _by_columns(self, batch: pa.RecordBatch) -> str:
        columns = tuple(batch.schema.names)
        if columns not in self._known:
            if len(self._known) == _COLUMN_SETS:
                return "of no dimension by name"
            self._known[columns] = self._said(batch)
        return self._known[columns]

    def _said(self, batch: pa.RecordBatch) -> str:
        fitting = dimensions_of(batch)
        names = batch.schema.names
        shown = ", ".join(name or repr(name) for name in names[:_COLUMNS]) + (
            f" and {len(names) - _COLUMNS} more" if len(names) > _COLUMNS else ""
        )
        if not fitting:
            return f"of no dimension by name or columns ({shown})"
        if len(fitting) > 1:
            return f"of no dimension by name, and of {' or '.join(fitting)} by columns"
        key = fitting[0]
        if key in self.given:
            return f"of {key} by columns, left out by the mapping"
        if key not in self.chosen:
            return f"of {key} by columns, which was not asked for"
        if self.first.get(key):
            return f"of {key} by columns, but not by name as {self.first[key]} is"
        return f"of {key} by columns"


def _with_endings(kind: str, why: str, names: Sequence[str]) -> str:
    """The reason; of files that are no data by their names, with their endings."""
    if kind != "not data" or why:
        return why
    endings = Counter(
        f".{name.rpartition('.')[2].lower()}" if "." in name.rpartition("/")[2] else "none" for name in names
    )
    shown = ", ".join(f"{ending} {count:,}" for ending, count in endings.most_common(_ENDINGS))
    more = f" and {len(endings) - _ENDINGS} others" if len(endings) > _ENDINGS else ""
    return f"by ending ({shown}{more})"


def may_be_table(name: str) -> bool:
    """Whether a file that is no data by its ending is often a text table."""
    return name.rpartition(".")[2].lower() in _TABLES


def links_of(links: Mapping[str, str]) -> str:
    """The links of a folder in one line."""
    shown = ", ".join(f"{name} -> {target}" for name, target in list(links.items())[:_NAMES])
    return shown + (f" and {len(links) - _NAMES:,} more" if len(links) > _NAMES else "")
