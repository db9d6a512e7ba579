"""Checked records -> a folder of Parquet files that `RECRM_DATA` and `datasets.load_dataset` both read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from recrm_tasks import __version__
from recrm_tasks.data.dataset import Dataset, load
from recrm_tasks.data.mapping.layout import UNSPLIT
from recrm_tasks.data.progress import progress
from recrm_tasks.data.store.schema import schema_of
from recrm_tasks.data.whole_folder import is_taken, whole_folder
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError, NoRecords


def export(
    data: str | None, to: Path, keys: list[str] | None, split: str | None, mapping: str | None, revision: str | None
) -> dict[str, Any]:
    """Writes the records of some dimensions.

    Args:
        data: `hub`, `sample` or a path.
        to: a folder that does not exist yet, or is empty.
        keys: the dimensions; None for all that the source has records of.
        split: one split; by default each of the source's. `hash` makes `train` and `test` by hash.
        mapping: a mapping.yaml.
        revision: of the hub's data.

    Returns:
        The manifest: what was written, and from what.

    Raises:
        RecrmError: what `load` raises, or the folder cannot be written.
    """
    if is_taken(to):
        raise DataError(f"{to}: exists already; name a new folder")
    manifest: dict[str, Any] = {"recrm_tasks": __version__, "dimensions": {}}
    labels = {}
    with whole_folder(to) as folder:
        absent = []
        for key in dimensions() if keys is None else keys:
            try:
                written, declared = _dimension(folder, key, data, split, mapping, revision)
            except NoRecords as error:
                if keys is not None:
                    raise
                absent.append(error)
                continue
            manifest["dimensions"][key] = written
            if declared:
                labels[key] = declared
        if not manifest["dimensions"]:
            raise absent[0]
        for name, content in (("labels.json", labels), ("manifest.json", manifest)):
            text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
            (folder / name).write_text(text, encoding="utf-8")
        (folder / "README.md").write_text(_card(manifest), encoding="utf-8")
    return manifest


def _dimension(
    folder: Path, key: str, data: str | None, split: str | None, mapping: str | None, revision: str | None
) -> tuple[dict[str, Any], Any]:
    """One dimension's files, one per split, their records in the order of the source."""
    whole = load(key, data, split="all", mapping=mapping, revision=revision, ask=None)
    if split is None:
        names = pa.compute.unique(whole.stored.index.column("split")).to_pylist()
        wanted = [name or "all" for name in sorted(names, key=str)]
    else:
        wanted = ["hash-test", "hash-train"] if split == "hash" else [split]
    splits = {}
    for part in wanted:
        again = part != "all"
        dataset = load(key, data, split=part, mapping=mapping, revision=revision, ask=None) if again else whole
        name = part.removeprefix("hash-") if part.startswith("hash-") else part
        _write(folder / key / f"{UNSPLIT if part == 'all' else name}.parquet", dataset, None if part == "all" else name)
        splits[UNSPLIT if part == "all" else name] = {
            "rows": len(dataset),
            "sha256": dataset.provenance["sha256"],
        }
    kept = ("data", "source", "revision", "mapping", "mapping_note", "rows_skipped", "prompt_version", "files")
    said = {name: whole.provenance[name] for name in kept if name in whole.provenance} | {"splits": splits}
    return said, whole.labels.model_dump(mode="json") if whole.labels else None


def _write(file: Path, dataset: Dataset, split: str | None) -> None:
    """The records with a column for their dimension, which makes the file the project's own form."""
    key = dataset.dimension.key
    schema = pa.schema([pa.field("dimension", pa.string()), *schema_of(key)])
    file.parent.mkdir(exist_ok=True)
    in_order = replace(dataset, rows=np.sort(dataset.rows))
    with (
        progress(f"writing {key}", len(dataset)) as bar,
        pq.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        for table in in_order.tables():
            if split is not None:
                table = table.set_column(
                    table.schema.get_field_index("split"), "split", pa.repeat(split, table.num_rows)
                )
            named = pa.repeat(key, table.num_rows)
            writer.write_table(pa.Table.from_arrays([named, *table.columns], schema=schema), row_group_size=50_000)
            bar.update(table.num_rows)
            del table, named  # before the next one is read: each is large


def _card(manifest: dict[str, Any]) -> str:
    """A data set card that says which file is what, for `datasets`."""
    configs = [
        {
            "config_name": key,
            "data_files": [{"split": name, "path": f"{key}/{name}.parquet"} for name in part["splits"]],
            **({"default": True} if not i else {}),
        }
        for i, (key, part) in enumerate(manifest["dimensions"].items())
    ]
    header = yaml.safe_dump({"configs": configs}, sort_keys=False)
    return (
        f"---\n{header}---\n\n"
        f"Checked records, written by recrm-tasks {__version__}. `RECRM_DATA` takes this folder, and "
        'so does `datasets.load_dataset(FOLDER, "behavior")`. manifest.json says what they were made from.\n'
    )
