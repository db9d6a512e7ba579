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
from recrm_tasks.reports.agent_groups import AgentGroup
from recrm_tasks.reports.page.chapter_plots import Plot, Plots
from recrm_tasks.reports.page.chapters import Chapter
from recrm_tasks.reports.page.palette import PALETTE
from recrm_tasks.reports.page.record_browser import packed, record_browser, record_links
from recrm_tasks.reports.page.sections import sections_before, sections_behind, sections_of
from recrm_tasks.reports.page.svg import themed, width_of
from recrm_tasks.reports.since_baseline import Since
from recrm_tasks.reports.stress_runs import StressRun
from recrm_tasks.reports.tables.baselines_table import baselines_table
from recrm_tasks.reports.tables.report_table import Cell, Table
from recrm_tasks.reports.tables.run_details_table import NamedRun, details_table, metrics_tables
from recrm_tasks.reports.tables.since_table import since_table

_WIDE = 700
"""A plot that is drawn wider, in pixels, gets the whole width of the page."""
_LONG = 24
"""A table of more rows is folded, but for leaderboards."""


def html_page(
    chapters: Sequence[tuple[Chapter, Plots]],
    since: Since | str | None = None,
    stress: Sequence[StressRun] = (),
    agents: Sequence[AgentGroup] = (),
    with_published: bool = False,
) -> str:
    """The page.

    Args:
        chapters: one per data source, with its plots.
        since: what changed since a baseline, or why that is not known; None without a baseline.
        stress: stress runs.
        agents: runs of agents.
        with_published: the paper's table too, at the end.
    """
    folder = files("recrm_tasks.reports.page")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["sortable"] = _sortable
    template = environment.from_string((folder / "page.html.jinja").read_text(encoding="utf-8"))
    if isinstance(since, Since):
        changed: Table | str | None = since_table(since, record_links([chapter for chapter, _ in chapters]))
    else:
        changed = since
    return template.render(
        style=Markup((folder / "page.css").read_text(encoding="utf-8")),
        script=Markup((folder / "page.js").read_text(encoding="utf-8")),
        colours=PALETTE,
        version=__version__,
        before=sections_before(changed),
        chapters=[_chapter(*pair) for pair in chapters],
        behind=sections_behind(stress, agents, with_published),
        drawn=_drawn,
        long=_LONG,
    )


def _chapter(chapter: Chapter, plots: Plots) -> dict[str, Any]:
    """What the template shows of a chapter."""
    runs = [NamedRun(line.label, run) for line in chapter.lines for run in line.entry.runs.values()]
    return {
        "source": chapter.source,
        "slug": chapter.slug,
        "sections": sections_of(chapter, plots),
        "dimensions": [_dimension(chapter, key, plots[key]) for key in dimensions() if key in plots],
        "details": details_table(runs),
    }


def _dimension(chapter: Chapter, key: str, plots: list[Plot]) -> dict[str, Any]:
    content = record_browser(chapter, key)
    runs = [NamedRun(line.label, line.entry.runs[key]) for line in chapter.asked(key)]
    return {
        "key": key,
        "title": dimension_of(key).title,
        "metrics": metrics_tables(runs),
        "baselines": baselines_table(chapter.free[key]) if key in chapter.free else None,
        "plots": plots,
        "browser": content and {"packed": packed(content), **content, "records": len(content["records"])},
    }


def _drawn(plots: Sequence[Plot]) -> list[tuple[Plot, Markup, bool]]:
    """Each plot in the colours of the page, and whether it is a wide one."""
    return [(plot, Markup(themed(plot.svg)), width_of(plot.svg) > _WIDE) for plot in plots]


def _sortable(cell: Cell) -> str:
    """What the page sorts a cell of a numeric column by; nothing where it is undefined, which sorts last."""
    return "" if math.isnan(cell.order) else repr(float(cell.order))
