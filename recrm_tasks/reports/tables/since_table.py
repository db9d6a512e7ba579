"""What changed since an earlier run -> a table, and in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from recrm_tasks.reports.compare_runs import MetricDifference
from recrm_tasks.reports.number_format import number, p_value, percent, signed, signed_interval
from recrm_tasks.reports.since_baseline import Change, Since
from recrm_tasks.reports.tables.report_table import Cell, Column, Table, count_cell
from recrm_tasks.reports.tables.unseen_mark import maybe_marked_cell, with_meaning
from recrm_tasks.scoring.content_scores import reads_of


class Links(NamedTuple):
    """Where the page shows the records of a dimension that changed."""

    became_right: str
    became_wrong: str


class _Line(NamedTuple):
    row: MetricDifference
    change: Change | None
    links: Links


_NO_LINKS = Links("", "")
_NOTHING = Cell("–")
_CAPTION = (
    "Primary metrics over the same records, the change with its 95 % interval, and the p of a two-sided paired test, "
    "corrected over the dimensions by Holm's method. An unreadable answer counts as wrong. Became right: records that "
    "are right now and were not then; a list is right with a positive in the first place."
)


def since_table(since: Since, links: Mapping[tuple[str, str], Links] = {}) -> Table:
    """One row per dimension, and one for each score of all of them.

    Args:
        since: what changed.
        links: where records are shown, by dimension and answer mode.
    """
    lines = [
        _Line(one.difference, one, links.get((one.difference.dimension, one.difference.mode), _NO_LINKS))
        for one in since.changes
    ]
    lines += [_Line(row, None, _NO_LINKS) for row in since.overall]
    several = len({line.row.mode for line in lines}) > 1
    mode = [Column[_Line]("answers", lambda line: line.row.mode)] if several else []
    return Table.of(
        "what changed since the baseline",
        [_COLUMNS[0], *mode, *_COLUMNS[1:]],
        lines,
        with_meaning(_CAPTION, sum(sum(line.row.unseen) for line in lines)),
        section=lambda line: line.row.dimension == "all",
        emphasised=lambda line: line.row.significant,
        lead=_sentences(since),
    )


_COLUMNS: Sequence[Column[_Line]] = (
    Column("dimension", lambda line: line.row.dimension),
    Column("metric", lambda line: line.row.metric),
    Column("then", lambda line: maybe_marked_cell(line.row.difference.first, line.row.unseen[0]), numeric=True),
    Column("now", lambda line: maybe_marked_cell(line.row.difference.second, line.row.unseen[1]), numeric=True),
    Column("change", lambda line: _change(line.row), numeric=True),
    Column("p (Holm)", lambda line: _p(line), numeric=True),
    Column("N", lambda line: count_cell(line.change.now.n) if line.change else _NOTHING, numeric=True),
    Column("readable", lambda line: _readable(line.change), numeric=True),
    Column("became right", lambda line: _became(line, "right"), numeric=True),
    Column("became wrong", lambda line: _became(line, "wrong"), numeric=True),
)


def _change(row: MetricDifference) -> Cell:
    difference = row.difference
    return Cell(signed(difference.value), (signed_interval(difference.low, difference.high),), difference.value)


def _p(line: _Line) -> Cell:
    """Corrected; that of the scores of all dimensions, which are of no family, as it is."""
    p = line.row.adjusted if line.change else line.row.difference.p
    return Cell(p_value(p), ("significant",) if line.row.significant else (), p)


def _readable(change: Change | None) -> Cell:
    if change is None:
        return _NOTHING
    shares = [sum(one.reason is None for one in side.outcomes) / side.n for side in (change.before, change.now)]
    return Cell(f"{percent(shares[0])} → {percent(shares[1])}", order=shares[1])


def _became(line: _Line, what: str) -> Cell:
    """A count, with the way to its records; nothing of scores of contents, which are neither right nor wrong."""
    if line.change is None or reads_of(line.change.now.outcomes) == "content":
        return _NOTHING
    records = line.change.became_right if what == "right" else line.change.became_wrong
    link = line.links.became_right if what == "right" else line.links.became_wrong
    return Cell(f"{len(records):,}", order=len(records), link=link if records else "")


def _sentences(since: Since) -> list[str]:
    rows = [one.difference for one in since.changes]
    sure = [row for row in rows if row.significant]
    rose, fell = [row for row in sure if row.difference.value > 0], [row for row in sure if row.difference.value < 0]
    parts = [
        f"{len(some)} of {len(rows)} primary metrics {verb} significantly ({_named(some)})"
        for some, verb in ((rose, "rose"), (fell, "fell"))
        if some
    ]
    untested = sum(math.isnan(row.adjusted) for row in rows)
    if len(sure) + untested < len(rows):
        parts.append(f"{len(rows) - len(sure) - untested} of {len(rows)} did not change by more than chance")
    if untested:
        parts.append(f"{untested} of {len(rows)} cannot be tested")
    said = f"Since the baseline ({since.model}): {'; '.join(parts)}."
    for row in since.overall:
        if row.metric == "mean_score":
            found = row.difference
            said += (
                f" The mean score went from {number(found.first)} to {number(found.second)} ({signed(found.value)}, "
                f"95 % interval {signed_interval(found.low, found.high)})."
            )
    right, wrong = (
        sum(len(records) for records in side)
        for side in zip(*((one.became_right, one.became_wrong) for one in since.changes), strict=True)
    )
    said += f" {_count(right, 'record')} became right, {wrong:,} became wrong."
    lines = [said]
    if since.settings:
        lines.append(f"What else differs: {'; '.join(since.settings)}.")
    else:
        lines.append("Model, prompts and settings are the same in both logs.")
    if since.one_sided:
        lines.append(f"Not compared: {'; '.join(since.one_sided)}.")
    return lines


def _named(rows: Sequence[MetricDifference]) -> str:
    return ", ".join(f"{row.dimension} {signed(row.difference.value)}" for row in rows)


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' if count != 1 else ''}"
