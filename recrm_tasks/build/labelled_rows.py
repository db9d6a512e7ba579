"""Labelled rows -> records: one for each row, every field a template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from recrm_tasks.build.history import keep
from recrm_tasks.build.label_values import label_of, mapped
from recrm_tasks.build.left_out import LeftOut
from recrm_tasks.build.recipe import Recipe, RowPart
from recrm_tasks.build.record_files import GROUP
from recrm_tasks.build.row_ids import row_ids
from recrm_tasks.build.source_tables import Table, Tables, as_id
from recrm_tasks.build.split_rules import by_user
from recrm_tasks.build.template_names import unknown
from recrm_tasks.build.templates import Templates
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.record import Record
from recrm_tasks.errors import DataError


def row_records(
    dimension: str,
    part: RowPart,
    recipe: Recipe,
    tables: Tables,
    templates: Templates,
    left_out: LeftOut,
    made: LeftOut,
) -> tuple[int, Iterator[dict[str, Any]]]:
    """The number of source rows, and the records. `made` counts the ids that are made of rows.

    Raises:
        DataError: the part does not fit its table or its dimension.
    """
    where = f"records.{dimension}"
    table = tables[part.source]
    allowed = set(dimension_of(dimension).record_type.model_fields) - set(Record.model_fields) - {"label"}
    for field in part.fields:
        if field not in allowed:
            raise DataError(f"{where}.fields: {unknown(field, 'field', allowed)}")
    kept = keep(table, part.leave_out, templates, f"{where}.leave_out", left_out)
    # The label is what a model is asked for: no text that is shown may use it.
    known = set(table.frame.columns) - {part.label.column}
    fields = {name: templates.text(spec, f"{where}.fields.{name}", known) for name, spec in part.fields.items()}
    meta = {name: templates.text(spec, f"{where}.meta.{name}", known) for name, spec in part.meta.items()}
    split = _split(part, kept, where)
    ids = row_ids(kept, part.id, f"{where}.id", made)
    labels = mapped(part.label)

    def records() -> Iterator[dict[str, Any]]:
        for name, row in zip(ids, kept.rows(), strict=True):
            label, reason = label_of(row[part.label.column], labels)
            if reason:
                left_out.add(reason)
                continue
            yield {
                "id": f"{recipe.source}-{name}",
                "dimension": dimension,
                "lang": recipe.lang,
                "source": recipe.source,
                "split": split(row),
                GROUP: as_id(row[part.group]) if part.group else None,
                **{field: template(row) for field, template in fields.items()},
                "label": label,
                "meta": {key: template(row) for key, template in meta.items()},
            }

    return len(table.frame), records()


def _split(part: RowPart, table: Table, where: str) -> Callable[[dict[str, Any]], str | None]:
    spec = part.split
    if spec is None:
        return lambda row: None
    if spec.by == "time":
        raise DataError(f"{where}.split: rows have no time; split by user (of the key group) or by column")
    if spec.by == "column":
        column = table.column(str(spec.column), f"{where}.split.column")
        return lambda row: as_id(row[column])
    if part.group is None:
        raise DataError(f"{where}.split: a split by user needs the key group")
    group, split = part.group, by_user(spec)
    return lambda row: split(str(as_id(row[group])))
