"""What users did with lists of candidates -> behavior and ranking records."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, NamedTuple

from recrm_tasks.build.candidate_lists import Candidate, candidates_of, one_row_per_list
from recrm_tasks.build.history import Events, keep
from recrm_tasks.build.left_out import LeftOut
from recrm_tasks.build.negatives import sample
from recrm_tasks.build.recipe import ChoicePart, Recipe
from recrm_tasks.build.record_files import GROUP
from recrm_tasks.build.row_history import row_history
from recrm_tasks.build.row_ids import row_ids
from recrm_tasks.build.source_tables import Table, Tables, as_id
from recrm_tasks.build.split_rules import by_time, by_user
from recrm_tasks.build.templates import Rendered, Templates
from recrm_tasks.build.times import as_datetime, microseconds
from recrm_tasks.errors import DataError

Row = dict[str, Any]


@dataclass(frozen=True)
class Sources:
    """What the parts of a recipe share."""

    recipe: Recipe
    tables: Tables
    templates: Templates
    zone: tzinfo
    items: dict[str, Rendered] | None
    """The catalogue: what each item is shown as."""
    profiles: dict[str, Rendered] | None
    events: Events | None


class _Shown(NamedTuple):
    """One list as a user saw it."""

    id: str
    user: str | None
    row: Row
    history: list[Rendered]
    candidates: list[Candidate]


def choice_records(
    dimension: str, part: ChoicePart, sources: Sources, left_out: LeftOut, made: LeftOut
) -> tuple[int, Iterator[Row]]:
    """The number of source lists, and the records: one for each list, or of behavior one for each candidate.

    `made` counts the ids that are made of rows.

    Raises:
        DataError: the part does not fit its tables.
    """
    where = f"records.{dimension}"
    table = keep(sources.tables[part.source], part.leave_out, sources.templates, f"{where}.leave_out", left_out)
    count = len(sources.tables[part.source].frame)
    table = _keyed(table, part, sources, where, made)
    if part.one_row_per == "candidate":
        table = one_row_per_list(table, part, sources.templates, where, left_out)
        count = len(table.frame)
    lists = _Lists(dimension, part, sources, left_out, table)
    return count, (record for shown in lists.shown() for record in lists.records(shown))


def _keyed(table: Table, part: ChoicePart, sources: Sources, where: str, made: LeftOut) -> Table:
    """With the columns `__list`, `__user` and `__time`."""
    if part.one_row_per == "candidate":
        ids = table.ids(str(part.id), f"{where}.id")
    else:
        ids = row_ids(table, part.id, f"{where}.id", made)
    columns = [ids.alias("__list")]
    if part.user is not None:
        columns.append(table.ids(part.user, f"{where}.user").alias("__user"))
    if part.time is not None:
        columns.append(microseconds(table, part.time, sources.zone, f"{where}.time").alias("__time"))
    return table.with_frame(table.frame.with_columns(columns))


class _Lists:
    """All lists of a part."""

    def __init__(self, dimension: str, part: ChoicePart, sources: Sources, left_out: LeftOut, table: Table) -> None:
        self._dimension, self._part, self._sources, self._left_out = dimension, part, sources, left_out
        self._where = f"records.{dimension}"
        for column, reason in (("__user", "no user"), ("__time", "no time that can be read")):
            if column in table.frame.columns:
                left_out.add(f"lists: {reason}", table.frame[column].null_count())
                table = table.with_frame(table.frame.drop_nulls(column))
        if table.frame.is_empty():
            raise DataError(f"{self._where}: no list is left; left out: {left_out.counts()}")
        self._table = table
        hidden = {part.chosen_index, part.item}
        for spec in (part.candidates, part.labels, part.label, part.chosen):
            hidden.add(spec if spec is None or isinstance(spec, str) else spec.column)
        visible = {name for name in table.frame.columns if not name.startswith("__")} - hidden
        self._visible = visible | ({"time"} if part.time is not None else set())
        self._templates()
        self._candidates = candidates_of(part, table, sources.templates, sources.items, self._where, left_out)
        self._history = self._histories()
        self._split = self._splitter()
        self._group = None if part.group is None else table.column(part.group, f"{self._where}.group")
        self._acted = self._acts()
        self._catalogue = sorted(sources.items or {})

    def _templates(self) -> None:
        text, part, where = self._sources.templates.text, self._part, self._where
        self._context = text(part.context, f"{where}.context", self._visible)
        self._query = None if part.query is None else text(part.query, f"{where}.query", self._visible)
        self._profile = None if part.profile is None else text(part.profile, f"{where}.profile", self._visible)
        self._meta = {k: text(spec, f"{where}.meta.{k}", self._visible) for k, spec in part.meta.items()}
        if self._profile is None and self._sources.profiles is None:
            raise DataError(f"{where}: who is the user? Give profile, or a users section")
        if self._profile is None and part.user is None:
            raise DataError(f"{where}: the users section needs the key user here")

    def _histories(self) -> Callable[[int, Row], list[Rendered]]:
        part, events, where = self._part, self._sources.events, self._where
        if part.history is not None:
            of_row, self._history_names = row_history(
                part.history, f"{where}.history", self._visible, self._sources.templates, self._sources.items,
                self._left_out,
            )  # fmt: skip
            return lambda index, row: of_row(row)
        self._history_names = frozenset[str]()
        if events is None or events.entries is None:
            return lambda index, row: []
        if part.user is None or part.time is None:
            raise DataError(f"{where}: a history of events needs the keys user and time")
        entries = events.entries
        first, end = events.before(self._table.frame["__user"], self._table.frame["__time"])
        return lambda index, row: entries[first[index] : end[index]]

    def _splitter(self) -> Callable[[Row], str | None]:
        spec, where = self._part.split, f"{self._where}.split"
        if spec is None:
            return lambda row: None
        if spec.by == "column":
            column = self._table.column(str(spec.column), f"{where}.column")
            return lambda row: as_id(row[column])
        needed = "__time" if spec.by == "time" else "__user"
        if needed not in self._table.frame.columns:
            raise DataError(f"{where}: a split by {spec.by} needs the key {spec.by}")
        if spec.by == "user":
            of_user = by_user(spec)
            return lambda row: of_user(row["__user"])
        of_time = by_time(spec, self._table.frame["__time"].to_list(), self._sources.zone, where)
        return lambda row: of_time(row["__time"])

    def _acts(self) -> dict[str, dict[str, int]]:
        """What each user ever acted on and when last, where negatives depend on it."""
        part, where = self._part, f"{self._where}.negatives"
        later = part.negatives.acted_later == "leave_out"
        if not part.negatives.sample and not later:
            return {}
        if self._sources.events is None or part.user is None:
            raise DataError(f"{where}: needs an events section, which says what users acted on, and the key user here")
        if later and part.time is None:
            raise DataError(f"{where}.acted_later: needs the key time")
        if part.negatives.sample and not self._sources.items:
            raise DataError(f"{where}.sample: needs an items section to draw from")
        acted = self._sources.events.acted(self._table.frame["__user"].unique())
        if part.item is not None and part.candidates is None and part.label is None:
            own = self._table.ids(part.item, f"{where}.item")
            for user, item in zip(self._table.frame["__user"], own, strict=True):
                acted[user].setdefault(item, 0)
        return acted

    def shown(self) -> Iterator[_Shown]:
        """The lists that can be used, in the order of the source; the others are counted."""
        templates = [t for t in (self._context, self._query, self._profile, *self._meta.values()) if t is not None]
        names = {"__list", "__user", "__time", *self._history_names, *(n for t in templates for n in t.names)}
        names |= self._candidates.columns
        if self._part.split is not None and self._part.split.column is not None:
            names.add(self._part.split.column)
        if self._group is not None:
            names.add(self._group)
        table = self._table.with_frame(self._table.frame.select(c for c in self._table.frame.columns if c in names))
        for index, row in enumerate(table.rows()):
            if self._part.time is not None:
                row["time"] = as_datetime(row["__time"], self._sources.zone)
            candidates = self._usable(row)
            if isinstance(candidates, str):
                self._left_out.add(f"lists: {candidates}")
                continue
            name = row["__list"]
            # The order of the source often tells what was chosen.
            candidates.sort(key=lambda c: hashlib.sha256(f"{name}\n{c.id}".encode()).digest())
            yield _Shown(name, row.get("__user"), row, self._history(index, row), candidates)

    def _usable(self, row: Row) -> list[Candidate] | str:
        """The candidates, negatives chosen and sampled, or why the list cannot be used."""
        read = self._candidates.read(row)
        if isinstance(read, str):
            return read
        candidates = self._negatives(row, read)
        if candidates is None:
            return "too few items that the user never acted on"
        if self._profile is None and row["__user"] not in (self._sources.profiles or {}):
            return "user not in the users' table"
        return self._unfit(candidates) or candidates

    def _negatives(self, row: Row, candidates: list[Candidate]) -> list[Candidate] | None:
        """With the sampled ones, without those that the user acted on later; None where too few can be sampled."""
        spec = self._part.negatives
        acts = self._acted.get(row["__user"], {}) if self._acted else {}
        if spec.acted_later == "leave_out":
            kept = [c for c in candidates if c.grade or acts.get(c.id, -1) <= row["__time"]]
            self._left_out.add("candidates: a negative that the user acted on later", len(candidates) - len(kept))
            candidates = kept
        if spec.sample:
            avoid = {*acts, *(c.id for c in candidates)}
            drawn = sample(self._catalogue, avoid, spec.sample, f"{spec.seed}\n{row['__list']}")
            if drawn is None:
                return None
            assert self._sources.items is not None
            candidates = [*candidates, *(Candidate(item, self._sources.items[item], 0) for item in drawn)]
        return candidates

    def _unfit(self, candidates: list[Candidate]) -> str | None:
        """Why the list cannot be used, or None."""
        if not candidates:
            return "no candidate"
        if self._dimension == "ranking" or self._part.both_labels:
            positives = sum(c.grade > 0 for c in candidates)
            if positives == 0:
                return "no positive"
            if positives == len(candidates):
                return "only positives"
        most = self._part.max_candidates
        return f"more than {most} candidates" if most is not None and len(candidates) > most else None

    def records(self, shown: _Shown) -> Iterator[Row]:
        """The records of one list."""
        source, row = self._sources.recipe.source, shown.row
        profiles = self._sources.profiles or {}
        group = as_id(row[self._group]) if self._group else shown.user
        common = {
            "id": f"{source}-{shown.id}",
            "dimension": self._dimension,
            "lang": self._sources.recipe.lang,
            "source": source,
            "split": self._split(row),
            GROUP: group,
            "profile": self._profile(row) if self._profile else profiles[str(shown.user)],
            "history": shown.history,
            "context": self._context(row),
        }
        meta = {"meta": {key: template(row) for key, template in self._meta.items()}}
        if self._dimension == "ranking":
            yield {
                **common,
                "query": self._query(row) if self._query else None,
                "candidates": [{"id": c.id, "text": c.text} for c in shown.candidates],
                "labels": [c.grade for c in shown.candidates],
                **meta,
            }
            return
        for c in shown.candidates:
            name = f"{common['id']}-{c.id}"
            yield {**common, "id": name, "item": c.text, "label": int(c.grade > 0), **meta}
