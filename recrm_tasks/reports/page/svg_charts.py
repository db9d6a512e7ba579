"""Rows -> plots, as SVG.

All colours are in `palette.PALETTE`, so that a page can replace them and follow a dark theme.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import altair as alt
import vl_convert

from recrm_tasks.reports.page.palette import ACCENT, FAINT, INK, PALETTE, PAPER, READABLE, REASONS, SERIES
from recrm_tasks.scoring.diagnosis import Bars, Curve, Heatmap, Plot

FONT = "Noto Sans CJK SC, PingFang SC, Microsoft YaHei, Noto Sans, Arial, sans-serif"
"""With fonts that have Chinese: names of models and labels may be Chinese."""

Rows: TypeAlias = Sequence[Mapping[str, Any]]
_FACET: Any = alt.Chart()
"""A chart without its own data: it takes those of its facet."""

_ROW = 26
_WIDTH = 360


def forest(rows: Rows, metric: str, chance: float) -> str:
    """Values with their intervals, best first; a dashed line at chance.

    Args:
        rows: `entry`, `value`, `low`, `high` of each entry.
        metric: what is shown.
        chance: the value of answers that ignore the question; NaN for no line.
    """
    known = _known(rows)
    order = [row["entry"] for row in sorted(known, key=lambda row: -row["value"])]
    base = _chart(known).encode(y=alt.Y("entry:N", sort=order, title=None))
    layers = [
        base.mark_rule(color=ACCENT, strokeWidth=2).encode(x=_unit("low", metric), x2="high:Q"),
        base.mark_point(color=ACCENT, filled=True, size=70, opacity=1).encode(x="value:Q"),
        base.mark_text(color=INK, dy=-9, fontSize=10).encode(x="value:Q", text=alt.Text("value:Q", format=".3f")),
    ]
    if not math.isnan(chance):
        line = _chart([{"chance": chance}]).mark_rule(color=INK, strokeDash=[4, 4], opacity=0.7)
        layers.append(line.encode(x="chance:Q"))
    return _svg(alt.layer(*layers).properties(width=_WIDTH, height=alt.Step(_ROW + 6)))


def profile(rows: Rows, dimensions: Sequence[str]) -> str:
    """Parallel bars: every dimension's score of every entry, with intervals.

    Args:
        rows: `entry`, `dimension`, `value`, `low`, `high`.
        dimensions: their order.
    """
    known = _known(rows)
    names = list(dict.fromkeys(row["entry"] for row in rows))
    base = _chart(known).encode(
        x=alt.X("dimension:N", sort=list(dimensions), title=None, axis=alt.Axis(labelAngle=0)),
        xOffset=alt.XOffset("entry:N", sort=names),
    )
    bars = base.mark_bar().encode(
        y=alt.Y("value:Q", scale=alt.Scale(domain=[0, 1]), title="primary metric"),
        color=_series(names),
    )
    reach = base.mark_rule(color=INK, strokeWidth=1.2).encode(y="low:Q", y2="high:Q")
    return _svg(alt.layer(bars, reach).properties(width=max(_WIDTH, 22 * len(known)), height=240))


def cost(rows: Rows) -> str:
    """Seconds per record against the mean score.

    Args:
        rows: `entry`, `seconds` (per record), `value`, `low`, `high`.
    """
    known = _known(rows)
    names = [row["entry"] for row in known]
    base = _chart(known).encode(
        x=alt.X("seconds:Q", scale=alt.Scale(type="log", nice=True), title="seconds per record (log)"),
        color=_series(names),
    )
    layers = (
        base.mark_rule(strokeWidth=2).encode(y=_unit("low", "mean_score", axis=alt.Y), y2="high:Q"),
        base.mark_point(filled=True, size=90, opacity=1).encode(y="value:Q"),
    )
    return _svg(alt.layer(*layers).properties(width=_WIDTH, height=240))


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
    diagonal = _chart([{plot.x: 0, plot.y: 0}, {plot.x: 1, plot.y: 1}]).mark_line(
        color=INK, strokeDash=[4, 4], opacity=0.7
    )
    base = _chart(rows).encode(color=_series(names))
    x = alt.X(f"{plot.x}:Q", scale=alt.Scale(domain=[0, 1]), title=plot.x_title)
    y = alt.Y(f"{plot.y}:Q", scale=alt.Scale(domain=[0, 1]), title=plot.y_title)
    legend = alt.Legend(symbolFillColor=INK, symbolStrokeColor=INK)
    layers = (
        diagonal.encode(x=x, y=y),
        base.mark_line(strokeWidth=1.5).encode(x=x, y=y, order=f"{plot.x}:Q"),
        base.mark_point(filled=True, opacity=1).encode(
            x=x, y=y, size=alt.Size(f"{plot.size}:Q", title="answers", legend=legend)
        ),
    )
    return _svg(alt.layer(*layers).properties(width=360, height=360))


def _heatmap(plot: Heatmap, rows: Rows) -> str:
    base = _FACET.encode(
        x=alt.X(f"{plot.x}:N", sort=list(plot.x_order), title=plot.x, axis=alt.Axis(labelAngle=-30, orient="bottom")),
        y=alt.Y(f"{plot.y}:N", sort=list(plot.y_order), title=plot.y),
    )
    cells = base.mark_rect(color=ACCENT, stroke=FAINT).encode(
        opacity=alt.Opacity(f"{plot.share}:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.8]), legend=None)
    )
    counts = base.mark_text(color=INK).encode(text=f"{plot.n}:Q")
    layered = alt.layer(cells, counts).properties(width=alt.Step(58), height=alt.Step(30))
    return _svg(_facets(layered, rows))


def _bars(plot: Bars, rows: Rows) -> str:
    base = _FACET.encode(x=alt.X(f"{plot.x}:O", title=plot.x_title, axis=alt.Axis(labelAngle=0)))
    bars = base.mark_bar(color=ACCENT).encode(y=alt.Y(f"{plot.y}:Q", title=plot.y_title))
    marks = base.mark_tick(color=INK, thickness=2).encode(y=f"{plot.mark}:Q")
    return _svg(_facets(alt.layer(bars, marks).properties(width=alt.Step(26), height=150), rows))


def reasons(rows: Rows, order: Sequence[str]) -> str:
    """Shares of readable answers, and of unreadable ones by reason.

    Args:
        rows: `entry`, `status`, `n`, `share`, and `place` in the order.
        order: every status, the readable one first.
    """
    bars = (
        _chart(rows)
        .mark_bar()
        .encode(
            y=alt.Y("entry:N", title=None),
            x=alt.X("n:Q", stack="normalize", title="share of answers", axis=alt.Axis(format=".0%")),
            color=alt.Color("status:N", scale=alt.Scale(domain=list(order), range=[READABLE, *REASONS]), title=None),
            order="place:Q",
        )
    )
    return _svg(bars.properties(width=_WIDTH, height=alt.Step(_ROW)))


def png(svg: str) -> bytes:
    """The same plot as an image, at twice the size."""
    made: bytes = vl_convert.svg_to_png(svg, scale=2)
    return made


def themed(svg: str) -> str:
    """The same plot in the colours of its page."""
    for colour, name in PALETTE.items():
        svg = svg.replace(colour, f"var(--{name})")
    return svg


def _known(rows: Rows) -> Rows:
    return [row for row in rows if not math.isnan(row["value"])]


def _values(rows: Rows) -> alt.InlineData:
    return alt.InlineData(values=[dict(row) for row in rows])


def _chart(rows: Rows) -> Any:
    return alt.Chart(_values(rows))


def _unit(field: str, title: str, axis: Any = alt.X) -> Any:
    """A scale of scores, no wider than what is shown."""
    return axis(f"{field}:Q", scale=alt.Scale(zero=False, nice=True), title=title)


def _series(names: Sequence[str]) -> Any:
    colours = [SERIES[i % len(SERIES)] for i in range(len(names))]
    legend = alt.Legend(orient="bottom", columns=2, symbolOpacity=1) if len(names) > 1 else None
    return alt.Color("entry:N", scale=alt.Scale(domain=list(names), range=colours), title=None, legend=legend)


def _facets(layered: Any, rows: Rows) -> Any:
    header = alt.Header(labelColor=INK)
    made = layered.facet(alt.Facet("entry:N", title=None, header=header), columns=2, data=_values(rows))
    return made.resolve_axis(x="independent")


def _svg(chart: Any) -> str:
    """Draws a chart. Titles and labels are not cut: two models may differ only at the end of their names."""
    chart = chart.configure(background=PAPER, font=FONT, padding=8)
    chart = chart.configure_view(stroke=None).configure_header(labelFontWeight="bold", labelLimit=400)
    chart = chart.configure_axis(
        labelColor=INK, titleColor=INK, domainColor=INK, tickColor=INK, gridColor=FAINT, titleFontWeight="normal",
        labelLimit=320,
    )  # fmt: skip
    chart = chart.configure_legend(labelColor=INK, titleColor=INK, labelLimit=320)
    drawn: str = vl_convert.vegalite_to_svg(chart.to_dict())
    return drawn
