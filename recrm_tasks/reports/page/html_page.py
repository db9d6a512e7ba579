"""Chapters -> one HTML file that needs nothing else."""

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
from recrm_tasks.reports.number_format import number, probability, short, signed
from recrm_tasks.reports.page.chapter_plots import Plot, Plots
from recrm_tasks.reports.page.chapters import Chapter
from recrm_tasks.reports.page.record_browser import browser, packed
from recrm_tasks.reports.page.svg_charts import PALETTE, themed
from recrm_tasks.reports.published_results import NOTES, SOURCE, published
from recrm_tasks.reports.tables.leaderboard_table import CAPTION, OVERVIEW, cost_caption, costs

ALPHA = 0.05


def page(chapters: Sequence[tuple[Chapter, Plots]], with_published: bool = False) -> str:
    """The page.

    Args:
        chapters: one per data source, with its plots.
        with_published: the paper's table too, at the end.
    """
    folder = files("recrm_tasks.reports.page")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(number=number, signed=signed, probability=probability, short=short, sortable=_sortable)
    environment.globals.update(metric_columns=_metric_columns)
    template = environment.from_string((folder / "page.html.jinja").read_text(encoding="utf-8"))
    return template.render(
        style=Markup((folder / "page.css").read_text(encoding="utf-8")),
        script=Markup((folder / "page.js").read_text(encoding="utf-8")),
        colours=PALETTE,
        version=__version__,
        keys=list(dimensions()),
        chapters=[_chapter(*pair) for pair in chapters],
        published=_published() if with_published else None,
        overview=OVERVIEW,
        caption=CAPTION,
        alpha=ALPHA,
    )


def _chapter(chapter: Chapter, plots: Plots) -> dict[str, Any]:
    """What the template shows of a chapter."""
    entries = [line.entry for line in chapter.lines]
    return {
        "chapter": chapter,
        "plots": _drawn(plots["all"]),
        "costs": costs(entries),
        "cost_caption": cost_caption(entries),
        "dimensions": [_dimension(chapter, key, plots[key]) for key in dimensions() if key in plots],
    }


def _dimension(chapter: Chapter, key: str, plots: list[Plot]) -> dict[str, Any]:
    content = browser(chapter, key)
    return {
        "kind": dimension_of(key),
        "lines": [(line, line.entry.runs[key]) for line in chapter.asked(key)],
        "plots": _drawn(plots),
        "browser": content and {"packed": packed(content), **content, "records": len(content["records"])},
    }


def _drawn(plots: list[Plot]) -> list[tuple[Plot, Markup]]:
    return [(plot, Markup(themed(plot.svg))) for plot in plots]


def _metric_columns(lines: list[tuple[Any, Any]]) -> list[str]:
    """The metrics of a dimension's runs, without what stands in columns of its own."""
    left = ("score", "n", "coverage", "tokens_in", "tokens_out")
    names = dict.fromkeys(name for _, run in lines for name in run.metrics)
    return [n for n in names if not n.endswith("_stderr") and n not in left]


def _sortable(value: float | None) -> str:
    """A number for the page's sorting; nothing where it is undefined, which sorts last."""
    return "" if value is None or math.isnan(value) else repr(float(value))


def _published() -> dict[str, Any]:
    figures = published()
    columns = list(dict.fromkeys(figure.column for figure in figures))
    rows = {m: {f.column: f for f in figures if f.model == m} for m in dict.fromkeys(f.model for f in figures)}
    return {"source": SOURCE, "columns": columns, "rows": rows, "notes": NOTES}
