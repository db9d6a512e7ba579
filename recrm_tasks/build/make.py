"""A recipe and its files -> a folder of records."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from recrm_tasks import __version__
from recrm_tasks.build.choices import Sources, choice_records
from recrm_tasks.build.columns_needed import check_columns
from recrm_tasks.build.described import described
from recrm_tasks.build.history import Events
from recrm_tasks.build.labelled_rows import row_records
from recrm_tasks.build.left_out import LeftOut
from recrm_tasks.build.recipe import RowPart, read_recipe
from recrm_tasks.build.record_files import write_json, write_records
from recrm_tasks.build.source_tables import Tables
from recrm_tasks.build.templates import Rendered, Templates
from recrm_tasks.build.times import zone_of
from recrm_tasks.data.whole_folder import is_taken, whole_folder
from recrm_tasks.errors import DataError


def build(recipe_file: Path, folder: Path, to: Path) -> dict[str, Any]:
    """Builds all records of a recipe.

    Args:
        recipe_file: the recipe.
        folder: where its files are.
        to: the folder to make.

    Returns:
        What build.json says: the parts with their counts, the recipe, the files, the version.

    Raises:
        DataError: the recipe or the data cannot be used, or the folder exists. Nothing is written then.
    """
    if is_taken(to):
        raise DataError(f"{to} exists already: name a new folder, or remove that one")
    recipe = read_recipe(recipe_file)
    try:
        zone = zone_of(recipe.zone)
        templates = Templates(recipe.macros, zone)
        with whole_folder(to) as target:
            tables = Tables(recipe, folder, templates)
            check_columns(recipe, tables)
            parts: dict[str, Any] = {}
            texts: dict[str, dict[str, Rendered] | None] = {"items": None, "users": None}
            for name, described_by in (("items", recipe.items), ("users", recipe.users)):
                if described_by is not None:
                    left_out = LeftOut()
                    texts[name] = known = described(described_by, name, tables, templates, left_out)
                    if left_out.counts():
                        parts[name] = {name: len(known), "left_out": left_out.counts()}
            items, profiles = texts["items"], texts["users"]
            shared = LeftOut()
            events = None
            if recipe.events is not None:
                table = tables[recipe.events.source]
                events = Events(recipe.events, table, templates, zone, items, shared)
            sources = Sources(recipe, tables, templates, zone, items, profiles, events)
            if recipe.events is not None:
                parts["events"] = {"rows": len(tables[recipe.events.source].frame), "left_out": shared.counts()}
            for dimension, part in recipe.records.items():
                left_out, made = LeftOut(), LeftOut()
                if isinstance(part, RowPart):
                    count, records = row_records(dimension, part, recipe, tables, templates, left_out, made)
                else:
                    count, records = choice_records(dimension, part, sources, left_out, made)
                labels = part.labels if isinstance(part, RowPart) else None
                splits = write_records(target / f"{dimension}.jsonl", dimension, records, labels, left_out)
                parts[dimension] = {
                    "records": splits.total(),
                    "rows" if isinstance(part, RowPart) else "lists": count,
                    "splits": {name: n for name, n in splits.items() if name},
                    **({"ids": made.counts()} if made.counts() else {}),
                    "left_out": left_out.counts(),
                }
            declared = {
                key: part.labels.model_dump(exclude_defaults=True)
                for key, part in recipe.records.items()
                if isinstance(part, RowPart) and part.labels is not None
            }
            if declared:
                write_json(target / "labels.json", declared)
            report = {
                "recrm_tasks": __version__,
                "recipe": {"name": recipe_file.name, "sha256": hashlib.sha256(recipe_file.read_bytes()).hexdigest()},
                "files": tables.files,
                "parts": parts,
            }
            write_json(target / "build.json", report)
    except DataError as error:
        raise DataError(f"{recipe_file}: {error}") from None
    return report
