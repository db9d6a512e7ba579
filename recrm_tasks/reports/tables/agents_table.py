"""Runs of agents -> tables: the hybrid reward by each form, its parts, and how the runs ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from recrm_tasks.reports.agent_groups import AgentGroup
from recrm_tasks.reports.agent_runs import Listed
from recrm_tasks.reports.number_format import percent, short_interval
from recrm_tasks.reports.tables.comparison_table import entry_difference_table
from recrm_tasks.reports.tables.report_table import Cell, Column, Table, count_cell, number_cell
from recrm_tasks.scoring.aggregate.forms import FORMS

_NOTHING = Cell("–")


def agent_tables(groups: Sequence[AgentGroup]) -> Iterator[Table]:
    """For each task its runs, their parts, how they ended, and the differences of agents on the same samples."""
    for group in groups:
        yield Table.of(f"agents: {group.name}", _REWARD, group.runs, _CAPTION, section=_section)
        keys = dict.fromkeys(key for one in group.runs for key in one.run.parts)
        parts = [*_WHO, *(Column(key, partial(_part, name=key), numeric=True) for key in keys)]
        yield Table.of(f"parts of the reward: {group.name}", parts, group.runs, _OF_PARTS, 3, _section)
        priced = [_PRICE] if any(one.run.price is not None for one in group.runs) else []
        yield Table.of(f"how the runs ended: {group.name}", [*_ENDED, *priced], group.runs, _OF_ENDS, 3, _section)
        if group.differences:
            table = entry_difference_table(group.differences)
            yield replace(table, title=f"differences: {group.name}", caption=f"{table.caption} {_OF_SAMPLES}")


def _section(one: Listed) -> str:
    return one.run.judge


def _who(one: Listed) -> Cell:
    return Cell(one.name, tuple(one.run.marks))


def _judge(one: Listed) -> Cell:
    mode = one.run.versions.get("mode")
    return Cell(one.run.judge, (str(mode),) if mode else ())


def _n(one: Listed) -> Cell:
    run = one.run
    wanted = "" if run.finished else f" of {run.wanted}"
    rewards, failed = int(run.numbers["reward_n"]), int(run.numbers.get("failed", 0))
    notes = [f"{rewards} with a reward"] if rewards < run.n else []
    notes += [f"judge failed in {failed}"] if failed else []
    return Cell(f"{run.n}{wanted}", tuple(notes), run.n)


def _interval(one: Listed, name: str) -> str:
    numbers = one.run.numbers
    return short_interval((numbers[f"{name}_low"], numbers[f"{name}_high"])) if f"{name}_low" in numbers else "–"


def _form(one: Listed, form: str) -> Cell:
    name = f"reward_{form}"
    return number_cell(one.run.numbers[name], _interval(one, name)) if name in one.run.numbers else _NOTHING


def _part(one: Listed, name: str) -> Cell:
    numbers = one.run.numbers
    n = numbers.get(f"{name}_n", 0)
    of = f"N {n:.0f} of {one.run.n}, {100 * n / one.run.n:.0f} %"
    return number_cell(numbers[name], _interval(one, name), of) if name in numbers else Cell("–", (of,))


def _share(one: Listed, name: str) -> Cell:
    value = one.run.numbers.get(name)
    return _NOTHING if value is None else Cell(percent(value), (_interval(one, name),), value)


def _counts(one: Listed) -> Cell:
    limits = one.run.limits
    kinds = tuple(f"{kind} {count:,}" for kind, count in sorted(limits.items()))
    return Cell(f"{limits.total():,}", kinds, limits.total())


def _shares(heading: str, name: str) -> Column[Listed]:
    return Column(heading, partial(_share, name=name), numeric=True)


_WHO: tuple[Column[Listed], ...] = (Column("agent", _who), Column("judge", _judge))

_REWARD: Sequence[Column[Listed]] = (
    *_WHO,
    Column("N", _n, numeric=True),
    *(Column(form, partial(_form, form=form), numeric=True) for form in FORMS),
    _shares("missing", "missing"),
    _shares("hit", "hit"),
)
_CAPTION = (
    "The mean hybrid reward that the judge gives, by each form, with 95 % intervals; a run without an answer is worth "
    "0. missing: the share of parts that are missing. Where they are left out (missing='drop'), an agent may gain by "
    "what it does not do. hit: runs that recommend what the user took. Rewards of different judges are not comparable."
)
_OF_PARTS = "Means over the samples that have the part, N of all."

_ENDED: Sequence[Column[Listed]] = (
    *_WHO,
    Column("N", _n, numeric=True),
    _shares("no answer", "no_answer"),
    _shares("not offered", "not_offered"),
    Column("limits", _counts, numeric=True),
    Column("errors", lambda one: count_cell(one.run.errors), numeric=True),
    Column("tokens in", lambda one: count_cell(one.run.usage.tokens_in), numeric=True),
    Column("tokens out", lambda one: count_cell(one.run.usage.tokens_out), numeric=True),
    Column("judge: in", lambda one: count_cell(one.run.of_judge.tokens_in), numeric=True),
    Column("judge: out", lambda one: count_cell(one.run.of_judge.tokens_out), numeric=True),
    Column("seconds", lambda one: _known(one.run.seconds, ",.1f"), numeric=True),
)
_PRICE = Column[Listed]("price, $", lambda one: _known(one.run.price, ",.4f"), numeric=True)
_OF_ENDS = (
    "limits: samples that a limit ended, by its kind. errors: samples that ended with an error; they have no score. "
    "not offered: of the runs with an offer, those that recommend something else. tokens: of all models of the run, "
    "the judge among them if it was asked in the run."
)
_OF_SAMPLES = "Rewards by the chosen form, on the same samples, by the same judge."


def _known(value: float | None, form: str) -> Cell:
    return _NOTHING if value is None else Cell(format(value, form), order=value)
