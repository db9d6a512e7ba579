"""What items and users are shown as, from tables with a row for each of them or with many."""

from __future__ import annotations

from recrm_tasks.build.left_out import LeftOut
from recrm_tasks.build.recipe import ItemsSpec, TextSpec, UsersSpec
from recrm_tasks.build.source_tables import Tables
from recrm_tasks.build.templates import Rendered, Templates
from recrm_tasks.errors import DataError

_ID = "__id"


def described(
    spec: ItemsSpec | UsersSpec, where: str, tables: Tables, templates: Templates, left_out: LeftOut
) -> dict[str, Rendered]:
    """The texts of a catalogue or of the users, by id.

    Args:
        spec: of the recipe.
        where: its key in the recipe.
        tables: of the recipe.
        templates: to render with.
        left_out: counts further rows of an id, as in a log.

    Raises:
        DataError: the rows of an id differ, and the recipe does not say which one to keep.
    """
    table = tables[spec.source]
    shown: TextSpec = spec.text if isinstance(spec, ItemsSpec) else spec.profile
    text = templates.text(shown, f"{where}.{'text' if isinstance(spec, ItemsSpec) else 'profile'}", table.frame.columns)
    ids = table.ids(spec.id, f"{where}.id").alias(_ID)
    left_out.add(f"rows of {spec.source} without an id", ids.null_count())
    frame = table.frame.select(sorted(text.names)).with_columns(ids).drop_nulls(_ID)
    rows = len(frame)
    frame = frame.unique(keep=spec.keep or "first", maintain_order=True)
    left_out.add("further rows that say the same of an id", rows - len(frame))
    different = frame[_ID].filter(frame[_ID].is_duplicated())
    if len(different) and spec.keep is None:
        raise DataError(
            f"{where}: column {spec.id!r} of table {spec.source!r}: ids must differ, but rows with the id "
            f"{different[0]!r} say different things ({different.n_unique()} such ids): add keep: first or keep: last"
        )
    versions = len(frame)
    frame = frame.unique(subset=_ID, keep=spec.keep or "first", maintain_order=True)
    left_out.add(f"further rows that say something else of an id (the {spec.keep} is kept)", versions - len(frame))
    rendered = table.with_frame(frame).rows()
    return {row[_ID]: text(row) for row in rendered}
