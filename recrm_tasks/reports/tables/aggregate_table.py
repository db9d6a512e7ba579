"""Aggregates -> tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from recrm_tasks.aggregate import name_of
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.aggregate_runs import Aggregate
from recrm_tasks.reports.number_format import number, reach
from recrm_tasks.scoring.aggregate.parts import Role
from recrm_tasks.scoring.metrics.estimate import Estimate
from recrm_tasks.scoring.metrics.intervals import interval
from recrm_tasks.scoring.metrics.tables import flat

_CAPTION = (
    "hybrid: how often a reward made of the verdicts orders two virtual responses as the gold labels would; chance is "
    "0.5, an unreadable verdict loses. The formulas are this project's own, not the paper's."
)


def print_aggregates(found: Sequence[Aggregate], roles: Mapping[str, Role], console: Console) -> None:
    """Of each model the dimensions, and what they make together."""
    for one in found:
        source = next(iter(one.answers.values())).provenance
        revision = f" at {source['revision']}" if source["revision"] else ""
        table = Table(
            title=f"{one.model}, answers: {one.mode}, data: {source['data']}{revision}",
            title_justify="left",
            caption=_CAPTION,
            caption_justify="left",
        )
        for heading in ("of", "role", "metric"):
            table.add_column(heading)
        for heading in ("N", "coverage", "value", "± error", "95 % interval", "Monte Carlo error"):
            table.add_column(heading, justify="right")
        for key, metrics in one.metrics.items():
            numbers = flat(metrics)
            role = roles[key]
            primary = dimension_of(key).primary
            table.add_row(
                key,
                "gate" if role.gate and role.weight == 1 else f"{'gate, ' if role.gate else ''}weight {role.weight:g}",
                primary,
                f"{numbers['n']:.0f}",
                f"{100 * numbers['coverage']:.1f} %",
                number(numbers[primary]),
                number(numbers[f"{primary}_stderr"]),
                reach(interval(primary, numbers)),
            )
        table.add_section()
        rows = [("", "mean_score", one.mean, "")]
        rows += [
            (form, name_of(form), Estimate(score.value, score.stderr), f"{score.mc_error:.5f}")
            for form, score in one.hybrid.items()
        ]
        for form, name, estimate, noise in rows:
            numbers = {**flat({name: estimate}), "clusters": one.clusters}
            table.add_row(
                "all",
                form,
                name,
                "",
                "",
                number(numbers[name]),
                number(numbers[f"{name}_stderr"]),
                reach(interval(name, numbers)),
                noise,
            )
        console.print(table)
