"""Aggregates -> tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.aggregate_runs import Aggregate
from recrm_tasks.reports.number_format import full_interval, percent
from recrm_tasks.reports.tables.report_table import Column, Table, number_cell
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
    n: str = ""
    coverage: str = ""
    mc_error: str = ""


_COLUMNS: Sequence[Column[_Line]] = (
    Column("of", lambda line: line.of),
    Column("role", lambda line: line.role),
    Column("metric", lambda line: line.metric),
    Column("N", lambda line: line.n, numeric=True),
    Column("coverage", lambda line: line.coverage, numeric=True),
    Column("value", lambda line: number_cell(line.numbers[line.metric]), numeric=True),
    Column("± error", lambda line: number_cell(line.numbers[f"{line.metric}_stderr"]), numeric=True),
    Column("95 % interval", lambda line: full_interval(line.declared.reach(line.metric, line.numbers)), numeric=True),
    Column("Monte Carlo error", lambda line: line.mc_error, numeric=True),
)


def aggregate_tables(found: Sequence[Aggregate]) -> Iterator[Table]:
    """One table per model: its dimensions, then the scores of all of them together."""
    for one in found:
        source = next(iter(one.answers.values())).provenance
        revision = f" at {source['revision']}" if source["revision"] else ""
        title = f"{one.model}, answers: {one.mode}, data: {source['data']}{revision}"
        lines = [*_of_dimensions(one), *_of_all(one)]
        yield Table.of(title, _COLUMNS, lines, _CAPTION, section=lambda line: line.of == "all")


def _of_dimensions(one: Aggregate) -> Iterator[_Line]:
    for key, metrics in one.metrics.items():
        numbers = flat(metrics)
        yield _Line(
            key,
            _role_text(one.roles[key]),
            dimension_of(key).primary,
            dimension_of(key).kind.declared[dimension_of(key).primary],
            numbers,
            n=f"{numbers['n']:.0f}",
            coverage=percent(numbers["coverage"]),
        )


def _role_text(role: Role) -> str:
    if role.gate and role.weight == 1:
        return "gate"
    return f"{'gate, ' if role.gate else ''}weight {role.weight:g}"


def _of_all(one: Aggregate) -> Iterator[_Line]:
    yield _Line(
        "all", "", "mean_score", DECLARED["mean_score"], {**flat({"mean_score": one.mean}), "clusters": one.clusters}
    )
    for form, score in one.hybrid.items():
        name = name_of(form)
        numbers = {**flat({name: Estimate(score.value, score.stderr)}), "clusters": one.clusters}
        yield _Line("all", form, name, DECLARED[name], numbers, mc_error=f"{score.mc_error:.5f}")
