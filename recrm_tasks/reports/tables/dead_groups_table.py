"""The expected dead groups of models' verdicts -> a table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from recrm_tasks.reports.number_format import percent, percent_interval
from recrm_tasks.reports.starving_forms import SIZE, STARVES, DeadGroups
from recrm_tasks.reports.tables.report_table import Cell, Column, Table
from recrm_tasks.scoring.aggregate.dead_groups import SIZES

_CAPTION = (
    "If the verdicts were a reward: the expected share of groups of responses that all get the same, and so teach a "
    "policy nothing, with a 95 % interval. Responses are drawn from all records; those to one prompt are more alike, "
    "so training has more such groups. No reward: responses with an unreadable verdict, which leave their group. "
    f"A form starves above {percent(STARVES)} of groups of {SIZE}."
)


class _Line(NamedTuple):
    of: DeadGroups
    form: str

    def cell(self, size: int) -> Cell:
        share = self.of.by_form[self.form][size]
        return Cell(percent(share.value), (percent_interval(share.interval),), share.value)


def dead_groups_table(found: Sequence[DeadGroups], level: int = 2) -> Table:
    """One row per model and form.

    Args:
        found: of the models.
        level: of the title.
    """
    columns = [
        Column[_Line]("model", lambda line: line.of.model),
        Column[_Line]("reward", lambda line: line.form),
        Column[_Line]("no reward", lambda line: Cell(percent(line.of.missing), order=line.of.missing), numeric=True),
        *(Column[_Line](f"dead groups of {size}", partial(_Line.cell, size=size), numeric=True) for size in SIZES),
        Column[_Line]("note", lambda line: "starves" if line.form in line.of.starving else ""),
    ]
    lines = [_Line(one, form) for one in found for form in one.by_form]
    return Table.of("Expected dead groups", columns, lines, _CAPTION, level, section=lambda line: line.of.model)
