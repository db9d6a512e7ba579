"""A chapter -> its plots, for the page and as files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.reports.files.writing import writing
from recrm_tasks.reports.leaderboard_entries import Entry
from recrm_tasks.reports.page import svg_charts
from recrm_tasks.reports.page.chapters import Chapter
from recrm_tasks.reports.page.diagnosis_charts import drawn
from recrm_tasks.reports.page.svg import png
from recrm_tasks.reports.runs import Run
from recrm_tasks.reports.stress_runs import StressRun
from recrm_tasks.reports.tables.baselines_table import BEST
from recrm_tasks.reports.without_model import best_free
from recrm_tasks.robustness.changes import CHANGES
from recrm_tasks.robustness.figures import DECLARED
from recrm_tasks.scoring.diagnosis import Diagnosis
from recrm_tasks.scoring.metric import flat
from recrm_tasks.scoring.outcomes import Reason


class Plot(NamedTuple):
    """One plot."""

    name: str
    """For names of files and anchors."""
    title: str
    caption: str
    svg: str


MEAN = "mean_score"

Plots = dict[str, list[Plot]]
"""By dimension; those of all dimensions together under `all`."""


def plots_of(chapter: Chapter) -> Plots:
    """Every plot of a chapter."""
    asked = {key: _dimension(chapter, key) for key in dimensions() if chapter.asked(key)}
    return {"all": _overall(chapter), **asked}


def stress_plots(runs: Sequence[StressRun]) -> list[Plot]:
    """What planted changes did to the verdicts of stress runs."""
    models = [run.info.model for run in runs]
    names = models if len(set(models)) == len(models) else [run.title for run in runs]
    changes = list(dict.fromkeys(CHANGES[change].title for run in runs for change in run.found.by_change))
    found = []
    for figure, title in (("fooled", "Fooled"), ("flip", "Flips")):
        rows = [
            _row(name, numbers[figure], DECLARED[figure].reach(figure, numbers), change=CHANGES[change].title)
            for name, run in zip(names, runs, strict=True)
            for change, metrics in run.found.by_change.items()
            for numbers in [flat(metrics)]
        ]
        if any(not math.isnan(row["value"]) for row in rows):
            caption = f"{DECLARED[figure].means[0].upper()}{DECLARED[figure].means[1:]}. 95 % intervals."
            svg = svg_charts.stress(rows, changes, f"share of verdicts: {figure}")
            found.append(Plot(f"stress-{figure}", title, caption, svg))
    return found


def write_plots(chapters: Sequence[tuple[Chapter, Plots]], folder: Path) -> None:
    """Writes every plot as SVG and PNG.

    Raises:
        DataError: the folder cannot be written to.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for chapter, plots in chapters:
            for plot in (plot for group in plots.values() for plot in group):
                (folder / f"{chapter.slug}-{plot.name}.svg").write_text(plot.svg, encoding="utf-8")
                (folder / f"{chapter.slug}-{plot.name}.png").write_bytes(png(plot.svg))


def _overall(chapter: Chapter) -> list[Plot]:
    """The plots of all dimensions together."""
    rows = [
        _row(line.label, run.metrics[run.primary], run.interval(), score=key)
        for line in chapter.lines
        for key, run in line.entry.runs.items()
    ]
    rows += [
        _row(line.label, line.entry.overall[MEAN], line.entry.interval(MEAN), score=MEAN)
        for line in chapter.lines
        if MEAN in line.entry.overall
    ]
    found = []
    if any(not math.isnan(row["value"]) for row in rows):
        scores = [key for key in (*dimensions(), MEAN) if any(row["score"] == key for row in rows)]
        svg = svg_charts.profile(rows, scores, [line.label for line in chapter.lines])
        found.append(Plot("profile", "All dimensions", "Primary metrics with their 95 % intervals.", svg))
    costs = [
        _row(line.label, line.entry.overall[MEAN], line.entry.interval(MEAN), seconds=seconds)
        for line in chapter.lines
        for seconds in [_seconds(line.entry)]
        if seconds is not None
    ]
    if sum(not math.isnan(row["value"]) for row in costs) > 1:
        caption = "Entries whose dimensions were all asked in one run. The cost table says how time is counted."
        found.append(Plot("cost", "Cost against score", caption, svg_charts.cost(costs)))
    return found


def _dimension(chapter: Chapter, dimension: str) -> list[Plot]:
    """The plots of one dimension: scores, coverage, and what lies behind the scores."""
    runs = [(line.label, line.entry.runs[dimension]) for line in chapter.asked(dimension)]
    primary = ", ".join(dict.fromkeys(run.primary for _, run in runs))
    found = []
    rows = [_row(label, run.metrics[run.primary], run.interval()) for label, run in runs]
    rows += _best_baseline(chapter, dimension, primary)
    if any(not math.isnan(row["value"]) for row in rows):
        chances = [chance for _, run in runs if (chance := run.chance(run.primary)) is not None]
        caption = "95 % intervals; an unreadable answer counts as wrong."
        caption += " Dashed: answers that do not depend on the record." if chances else ""
        svg = svg_charts.forest(rows, primary, max(chances, default=math.nan))
        found.append(Plot(f"forest-{dimension}", f"{primary}", caption, svg))
    statuses = ["readable", *(reason.value for reason in Reason)]
    caption = "Readable answers, and unreadable ones by reason."
    found.append(
        Plot(f"reasons-{dimension}", "Coverage", caption, svg_charts.reasons(_reasons(runs, statuses), statuses))
    )
    return found + _diagnoses(chapter, dimension)


def _best_baseline(chapter: Chapter, dimension: str, primary: str) -> list[dict[str, Any]]:
    """The best free baseline as a row of the forest plot, if there is one of these records and it has this metric."""
    best = best_free(chapter.free, dimension, primary)
    return [_row(f"{BEST}: {best.baseline}", best.figure.value, (best.figure.low, best.figure.high))] if best else []


def _row(label: str, value: float, interval: tuple[float, float], **more: Any) -> dict[str, Any]:
    return {"entry": label, "value": value, "low": interval[0], "high": interval[1], **more}


def _seconds(entry: Entry) -> float | None:
    """Seconds per record of an entry whose dimensions were all asked in one run."""
    costs = {id(run.cost): run.cost for run in entry.runs.values()}
    cost = next(iter(costs.values())) if len(costs) == 1 and entry.suite else None
    return cost.seconds / cost.records if cost and cost.records and cost.seconds > 0 else None


def _reasons(runs: Sequence[tuple[str, Run]], statuses: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for label, run in runs:
        # A log of a version that did not know a reason has no such answers.
        counts = {reason.value: run.metrics.get(f"invalid_{reason.value}", 0.0) for reason in Reason}
        counts["readable"] = run.metrics["n"] - sum(counts.values())
        rows += [
            {"entry": label, "status": status, "n": counts[status], "place": place}
            for place, status in enumerate(statuses)
        ]
    return rows


def _diagnoses(chapter: Chapter, dimension: str) -> list[Plot]:
    """What lies behind the scores, drawn as the dimension's kind of answer declares it."""
    kind = dimension_of(dimension).kind
    names = {gold: name for _, answers in chapter.answered(dimension) for gold, name in answers.targets.items()}
    points: list[dict[str, Any]] = []
    largest: Diagnosis | None = None
    for line, answers in chapter.answered(dimension):
        diagnosis = kind.diagnose(answers.outcomes, names)
        points += [{"entry": line.label, **point} for point in diagnosis.points]
        # The plot of the run with the most labels or places has those of the others in it.
        if diagnosis.points and (largest is None or len(diagnosis.points) > len(largest.points)):
            largest = diagnosis
    if largest is None or largest.plot is None:
        return []
    svg = drawn(largest.plot, points)
    return [Plot(f"{largest.name}-{dimension}", largest.title, largest.plot.caption, svg)]
