"""Chapters -> one HTML file that loads nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from recrm_tasks import __version__
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.reports.page.chapter_plots import Plot, Plots
from recrm_tasks.reports.page.chapters import Chapter, dead_groups_of
from recrm_tasks.reports.page.palette import PALETTE
from recrm_tasks.reports.page.record_browser import packed, record_browser
from recrm_tasks.reports.page.svg_charts import themed
from recrm_tasks.reports.published_results import NOTES
from recrm_tasks.reports.tables.baselines_table import baselines_table
from recrm_tasks.reports.tables.comparison_table import entry_difference_table
from recrm_tasks.reports.tables.dead_groups_table import dead_groups_table
from recrm_tasks.reports.tables.leaderboard_table import cost_table, costly_runs, leaderboard_table
from recrm_tasks.reports.tables.published_table import published_table
from recrm_tasks.reports.tables.report_table import Cell, Table
from recrm_tasks.reports.tables.run_details_table import NamedRun, details_table, metrics_table


def html_page(
    chapters: Sequence[tuple[Chapter, Plots]],
    with_published: bool = False,
    stress: Sequence[Table] = (),
    agents: Sequence[Table] = (),
) -> str:
    """The page.

    Args:
        chapters: one per data source, with its plots.
        with_published: the paper's table too, at the end.
        stress: the tables of stress runs.
        agents: the tables of runs of agents.
    """
    folder = files("recrm_tasks.reports.page")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["sortable"] = _sortable
    template = environment.from_string((folder / "page.html.jinja").read_text(encoding="utf-8"))
    return template.render(
        style=Markup((folder / "page.css").read_text(encoding="utf-8")),
        script=Markup((folder / "page.js").read_text(encoding="utf-8")),
        colours=PALETTE,
        version=__version__,
        chapters=[_chapter(*pair) for pair in chapters],
        stress=stress,
        agents=agents,
        published=published_table() if with_published else None,
        published_notes=NOTES,
    )


def _chapter(chapter: Chapter, plots: Plots) -> dict[str, Any]:
    """What the template shows of a chapter."""
    entries = [line.entry for line in chapter.lines]
    costs = costly_runs(entries)
    runs = [NamedRun(line.label, run) for line in chapter.lines for run in line.entry.runs.values()]
    dead = dead_groups_of(chapter)
    return {
        "source": chapter.source,
        "slug": chapter.slug,
        "leaderboard": leaderboard_table("leaderboard", entries, chapter.free),
        "plots": _drawn(plots["all"]),
        "differences": entry_difference_table(chapter.differences) if chapter.differences else None,
        "dead_groups": dead_groups_table(dead) if dead else None,
        "costs": cost_table(costs) if costs else None,
        "dimensions": [_dimension(chapter, key, plots[key]) for key in dimensions() if key in plots],
        "details": details_table(runs),
    }


def _dimension(chapter: Chapter, key: str, plots: list[Plot]) -> dict[str, Any]:
    content = record_browser(chapter, key)
    runs = [NamedRun(line.label, line.entry.runs[key]) for line in chapter.asked(key)]
    return {
        "key": key,
        "title": dimension_of(key).title,
        "metrics": metrics_table(runs),
        "baselines": baselines_table(chapter.free[key]) if key in chapter.free else None,
        "plots": _drawn(plots),
        "browser": content and {"packed": packed(content), **content, "records": len(content["records"])},
    }


def _drawn(plots: list[Plot]) -> list[tuple[Plot, Markup]]:
    return [(plot, Markup(themed(plot.svg))) for plot in plots]


def _sortable(cell: Cell) -> str:
    """What the page sorts a cell of a numeric column by; nothing where it is undefined, which sorts last."""
    return "" if math.isnan(cell.order) else repr(float(cell.order))
