"""Rescored runs -> what changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from recrm_tasks.reports.number_format import number, percent
from recrm_tasks.reports.rescored import Example, Rescored
from recrm_tasks.reports.tables.report_table import Cell, Column, Table, count_cell

_SHOWN = 120
"""At most this many characters of a completion."""


class _Changed(NamedTuple):
    """One example of a run."""

    one: Rescored
    example: Example


def rescore_tables(rescored: Sequence[Rescored]) -> Iterator[Table]:
    """One line per run and dimension; and the examples, if any were kept."""
    caption = (
        "read: an answer was readable; read differently: it still is, with another value; else the reason why it was "
        "not. score: the primary metric, as logged and now; the figures of stress runs are of all dimensions together."
    )
    yield Table.of("rescored", _COLUMNS, rescored, caption, section=lambda one: one.run.file)
    examples = [_Changed(one, example) for one in rescored for example in one.examples]
    if examples:
        yield Table.of("examples", _EXAMPLES, examples, section=lambda changed: id(changed.one))


_COLUMNS: Sequence[Column[Rescored]] = (
    Column("model", lambda one: one.run.model),
    Column("harness", lambda one: one.run.harness),
    Column("answers", lambda one: one.run.mode),
    Column("dimension", lambda one: one.run.dimension),
    Column("reader", lambda one: _arrow(str(one.before.task_version), str(one.now.task_version))),
    Column("N", lambda one: count_cell(one.n), numeric=True),
    Column("changed", lambda one: _share(one), numeric=True),
    Column("from → to", lambda one: _changes(one)),
    Column("score", lambda one: _arrow(_score(one.score_before), _score(one.score_now)), numeric=True),
)

_EXAMPLES: Sequence[Column[_Changed]] = (
    Column("model", lambda changed: changed.one.run.model),
    Column("harness", lambda changed: changed.one.run.harness),
    Column("record", lambda changed: changed.example.id),
    Column("before", lambda changed: changed.example.before),
    Column("now", lambda changed: changed.example.now),
    Column("answer", lambda changed: _short(changed.example.said)),
)


def _arrow(before: str, now: str) -> str:
    return now if before == now else f"{before} → {now}"


def _share(one: Rescored) -> Cell:
    share = f" ({percent(one.changed / one.n)})" if one.changed else ""
    return Cell(f"{one.changed:,}{share}", order=one.changed)


def _changes(one: Rescored) -> Cell:
    lines = [f"{was} → {became}: {count:,}" for (was, became), count in one.changes.most_common()]
    return Cell(lines[0], tuple(lines[1:])) if lines else Cell("–")


def _score(value: float | None) -> str:
    return "–" if value is None else number(value)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN // 2]} … {line[-_SHOWN // 2 :]}"
