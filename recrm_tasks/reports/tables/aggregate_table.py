"""Aggregates -> tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.aggregate_runs import Aggregate
from recrm_tasks.reports.number_format import full_interval, percent
from recrm_tasks.reports.tables.dead_groups_table import dead_groups_table
from recrm_tasks.reports.tables.report_table import Column, Table, count_cell, number_cell
from recrm_tasks.reports.tables.unseen_mark import maybe_marked_cell, with_meaning
from recrm_tasks.scoring.aggregate.declared import DECLARED
from recrm_tasks.scoring.aggregate.forms import name_of
from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.metric import Metric, flat
from recrm_tasks.scoring.metrics.estimate import Estimate

_CAPTION = (
    "hybrid: how often a reward made of the verdicts orders two virtual responses as the gold labels would. Chance is "
    "0.5; an unreadable verdict loses. The formulas are this project's own, not the paper's."
)


class _Line(NamedTuple):
    of: str
    role: str
    metric: str
    declared: Metric[Any]
    numbers: Mapping[str, float]
    """Flat, with what the metric's interval needs."""
    unseen: int
    """Records with an allowed answer whose log-probability was not reported."""
    n: str = ""
    coverage: str = ""
    mc_error: str = ""


_COLUMNS: Sequence[Column[_Line]] = (
    Column("of", lambda line: line.of),
    Column("role", lambda line: line.role),
    Column("metric", lambda line: line.metric),
    Column("N", lambda line: line.n, numeric=True),
    Column("coverage", lambda line: line.coverage, numeric=True),
    Column("value", lambda line: maybe_marked_cell(line.numbers[line.metric], line.unseen), numeric=True),
    Column("± error", lambda line: number_cell(line.numbers[f"{line.metric}_stderr"]), numeric=True),
    Column("95 % interval", lambda line: full_interval(line.declared.reach(line.metric, line.numbers)), numeric=True),
    Column("Monte Carlo error", lambda line: line.mc_error, numeric=True),
)

_UNSEEN = Column[_Line]("unseen", lambda line: count_cell(line.unseen), numeric=True)


def aggregate_tables(found: Sequence[Aggregate]) -> Iterator[Table]:
    """One table per model: its dimensions, then the scores of all of them together. The last one is of the expected
    dead groups of all models."""
    for one in found:
        source = next(iter(one.answers.values())).provenance
        revision = f" at {source['revision']}" if source["revision"] else ""
        title = f"{one.model}, answers: {one.mode}, data: {source['data']}{revision}"
        lines = [*_of_dimensions(one), *_of_all(one)]
        columns = [*_COLUMNS, *([_UNSEEN] if one.unseen else [])]
        caption = with_meaning(_CAPTION, one.unseen)
        yield Table.of(title, columns, lines, caption, section=lambda line: line.of == "all")
    yield dead_groups_table([one.dead_groups for one in found])


def _of_dimensions(one: Aggregate) -> Iterator[_Line]:
    for key, metrics in one.metrics.items():
        numbers = flat(metrics)
        primary = dimension_of(key).primary_of(numbers)
        yield _Line(
            key,
            _role_text(one.roles[key]),
            primary,
            dimension_of(key).kind.declared[primary],
            numbers,
            len(one.answers[key].unseen),
            n=f"{numbers['n']:.0f}",
            coverage=percent(numbers["coverage"]),
        )


def _role_text(role: Role) -> str:
    if role.gate and role.weight == 1:
        return "gate"
    return f"{'gate, ' if role.gate else ''}weight {role.weight:g}"


def _of_all(one: Aggregate) -> Iterator[_Line]:
    mean = {**flat({"mean_score": one.mean}), "clusters": one.clusters}
    yield _Line("all", "", "mean_score", DECLARED["mean_score"], mean, one.unseen)
    for form, score in one.hybrid.items():
        name = name_of(form)
        numbers = {**flat({name: Estimate(score.value, score.stderr)}), "clusters": one.clusters}
        yield _Line("all", form, name, DECLARED[name], numbers, one.unseen, mc_error=f"{score.mc_error:.5f}")
