"""A source's files -> the mapping of one dimension: a given one, or what is recognised with certainty."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from recrm_tasks.answers.label_sets import LabelSet
from recrm_tasks.data.formats import NAMES, read, texts
from recrm_tasks.data.formats.paths import column_at
from recrm_tasks.data.mapping import column_names
from recrm_tasks.data.mapping.answer_words import with_source_words
from recrm_tasks.data.mapping.doubts import Doubt
from recrm_tasks.data.mapping.file_groups import file_groups, first_rows
from recrm_tasks.data.mapping.given import check_given, check_labels, settled
from recrm_tasks.data.mapping.labels_file import read_labels
from recrm_tasks.data.mapping.layout import (
    HIDDEN,
    Placed,
    dimension_values,
    dimensions_named,
    matches,
    place,
    why_no_data,
)
from recrm_tasks.data.mapping.made_from import made_elsewhere, warn
from recrm_tasks.data.mapping.mapping_file import (
    FORM,
    NO_SPLIT,
    DimensionMapping,
    Mapping,
    Source,
    Values,
    read_mapping,
    undecided,
)
from recrm_tasks.data.mapping.recognise import Proposal, is_own_form, recognise
from recrm_tasks.data.sources.origin import Origin
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.base import Dimension
from recrm_tasks.errors import DataError, NoRecords


@dataclass
class Plan:
    """How the records of one dimension are read."""

    mapping: DimensionMapping
    labels: LabelSet | None
    files: list[list[tuple[str, str | None]]]
    """Per source of the mapping: its files, each with the split that its path names."""
    doubts: list[Doubt] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    given: bool = False
    """Whether a mapping.yaml gives the mapping."""
    elsewhere: str | None = None
    """What that file says it was made from, if it is not this source."""


def plan(origin: Origin, dimension: Dimension, mapping_file: str | None = None) -> Plan:
    """Makes the plan of a dimension.

    Args:
        origin: the source.
        dimension: the dimension.
        mapping_file: a mapping.yaml; by default the environment's `RECRM_MAPPING`, else what is recognised.

    Raises:
        DataError: no file is of this dimension, or a file or the mapping cannot be read.
    """
    wanted = mapping_file or os.environ.get("RECRM_MAPPING")
    if wanted:
        given = read_mapping(Path(wanted).expanduser())
        if dimension.key in given.dimensions:
            elsewhere = made_elsewhere(given, origin, wanted)
            if elsewhere is not None:
                warn(elsewhere)
            try:
                made = _given(origin, dimension, given, wanted)
            except DataError as error:
                raise DataError(f"{error}\n{elsewhere}") if elsewhere else error from None
            made.elsewhere = elsewhere
            return made
    return _recognised(origin, dimension)


def _given(origin: Origin, dimension: Dimension, mapping: Mapping, file: str) -> Plan:
    part = settled(mapping.dimensions[dimension.key], dimension)
    left_open = undecided(part)
    if left_open:
        raise DataError(
            f"{file}: {dimension.key}: still to be decided (?): {', '.join(left_open)}; the comments in a file that "
            "`recrm data inspect` wrote have the possible answers"
        )
    files: list[list[tuple[str, str | None]]] = []
    made = Plan(part, None, files, given=True)
    sources: list[Source] = []
    for number, source in enumerate(part.sources):
        found = [
            (name, None if split == NO_SPLIT else split)
            for split, patterns in source.files.items()
            for name in origin.names
            # A pattern finds no hidden files, such as the copies that notebooks keep; a whole name does.
            if any(name == p or (matches(name, p) and why_no_data(name) != HIDDEN) for p in patterns)
        ]
        if not found:
            patterns = ", ".join(p for each in source.files.values() for p in each)
            raise DataError(f"{file}: {dimension.key}: no file of {origin.name} fits {patterns}")
        if source.own:
            sources.append(source)
            files.append(found)
            continue
        placed = [Placed(name, (dimension.key,), split) for name, split in found]
        check_given(source, dimension, origin, placed, f"{file}: {dimension.key}: sources.{number}")
        # What it leaves out is recognised: all columns, if it names the files only.
        form = {name: getattr(source, name) for name in source.model_fields_set & set(FORM)}
        only_files = source.model_fields_set <= {"files", *FORM}
        for members, batch in file_groups(origin, placed, dimension, source.form):
            given = None if only_files else source
            proposed = _part(origin, dimension, members, batch, by_name=True, given=given, mapping=part)
            assert proposed is not None
            proposed[1].sources = [s.model_copy(update=form) for s in proposed[1].sources]
            _add(made, sources, files, *proposed)
    made.mapping = part.model_copy(update={"sources": sources, "labels": part.labels or made.labels})
    made.labels = made.mapping.labels or _declared(origin, dimension, files) or dimension.default_labels
    check_labels(made.mapping, made.labels, dimension, file)
    if made.labels is not None:
        made.labels = with_source_words(made.labels, sources, file)
    return made


def _add(
    made: Plan,
    sources: list[Source],
    files: list[list[tuple[str, str | None]]],
    members: list[Placed],
    proposal: Proposal,
) -> None:
    """Adds what was proposed for some files."""
    made.doubts += [doubt.at(len(sources) + doubt.source) for doubt in proposal.doubts]
    for source in proposal.sources:
        sources.append(source)
        files.append([(m.name, m.split) for m in members])
    made.unused += proposal.unused
    made.labels = made.labels or proposal.labels


def _recognised(origin: Origin, dimension: Dimension) -> Plan:
    placed = place(origin.names, origin.card())
    by_name = [p for p in placed if dimension.key in p.dimensions]
    unclear = [p for p in by_name if len(p.dimensions) > 1]
    if unclear:
        raise DataError(
            f"{origin.name}: {unclear[0].name} may be of {' or '.join(unclear[0].dimensions)} by its name. "
            + _say(dimension, unclear[0].name)
        )
    candidates = by_name or [p for p in placed if not p.dimensions]
    groups = file_groups(origin, candidates, dimension)
    parts = [found for members, batch in groups if (found := _part(origin, dimension, members, batch, bool(by_name)))]
    if not parts:
        raise NoRecords(_nothing(origin, dimension, placed))
    labels = next((p.labels for _, p in parts if p.labels), None)
    sources: list[Source] = []
    files: list[list[tuple[str, str | None]]] = []
    if any(p.labels not in (None, labels) for _, p in parts):
        raise DataError(
            f"{origin.name}: files of dimension {dimension.key} have different label sets. " + _say(dimension, "FILE")
        )
    made = Plan(DimensionMapping.model_construct(sources=sources, labels=labels), None, files)
    for members, proposal in parts:
        _add(made, sources, files, members, proposal)
    made.mapping = DimensionMapping(sources=sources, labels=labels)
    made.labels = labels or _declared(origin, dimension, files) or dimension.default_labels
    if made.labels is not None:
        made.labels = with_source_words(made.labels, sources, origin.name)
    return made


def _part(
    origin: Origin,
    dimension: Dimension,
    members: list[Placed],
    batch: pa.RecordBatch,
    by_name: bool,
    given: Source | None = None,
    mapping: DimensionMapping | None = None,
) -> tuple[list[Placed], Proposal] | None:
    """The proposal for files with the same columns; None if they are not of this dimension.

    Args:
        origin: the source.
        dimension: the dimension.
        members: the files.
        batch: their first rows.
        by_name: whether their names say that they are of the dimension.
        given: what a mapping says of them.
        mapping: the whole mapping of the dimension, if there is one.
    """
    files: dict[str, list[str]] = {}
    for member in members:
        files.setdefault(member.split or NO_SPLIT, []).append(member.name)
    column = _dimension_column(batch) if given is None else None
    if given is not None and given.rows is not None:
        batch = batch.filter(_wanted(texts.plain(column_at(batch, given.rows.column)), given.rows, dimension))
    if column is not None:
        batch = _rows_of(batch, column, dimension)
        if not batch.num_rows and not is_own_form(batch.schema.names, dimension):
            batch = _further_down(origin, members, column, dimension) or batch
        if not batch.num_rows and not is_own_form(batch.schema.names, dimension):
            if by_name:
                raise DataError(
                    f"{origin.name}: {members[0].name} is of dimension {dimension.key!r} by its name, but no row is "
                    f"by its column {column}"
                )
            return None
        if batch.num_rows:  # the columns of other dimensions
            batch = batch.select([n for n in batch.schema.names if batch.column(n).null_count < batch.num_rows])
    elif not by_name and not _fits_only(origin, members, batch, dimension):
        return None
    declared = (mapping.labels if mapping else None) or _declared(
        origin, dimension, [[(m.name, m.split) for m in members]]
    )
    proposal = recognise(batch, dimension, files, declared, given, mapping is not None and mapping.unusable == "skip")
    if column is not None:
        proposal.sources = [s.model_copy(update={"rows": Values(column=column)}) for s in proposal.sources]
        proposal.unused = [c for c in proposal.unused if c != column]
    proposal.doubts = [doubt.of([m.name for m in members]) for doubt in proposal.doubts]
    return members, proposal


def _dimension_column(batch: pa.RecordBatch) -> str | None:
    """The column whose values all name dimensions."""
    for column in column_names.named(batch.schema.names, column_names.COMMON["dimension"]):
        values = pa.compute.unique(texts.plain(batch.column(column))).to_pylist()
        if column == "dimension" or dimension_values(str(v) for v in values):
            return column
    return None


def _rows_of(batch: pa.RecordBatch, column: str, dimension: Dimension) -> pa.RecordBatch:
    return batch.filter(pa.array([key == dimension.key for key in _row_dimensions(batch, column)], pa.bool_()))


def _further_down(origin: Origin, members: list[Placed], column: str, dimension: Dimension) -> pa.RecordBatch | None:
    """The first rows of a dimension in files that begin with others."""
    root = origin.local([m.name for m in members])
    for member in members:
        for chunk in read(root / member.name):
            if column in chunk.batch.schema.names:
                rows = _rows_of(chunk.batch, column, dimension)
                if rows.num_rows:
                    return first_rows(rows)
    return None


def _wanted(words: pa.StringArray, rows: Values, dimension: Dimension) -> pa.BooleanArray:
    """Which rows of a mapped column of dimensions are of this one."""
    meant = {v.strip().casefold(): key for v, key in rows.values.items()}
    named = [meant.get(v.strip().casefold()) if v and meant else v for v in words.to_pylist()]
    keys = [n if meant or not n else next(iter(dimensions_named(n)), None) for n in named]
    return pa.array([key == dimension.key for key in keys], pa.bool_())


def _row_dimensions(batch: pa.RecordBatch, column: str) -> list[str | None]:
    values = texts.plain(batch.column(column)).to_pylist()
    known = {v: (dimension_values([v]) or {}).get(v) if v else None for v in set(values)}
    return [known[v] for v in values]


def dimensions_of(batch: pa.RecordBatch) -> list[str]:
    """The dimensions that rows may be of: those that a column names, else those whose fields they all have."""
    column = _dimension_column(batch)
    if column is not None:
        return sorted({key for key in _row_dimensions(batch, column) if key is not None})
    return [key for key, dimension in dimensions().items() if recognise(batch, dimension, {}, None).complete]


def _fits_only(origin: Origin, members: list[Placed], batch: pa.RecordBatch, dimension: Dimension) -> bool:
    """Whether columns without a name of a dimension have all fields of this one and of no other."""
    names = tuple(m.name for m in members)
    if names not in origin.known:
        origin.known[names] = dimensions_of(batch)
    return bool(origin.known[names] == [dimension.key])


def _declared(origin: Origin, dimension: Dimension, files: list[list[tuple[str, str | None]]]) -> LabelSet | None:
    """The label set of the labels.json beside the files, or at the root."""
    folders = dict.fromkeys([*(name.rpartition("/")[0] for each in files for name, _ in each), ""])
    for folder in folders:
        name = f"{folder}/labels.json" if folder else "labels.json"
        if name in origin.names:
            found = read_labels(origin.local([name]) / name, dimension)
            if found is not None:
                return found
    return None


def _nothing(origin: Origin, dimension: Dimension, placed: list[Placed]) -> str:
    if not placed:
        few = ", ".join(origin.names[:20]) or "no files at all"
        return (
            f"{origin.name}: no data files ({NAMES}); it has {few}. A text table of another name is read if its entry "
            "in a mapping.yaml has `separator:` or `names:`; logs of what users did become records with `recrm data "
            "build` (docs/build.md)"
        )
    shown = "".join(
        f"\n  {p.name}: {', '.join(p.dimensions) or 'no dimension by its name or columns'}" for p in placed[:20]
    )
    more = f"\n  … and {len(placed) - 20} more" if len(placed) > 20 else ""
    unnamed = next((p.name for p in placed if not p.dimensions), "FILE")
    which = "Its data files" if origin.whole else "The data files that were downloaded (others are not known offline)"
    return f"{origin.name}: no records of dimension {dimension.key!r}. {which}:{shown}{more}\n" + _say(
        dimension, unnamed
    )


def _say(dimension: Dimension, name: str) -> str:
    files = f"{{{NO_SPLIT}: [{json.dumps(name, ensure_ascii=False)}]}}"
    return (
        "A mapping.yaml says which files are of a dimension (--mapping FILE, or RECRM_MAPPING=FILE):\n"
        f"    dimensions: {{{dimension.key}: {{sources: [{{files: {files}}}]}}}}"
    )


def stop_for(doubts: list[Doubt], origin: Origin, dimension: Dimension) -> DataError:
    """The error that a run stops with when something is left open."""
    said = "\n".join(f"  {said}" for said in dict.fromkeys(map(str, doubts)))
    return DataError(
        f"{origin.name}: the columns of dimension {dimension.key} cannot be read with certainty:\n{said}\n"
        "`recrm data inspect` writes a mapping.yaml in which each of these lines only has to be uncommented; --mapping "
        "FILE or RECRM_MAPPING=FILE uses it."
    )
