"""What users did before: for each target the last entries strictly earlier than it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import tzinfo

import numpy as np
import polars as pl

from recrm_tasks.build.left_out import LeftOut
from recrm_tasks.build.recipe import EventsSpec
from recrm_tasks.build.source_tables import Table
from recrm_tasks.build.templates import Rendered, Templates
from recrm_tasks.build.times import as_datetime, microseconds
from recrm_tasks.errors import DataError


class Events:
    """The events of a recipe, by user and time.

    Args:
        spec: of the recipe.
        table: their table.
        templates: to render entries with.
        zone: of times.
        items: what items are called; events of others are left out. None where the recipe has no catalogue.
        left_out: counts events that cannot be used.
    """

    def __init__(
        self,
        spec: EventsSpec,
        table: Table,
        templates: Templates,
        zone: tzinfo,
        items: dict[str, Rendered] | None,
        left_out: LeftOut,
    ) -> None:
        table = keep(table, spec.leave_out, templates, "events.leave_out", left_out)
        frame = table.frame.with_columns(
            __user=table.ids(spec.user, "events.user"),
            __item=table.ids(spec.item, "events.item"),
            __time=microseconds(table, spec.time, zone, "events.time"),
        )
        for column, reason in (("__user", "no user"), ("__item", "no item"), ("__time", "no time that can be read")):
            if column == "__time":
                # Who acted on what is known even of events whose time is not.
                self._acts = frame.select("__user", "__item", pl.col("__time").fill_null(0))
            left_out.add(f"events: {reason}", frame[column].null_count())
            frame = frame.drop_nulls(column)
        if items is not None:
            known = frame["__item"].is_in(pl.Series(list(items), dtype=pl.String).implode())
            left_out.add("events: item not in the catalogue", len(frame) - int(known.sum()))
            frame = frame.filter(known)
        # Stable: events of one moment stay in the order of the file.
        frame = frame.sort("__user", "__time", maintain_order=True)
        self._users, self._times, self.last = frame["__user"], frame["__time"], spec.last
        self.entries: list[Rendered] | None = None
        if spec.entry is not None:
            names = {*table.frame.columns, "time", "item"}
            entry = templates.text(spec.entry, "events.entry", names)
            needed = sorted((entry.names - {"time", "item"}) | {"__time", "__item"})
            self.entries = [
                entry(
                    {
                        **row,
                        "time": as_datetime(row["__time"], zone),
                        "item": items[row["__item"]] if items is not None else row["__item"],
                    }
                )
                for row in table.with_frame(frame.select(needed)).rows()
            ]

    def before(self, users: pl.Series, times: pl.Series) -> tuple[np.ndarray, np.ndarray]:
        """For each target the first and the end of the range of its user's last events before its time.

        Args:
            users: of the targets, as ids.
            times: of the targets; events of the very same moment do not count as before it.
        """
        count = len(self._users)
        user = pl.concat([self._users, users]).rank("dense").cast(pl.Int64).to_numpy()
        time = pl.concat([self._times, times]).rank("dense").cast(pl.Int64).to_numpy()
        moment = (user << 32) | time
        end = np.searchsorted(moment[:count], moment[count:], side="left")
        first = np.searchsorted(moment[:count], user[count:] << 32, side="left")
        return np.maximum(first, end - self.last), end

    def acted(self, users: Collection[str] | pl.Series) -> dict[str, dict[str, int]]:
        """For each of those users the items that they ever acted on, with the time of the last act."""
        chosen = self._acts.filter(pl.col("__user").is_in(pl.Series(list(users), dtype=pl.String).implode()))
        latest = chosen.group_by("__user", "__item").agg(pl.col("__time").max())
        acts: dict[str, dict[str, int]] = defaultdict(dict)
        for user, item, time in latest.iter_rows():
            acts[user][item] = time
        return acts


def keep(table: Table, leave_out: dict[str, str], templates: Templates, where: str, left_out: LeftOut) -> Table:
    """The rows for which none of the expressions is true; the others are counted under its reason.

    Raises:
        DataError: an expression is malformed, or no row is left.
    """
    for reason, source in leave_out.items():
        expression = templates.expression(source, f"{where}.{reason}", table.frame.columns)
        small = table.with_frame(table.frame.select(sorted(expression.names) or table.frame.columns[:1]))
        kept = pl.Series([not expression(row) for row in small.rows()], dtype=pl.Boolean)
        left_out.add(f"{where.split('.')[0]}: {reason}" if where.startswith("events") else reason, int((~kept).sum()))
        table = table.with_frame(table.frame.filter(kept))
    if table.frame.is_empty():
        raise DataError(f"{where}: no row of table {table.name!r} is left")
    return table
