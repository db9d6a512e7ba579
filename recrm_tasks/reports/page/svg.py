"""What all plots share: data, colours, facets, and drawing as SVG.

All colours are in `palette.PALETTE`, so that a page can replace them and follow a dark theme.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import altair as alt
import vl_convert

from recrm_tasks.reports.page.palette import FAINT, INK, PALETTE, PAPER, SERIES

FONT = "Noto Sans CJK SC, PingFang SC, Microsoft YaHei, Noto Sans, Arial, sans-serif"
"""With fonts that have Chinese: names of models and labels may be Chinese."""

Rows: TypeAlias = Sequence[Mapping[str, Any]]

FACET: Any = alt.Chart()
"""A chart without its own data: it takes those of its facet."""

FEW = len(SERIES)
"""As many entries as there are colours can be told apart in one plot."""

_PAGE = 1280
"""The width that facets of many entries may fill, in pixels."""


def values(rows: Rows) -> alt.InlineData:
    """Rows as data."""
    return alt.InlineData(values=[dict(row) for row in rows])


def chart(rows: Rows) -> Any:
    """A chart of rows."""
    return alt.Chart(values(rows))


def unit(field: str, title: str | None, axis: Any = alt.X, **more: Any) -> Any:
    """A scale of scores, no wider than what is shown."""
    return axis(f"{field}:Q", scale=alt.Scale(zero=False, nice=True), title=title, **more)


def series(names: Sequence[str]) -> Any:
    """A colour for each entry, with a legend if there are several; one colour for more than can be told apart."""
    if len(names) > FEW:
        return alt.value(SERIES[0])
    legend = alt.Legend(orient="bottom", columns=1, symbolOpacity=1) if len(names) > 1 else None
    scale = alt.Scale(domain=list(names), range=list(SERIES[: len(names)]))
    return alt.Color("entry:N", scale=scale, title=None, legend=legend)


def facets(layered: Any, rows: Rows, width: float, names: float = 0) -> Any:
    """A small plot for each entry: up to four in two columns, more over the whole width of a page.

    Args:
        layered: the small plot.
        rows: the data of all of them.
        width: of a small plot without the labels of its rows, in pixels.
        names: the width of these labels, which are left of each row of plots.
    """
    entries = list(dict.fromkeys(row["entry"] for row in rows))
    columns = min(len(entries), 2) if len(entries) <= 4 else max(2, int((_PAGE - names) // (width + 20)))
    # What tells two runs of one model apart gets lines of its own, so that the plots stay as narrow as they are.
    header = alt.Header(labelColor=INK, labelExpr="split(datum.label, ' · ')")
    by_entry = alt.Facet("entry:N", title=None, header=header, sort=entries)
    return layered.facet(by_entry, columns=columns, data=values(rows)).resolve_axis(x="independent")


def svg(drawn: Any) -> str:
    """Draws a chart. Titles and labels are not cut: two models may differ only at the end of their names."""
    drawn = drawn.configure(background=PAPER, font=FONT, padding=8)
    drawn = drawn.configure_view(stroke=None).configure_header(labelFontWeight="bold", labelLimit=400)
    drawn = drawn.configure_axis(
        labelColor=INK, titleColor=INK, domainColor=INK, tickColor=INK, gridColor=FAINT, titleFontWeight="normal",
        labelLimit=320,
    )  # fmt: skip
    drawn = drawn.configure_legend(labelColor=INK, titleColor=INK, labelLimit=320)
    made: str = vl_convert.vegalite_to_svg(drawn.to_dict())
    return made


def png(drawing: str) -> bytes:
    """The same plot as an image, at twice the size."""
    made: bytes = vl_convert.svg_to_png(drawing, scale=2)
    return made


def themed(drawing: str) -> str:
    """The same plot in the colours of its page."""
    for colour, name in PALETTE.items():
        drawing = drawing.replace(colour, f"var(--{name})")
    return drawing


def width_of(drawing: str) -> float:
    """The width that a plot was drawn for, in pixels."""
    found = re.search(r'<svg[^>]*? width="([0-9.]+)"', drawing)
    assert found, "every plot has a width"
    return float(found[1])
