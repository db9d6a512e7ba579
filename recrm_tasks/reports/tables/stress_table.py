"""Stress runs -> tables: a row for each planted change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.number_format import percent, percent_interval, short_interval, signed
from recrm_tasks.reports.stress_runs import StressRun
from recrm_tasks.reports.tables.report_table import Cell, Column, Table
from recrm_tasks.robustness.changes import CHANGES
from recrm_tasks.robustness.figures import DECLARED
from recrm_tasks.scoring.metric import Metrics, flat


class _Line(NamedTuple):
    change: str
    fair: str
    numbers: Mapping[str, float]


def _share(name: str) -> Column[_Line]:
    return Column(name, lambda line: _share_cell(line.numbers, name), numeric=True)


def _share_cell(numbers: Mapping[str, float], name: str) -> Cell:
    value = numbers[name]
    if math.isnan(value):
        return Cell("–")
    trials = f" of {numbers['tried']:.0f}" if name == "fooled" else ""
    return Cell(percent(value) + trials, (short_interval(DECLARED[name].reach(name, numbers)),), value)


def _reward(line: _Line) -> Cell:
    value, error = line.numbers["reward"], line.numbers["reward_stderr"]
    if math.isnan(value):
        return Cell("–")
    return Cell(signed(value), () if math.isnan(error) else (f"± {error:.4f}",), value)


_COLUMNS: Sequence[Column[_Line]] = (
    Column("change", lambda line: line.change),
    Column("a fair verdict", lambda line: line.fair),
    Column("pairs", lambda line: Cell(f"{line.numbers['pairs']:.0f}", order=line.numbers["pairs"]), numeric=True),
    Column(
        "readable", lambda line: Cell(percent(line.numbers["coverage"]), order=line.numbers["coverage"]), numeric=True
    ),
    _share("flip"),
    _share("raised"),
    _share("lowered"),
    _share("fooled"),
)
_REWARD = Column("reward", _reward, numeric=True)

_CAPTION = (
    "flip: share of readable verdicts that come down to something else on the changed record. fooled: those that a "
    "fair judge would not have given, of all that could be such. 95 % intervals below."
)


def stress_tables(runs: Sequence[StressRun], by_dimension: bool = False) -> Iterator[Table]:
    """One table per run; with `by_dimension` one more for each of its dimensions."""
    for run in runs:
        lines = [*_lines(run, run.found.by_change), *([_Line("all", "", flat(run.found.all))] if run.found.all else [])]
        caption = (
            f"{_CAPTION} reward: mean rise of the hybrid reward ({run.form}), ± one standard error; below, the largest "
            "that a change of the text makes."
        )
        title = f"stress: {run.title}"
        table = Table.of(title, [*_COLUMNS, _REWARD], lines, caption, section=lambda line: line.change == "all")
        if run.found.all:
            table.rows[-1] = table.rows[-1]._replace(below=True)
        yield table
        for key, metrics in run.found.by_dimension.items() if by_dimension else ():
            own = _lines(run, metrics, key)
            yield Table.of(f"{key}: {run.title}", _COLUMNS, own, _CAPTION, level=3)


def fooled_sentence(run: StressRun) -> str:
    """How often the judge was fooled, over all changes and by the one that fools it most."""
    shares = {change: flat(found) for change, found in run.found.by_change.items()}
    known = {change: numbers for change, numbers in shares.items() if not math.isnan(numbers["fooled"])}
    if not run.found.all or not known:
        return f"{run.title}: no verdict could be read."
    total = flat(run.found.all)
    worst = max(known, key=lambda change: known[change]["fooled"])
    return (
        f"{run.title}: fooled in {percent(total['fooled'])} of {total['tried']:.0f} verdicts "
        f"({percent_interval(DECLARED['fooled'].reach('fooled', total))}). The change that fools it most: "
        f"{CHANGES[worst].title}, {percent(known[worst]['fooled'])} of {known[worst]['tried']:.0f}."
    )


def _lines(run: StressRun, metrics: Mapping[str, Metrics], key: str | None = None) -> Iterator[_Line]:
    for change, found in metrics.items():
        keys = [key] if key else [name for name, own in run.found.by_dimension.items() if change in own]
        fair = dict.fromkeys(CHANGES[change].fair_in(dimension_of(name)) for name in keys)
        yield _Line(CHANGES[change].title, " or ".join(fair), flat(found))
