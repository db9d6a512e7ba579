"""Diagnoses of entries -> plots, as SVG."""

from __future__ import annotations

import altair as alt

from recrm_tasks.reports.page.palette import ACCENT, FAINT, INK
from recrm_tasks.reports.page.svg import FACET, Rows, chart, facets, series, svg
from recrm_tasks.scoring.diagnosis import Bars, Curve, Heatmap, Plot

_CELL = 52
"""The width of a cell of a heatmap, in pixels."""
_CURVES = 4
"""At most this many curves share one plot."""
_LETTER = 6
"""About the width of a letter, in pixels."""


def drawn(plot: Plot, rows: Rows) -> str:
    """The plot of a diagnosis.

    Args:
        plot: how it is drawn.
        rows: its points, with `entry`.
    """
    if isinstance(plot, Heatmap):
        return _heatmap(plot, rows)
    return _curve(plot, rows) if isinstance(plot, Curve) else _bars(plot, rows)


def _curve(plot: Curve, rows: Rows) -> str:
    names = list(dict.fromkeys(row["entry"] for row in rows))
    alone = len(names) > _CURVES
    x = alt.X(f"{plot.x}:Q", scale=alt.Scale(domain=[0, 1]), title=plot.x_title, axis=alt.Axis(tickCount=5))
    y = alt.Y(f"{plot.y}:Q", scale=alt.Scale(domain=[0, 1]), title=plot.y_title, axis=alt.Axis(tickCount=5))
    diagonal = chart([{plot.x: 0, plot.y: 0}, {plot.x: 1, plot.y: 1}]).mark_line(
        color=INK, strokeDash=[4, 4], opacity=0.7
    )
    base = FACET.encode(color=alt.value(ACCENT)) if alone else chart(rows).encode(color=series(names))
    legend = alt.Legend(symbolFillColor=INK, symbolStrokeColor=INK, orient="bottom", direction="horizontal")
    layers = alt.layer(
        diagonal.encode(x=x, y=y),
        base.mark_line(strokeWidth=1.5).encode(x=x, y=y, order=f"{plot.x}:Q"),
        base.mark_point(filled=True, opacity=1).encode(
            x=x, y=y, size=alt.Size(f"{plot.size}:Q", title="answers", legend=legend)
        ),
    )
    if alone:
        return svg(facets(layers.properties(width=180, height=180), rows, width=180, names=60))
    return svg(layers.properties(width=240, height=240))


def _heatmap(plot: Heatmap, rows: Rows) -> str:
    angled = alt.Axis(labelAngle=-30, orient="bottom")
    base = FACET.encode(
        x=alt.X(f"{plot.x}:N", sort=list(plot.x_order), title=plot.x, axis=angled),
        y=alt.Y(f"{plot.y}:N", sort=list(plot.y_order), title=plot.y),
    )
    cells = base.mark_rect(color=ACCENT, stroke=FAINT).encode(
        opacity=alt.Opacity(f"{plot.share}:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.8]), legend=None)
    )
    counts = base.mark_text(color=INK).encode(text=f"{plot.n}:Q")
    layered = alt.layer(cells, counts).properties(width=alt.Step(_CELL), height=alt.Step(28))
    names = max((len(name) for name in plot.y_order), default=0)
    return svg(facets(layered, rows, width=_CELL * len(plot.x_order), names=_LETTER * names + 40))


def _bars(plot: Bars, rows: Rows) -> str:
    base = FACET.encode(x=alt.X(f"{plot.x}:O", title=plot.x_title, axis=alt.Axis(labelAngle=0)))
    bars = base.mark_bar(color=ACCENT).encode(y=alt.Y(f"{plot.y}:Q", title=plot.y_title))
    marks = base.mark_tick(color=INK, thickness=2).encode(y=f"{plot.mark}:Q")
    places = len({row[plot.x] for row in rows})
    layered = alt.layer(bars, marks).properties(width=alt.Step(22), height=130)
    return svg(facets(layered, rows, width=22 * places, names=60))
