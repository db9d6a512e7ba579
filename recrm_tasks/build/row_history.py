"""Histories that are in the rows themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from recrm_tasks.build.left_out import LeftOut
from recrm_tasks.build.list_columns import entries
from recrm_tasks.build.recipe import RowHistorySpec
from recrm_tasks.build.source_tables import as_id
from recrm_tasks.build.template_names import unknown
from recrm_tasks.build.templates import Rendered, Templates
from recrm_tasks.errors import DataError

Row = dict[str, Any]


def row_history(
    spec: RowHistorySpec,
    where: str,
    visible: Collection[str],
    templates: Templates,
    items: dict[str, Rendered] | None,
    left_out: LeftOut,
) -> tuple[Callable[[Row], list[Rendered]], frozenset[str]]:
    """Reads the history of a row, oldest entry first; and the columns that this needs.

    Args:
        spec: of the recipe.
        where: its key in the recipe.
        visible: the columns that may be shown.
        templates: to render with.
        items: the catalogue, which says what the ids of a column of items are shown as.
        left_out: counts ids that are not in the catalogue.

    Raises:
        DataError: the column is unknown or may not be shown, a template is malformed, or there is no catalogue.
    """
    last = -spec.last if spec.last else None
    if spec.each is not None:
        each = templates.expression(spec.each, f"{where}.each", visible)
        text = templates.text(str(spec.text), f"{where}.text", {*visible, "each"})
        return (
            lambda row: [text({**row, "each": entry}) for entry in list(each(row))[last:]],
            (each.names | text.names) - {"each"},
        )
    column = spec.items
    assert column is not None
    if column.column not in visible:
        raise DataError(f"{where}.items: {unknown(column.column, 'column to show', visible)}")
    if items is None:
        raise DataError(f"{where}.items: what are the items shown as? Give an items section")
    entry_text = templates.text(spec.text or "{{ item }}", f"{where}.text", {*visible, "item"})

    def of_ids(row: Row) -> list[Rendered]:
        ids = [as_id(value) for value in entries(row[column.column], column, f"{where}.items") or []]
        known = [items[name] for name in ids if name is not None and name in items]
        left_out.add("history: item not in the catalogue", len(ids) - len(known))
        if spec.text is None:
            return known[last:]
        return [entry_text({**row, "item": item}) for item in known[last:]]

    return of_ids, frozenset({column.column}) | (entry_text.names - {"item"})
