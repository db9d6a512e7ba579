"""Several judges on the same records -> tables of their scores, their agreement and what they dispute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from recrm_tasks.reports.answer_format import answer_text, gold_text
from recrm_tasks.reports.comparison import Comparison, Overall
from recrm_tasks.reports.leaderboard_entries import OVERALL
from recrm_tasks.reports.number_format import number, percent, short_interval
from recrm_tasks.reports.several_judges import DisputedBySeveral, Judge, JudgesAgree
from recrm_tasks.reports.tables.comparison_table import difference_tables, jury_difference_table, run_difference_table
from recrm_tasks.reports.tables.report_table import Cell, Column, Table, number_cell
from recrm_tasks.reports.tables.unseen_mark import maybe_marked_cell, with_meaning
from recrm_tasks.scoring.aggregate.declared import DECLARED
from recrm_tasks.scoring.outcomes import Outcome


def comparison_tables(found: Comparison) -> Iterator[Table]:
    """Of two runs the differences of all metrics, of more their scores and the differences of every two; then how far
    they agree, and their jury."""
    if found.of_every_two or found.juries:
        yield from scores_tables(found.judges)
    if found.overall:
        yield overall_table(found.overall)
    yield from difference_tables(found.of_two)
    if found.of_every_two:
        yield run_difference_table(found.of_every_two)
    yield agreement_table(found.agreement)
    if found.juries:
        yield jury_difference_table(found.juries)


def scores_tables(judges: Sequence[Sequence[Judge]]) -> Iterator[Table]:
    """One table per dimension and answer mode: runs by headline metrics.

    Args:
        judges: of each dimension, a jury last.
    """
    for of_one in judges:
        run = of_one[0].run
        columns: list[Column[Judge]] = [
            Column("run", lambda one: one.name),
            Column("N", lambda one: Cell(f"{one.run.n}", order=one.run.n), numeric=True),
            Column("coverage", lambda one: Cell(percent(one.run.metrics["coverage"])), numeric=True),
            *(Column(name, partial(_metric, name=name), numeric=True) for name in run.headlines if name != "coverage"),
        ]
        caption = with_meaning("", sum(one.run.unseen for one in of_one))
        title = f"{run.dimension}, answers: {run.mode}"
        yield Table.of(title, columns, of_one, caption, level=3, section=lambda one: bool(one.members))


def _metric(judge: Judge, name: str) -> Cell:
    run = judge.run
    return maybe_marked_cell(run.metrics[name], run.unseen, short_interval(run.interval(name)))


def overall_table(rows: Sequence[Overall]) -> Table:
    """The scores of all dimensions together, of runs and juries that have them."""
    columns: list[Column[Overall]] = [
        Column("run", lambda one: one.name),
        Column("answers", lambda one: one.mode),
        *(Column(name, partial(_overall, name=name), numeric=True) for name in OVERALL),
    ]
    return Table.of("all dimensions", columns, rows, level=3, section=lambda one: one.mode)


def _overall(row: Overall, name: str) -> Cell:
    return number_cell(row.numbers[name], short_interval(DECLARED[name].reach(name, row.numbers)))


def agreement_table(rows: Sequence[JudgesAgree]) -> Table:
    """Every two judges, and all of them, by dimension."""
    caption = (
        "How far runs agree, right or wrong. N: the records that count, of all: an unreadable answer is no rating and "
        "is left out. undefined: all answers are the same, or there are none."
    )
    return Table.of("agreement", _AGREEMENT, rows, caption, level=3, section=lambda row: (row.dimension, row.mode))


_AGREEMENT: Sequence[Column[JudgesAgree]] = (
    Column("dimension", lambda row: row.dimension),
    Column("answers", lambda row: row.mode),
    Column("runs", lambda row: ", ".join(row.judges) if len(row.judges) < 4 else f"all {len(row.judges)}"),
    Column("N", lambda row: Cell(_of_all(row), order=row.found.n), numeric=True),
    Column("measure", lambda row: row.measure.name),
    Column("value", lambda row: Cell(number(row.found.value), order=row.found.value), numeric=True),
    Column("95 % interval", lambda row: short_interval(row.measure.interval(row.found)), numeric=True),
)


def _of_all(row: JudgesAgree) -> str:
    return f"{row.found.n}" if row.found.n == row.total else f"{row.found.n} of {row.total}"


_DISPUTED: Sequence[Column[DisputedBySeveral]] = (
    Column("answers", lambda one: one.mode),
    Column("dimension", lambda one: one.dimension),
    Column("record", lambda one: next(iter(one.outcomes.values())).id),
    Column("gold", lambda one: gold_text(next(iter(one.outcomes.values())))),
    Column("answers of runs", lambda one: _answers(one.outcomes)),
    Column("least and most credit", lambda one: f"{one.credits[0]:.3f}, {one.credits[1]:.3f}"),
)


def _answers(outcomes: Mapping[str, Outcome]) -> Cell:
    """A line for each different answer: `B, D: A > C > B`."""
    said: dict[str, list[str]] = defaultdict(list)
    for name, outcome in outcomes.items():
        said[answer_text(outcome)].append(name)
    first, *others = (f"{', '.join(names)}: {text}" for text, names in said.items())
    return Cell(first, tuple(others))


def disputed_by_several_table(records: Sequence[DisputedBySeveral]) -> Table:
    """The records on which the runs scored most differently."""
    return Table.of("records on which the runs scored most differently", _DISPUTED, records)
