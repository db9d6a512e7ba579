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
from recrm_tasks.reports.runs import Run
from recrm_tasks.reports.tables.baselines_table import BEST
from recrm_tasks.scoring.diagnosis import Diagnosis
from recrm_tasks.scoring.outcomes import Reason


class Plot(NamedTuple):
    """One plot."""

    name: str
    """For names of files and anchors."""
    title: str
    caption: str
    svg: str


Plots = dict[str, list[Plot]]
"""By dimension; those of all dimensions together under `all`."""


def plots_of(chapter: Chapter) -> Plots:
    """Every plot of a chapter."""
    asked = {key: _dimension(chapter, key) for key in dimensions() if chapter.asked(key)}
    return {"all": _overall(chapter), **asked}


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
                (folder / f"{chapter.slug}-{plot.name}.png").write_bytes(svg_charts.png(plot.svg))


def _overall(chapter: Chapter) -> list[Plot]:
    """The plots of all dimensions together."""
    rows = [
        _row(line.label, run.metrics[run.primary], run.interval(), dimension=key)
        for line in chapter.lines
        for key, run in line.entry.runs.items()
    ]
    found = []
    if any(not math.isnan(row["value"]) for row in rows):
        svg = svg_charts.profile(rows, [key for key in dimensions() if chapter.asked(key)])
        found.append(Plot("profile", "All dimensions", "Primary metrics with their 95 % intervals.", svg))
    costs = [
        _row(line.label, line.entry.overall["mean_score"], line.entry.interval("mean_score"), seconds=seconds)
        for line in chapter.lines
        for seconds in [_seconds(line.entry)]
        if seconds is not None
    ]
    if any(not math.isnan(row["value"]) for row in costs):
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
    several = chapter.free.get(dimension, ())
    best = several[0].best() if len(several) == 1 else None
    if best is None or best.headline.metric != primary or not best.headline.known:
        return []
    return [_row(f"{BEST}: {best.baseline}", best.headline.value, (best.headline.low, best.headline.high))]


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
        counts = {reason.value: run.metrics[f"invalid_{reason.value}"] for reason in Reason}
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
    svg = svg_charts.drawn(largest.plot, points)
    return [Plot(f"{largest.name}-{dimension}", largest.title, largest.plot.caption, svg)]
