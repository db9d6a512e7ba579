"""One door for all data: a choice of source -> checked, ordered records and where they came from."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recrm_tasks import __version__
from recrm_tasks.data import sample
from recrm_tasks.data.files import find_files, read_files, read_labels
from recrm_tasks.data.sampling import stratified_order
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.base import LANGS, Dimension, LabelSet, Lang, Mode, Prompt, Record
from recrm_tasks.errors import DataError, RecrmError


@dataclass(frozen=True)
class Dataset:
    """Checked records of one dimension, in evaluation order, with their label set and provenance."""

    dimension: Dimension
    records: list[Record]
    labels: LabelSet | None
    provenance: dict[str, Any]
    """What every result carries: source, revision, content hash, counts, choices made, versions."""

    def prompts(self, mode: Mode, lang: str | None = None) -> list[Prompt]:
        """The records as questions, in the same order.

        Args:
            mode: how the answers will be read.
            lang: language of the prompts; by default each record's own.

        Raises:
            RecrmError: prompts are not in that language.
        """
        forced: Lang | None = next((known for known in LANGS if known == lang), None)
        if lang is not None and forced is None:
            raise RecrmError(f"unknown prompt language {lang!r}: prompts are in {' or '.join(LANGS)}")
        return [self.dimension.prompt(record, self.labels, mode, forced) for record in self.records]


def load(
    dimension: str,
    data: str | None = None,
    *,
    split: str | None = None,
    lang: str | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Dataset:
    """Loads one dimension.

    Args:
        dimension: its key.
        data: `hub`, `sample` or a path; by default the environment's `RECRM_DATA`, else `hub`. One never stands in
            for another.
        split: which split of the source; by default `test` where the source has splits.
        lang: only records in this language.
        limit: at most so many records: a prefix of the seeded stratified order.
        seed: of that order.

    Raises:
        RecrmError: anything that the user can put right, in one message.
    """
    kind = dimension_of(dimension)
    if lang is not None and lang not in LANGS:
        raise RecrmError(f"unknown language {lang!r}: records are in {' or '.join(LANGS)}")
    if limit is not None and limit < 1:
        raise RecrmError(f"limit must be at least 1, not {limit}")
    choice = data or os.environ.get("RECRM_DATA") or "hub"
    if choice == "hub":
        files, folder, commit, source = _from_hub(kind)
    elif choice == "sample":
        folder = Path(sample.__file__).parent
        files, commit, source = [folder / f"{kind.key}.jsonl"], None, "sample"
    else:
        path = Path(os.path.abspath(os.path.expanduser(choice)))
        files, commit, source = find_files(path, kind), None, path.name
        folder = path if path.is_dir() else path.parent
    labels = read_labels(folder, kind)
    records, split = _of_split(read_files(files, kind, labels), split)
    if lang is not None:
        records = [r for r in records if r.lang == lang]
        if not records:
            raise DataError(f"{source}: no records of dimension {kind.key!r} in language {lang!r}")
    available = len(records)
    records = stratified_order(records, lambda r: r.id, lambda r: (r.lang, *kind.stratum(r)), seed)[:limit]
    provenance = {
        "data": choice if choice in ("hub", "sample") else "path",
        "source": source,
        "revision": commit,
        "sha256": content_hash(records, labels),
        "rows": len(records),
        "rows_available": available,
        "split": split,
        "lang": lang,
        "limit": limit,
        "seed": seed,
        "prompt_version": kind.version,
        "recrm_tasks": __version__,
    }
    return Dataset(kind, records, labels, provenance)


def _from_hub(kind: Dimension) -> tuple[list[Path], Path, str | None, str]:
    # Imported here: a clone that is run with nothing but inspect-ai installed has no huggingface_hub.
    try:
        from recrm_tasks.data.hub import REPOSITORY, fetch
    except ModuleNotFoundError as error:
        raise RecrmError(
            f"the data choice 'hub' needs {error.name}: pip install huggingface-hub. "
            "RECRM_DATA=sample needs nothing, RECRM_DATA=PATH reads records on disk."
        ) from None
    files, folder, commit = fetch(kind)
    return files, folder, commit, REPOSITORY


def content_hash(records: list[Record], labels: LabelSet | None) -> str:
    """SHA-256 of the label set and the records, in the order of their ids: the same rows have the same hash."""
    digest = hashlib.sha256(labels.model_dump_json().encode() if labels else b"")
    for record in sorted(records, key=lambda r: r.id):
        digest.update(b"\n" + record.model_dump_json(exclude_none=True).encode())
    return digest.hexdigest()


def _of_split(records: list[Record], split: str | None) -> tuple[list[Record], str | None]:
    """The records of the split and its name; all of them and None where the source has no splits."""
    splits = sorted({r.split for r in records if r.split is not None})
    wanted = split or ("test" if splits else None)
    if wanted is None:
        return records, None
    without = sum(r.split is None for r in records)
    if splits and without:
        raise DataError(
            f"{without} records have no split, {len(records) - without} are of {', '.join(splits)}: name all"
        )
    chosen = [r for r in records if r.split == wanted]
    if not chosen:
        raise DataError(f"no records of split {wanted!r}; the source has {', '.join(splits) or 'no splits'}")
    return chosen, wanted
