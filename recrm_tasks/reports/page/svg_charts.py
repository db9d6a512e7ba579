"""Scores of entries -> plots, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence

import altair as alt

from recrm_tasks.reports.page.palette import ACCENT, INK, READABLE, REASONS
from recrm_tasks.reports.page.svg import FACET, FEW, Rows, chart, series, svg, unit, values

_ROW = 24
"""The height of a row, in pixels."""
_WIDTH = 230


def forest(rows: Rows, metric: str, chance: float) -> str:
    """Values with their intervals, best first; a dashed line at chance.

    Args:
        rows: `entry`, `value`, `low`, `high` of each entry.
        metric: what is shown.
        chance: the value of answers that ignore the question; NaN for no line.
    """
    shown = _known(rows)
    order = [row["entry"] for row in sorted(shown, key=lambda row: -row["value"])]
    base = chart(shown).encode(y=alt.Y("entry:N", sort=order, title=None))
    layers = [
        base.mark_rule(color=ACCENT, strokeWidth=2).encode(x=unit("low", metric), x2="high:Q"),
        base.mark_point(color=ACCENT, filled=True, size=60, opacity=1).encode(x="value:Q"),
        base.mark_text(color=INK, align="left", fontSize=10).encode(
            x=alt.value(_WIDTH + 6), text=alt.Text("value:Q", format=".3f")
        ),
    ]
    if not math.isnan(chance):
        line = chart([{"chance": chance}]).mark_rule(color=INK, strokeDash=[4, 4], opacity=0.7)
        layers.append(line.encode(x="chance:Q"))
    return svg(alt.layer(*layers).properties(width=_WIDTH, height=alt.Step(_ROW)))


def profile(rows: Rows, scores: Sequence[str], entries: Sequence[str]) -> str:
    """The forest plots of all scores side by side: one row for each entry.

    Args:
        rows: `entry`, `score`, `value`, `low`, `high`.
        scores: from left to right.
        entries: from top to bottom.
    """
    shown = _known(rows)
    width = 128
    base = FACET.encode(y=alt.Y("entry:N", sort=list(entries), title=None))
    axis = alt.Axis(tickCount=3, format=".1f")
    layered = alt.layer(
        base.mark_rule(color=ACCENT, strokeWidth=2).encode(x=unit("low", None, axis=alt.X).axis(axis), x2="high:Q"),
        base.mark_point(color=ACCENT, filled=True, size=60, opacity=1).encode(x="value:Q"),
        base.mark_text(color=INK, align="left", fontSize=10).encode(
            x=alt.value(width + 4), text=alt.Text("value:Q", format=".3f")
        ),
    ).properties(width=width, height=alt.Step(_ROW))
    columns = alt.Column("score:N", sort=list(scores), title=None, header=alt.Header(labelColor=INK))
    return svg(layered.facet(column=columns, data=values(shown), spacing=44))


def cost(rows: Rows) -> str:
    """Seconds per record against the mean score.

    Args:
        rows: `entry`, `seconds` (per record), `value`, `low`, `high`.
    """
    shown = _known(rows)
    names = [row["entry"] for row in shown]
    base = chart(shown).encode(
        x=alt.X("seconds:Q", scale=alt.Scale(type="log", nice=True), title="seconds per record (log)"),
        color=series(names),
    )
    layers = [
        base.mark_rule(strokeWidth=2).encode(y=unit("low", "mean_score", axis=alt.Y), y2="high:Q"),
        base.mark_point(filled=True, size=90, opacity=1).encode(y="value:Q"),
    ]
    many = len(names) > FEW
    if many:
        named = base.mark_text(align="left", dx=8, fontSize=10).encode(y="value:Q", text="entry:N")
        layers.append(named.encode(color=alt.value(INK)))
    width, height = (3 * _WIDTH, 420) if many else (_WIDTH + 100, 240)
    return svg(alt.layer(*layers).properties(width=width, height=height))


def reasons(rows: Rows, order: Sequence[str]) -> str:
    """Shares of readable answers, and of unreadable ones by reason.

    Args:
        rows: `entry`, `status`, `n`, `share`, and `place` in the order.
        order: every status, the readable one first.
    """
    colours = [READABLE, *REASONS]
    met = [status for status in order if any(row["n"] for row in rows if row["status"] == status)]
    scale = alt.Scale(domain=met, range=[colours[order.index(status)] for status in met])
    bars = (
        chart([row for row in rows if row["status"] in met])
        .mark_bar()
        .encode(
            y=alt.Y("entry:N", title=None, sort=list(dict.fromkeys(row["entry"] for row in rows))),
            x=alt.X("n:Q", stack="normalize", title="share of answers", axis=alt.Axis(format=".0%", tickCount=5)),
            color=alt.Color("status:N", scale=scale, title=None, legend=alt.Legend(orient="bottom", columns=3)),
            order="place:Q",
        )
    )
    return svg(bars.properties(width=_WIDTH, height=alt.Step(_ROW)))


def stress(rows: Rows, changes: Sequence[str], share: str) -> str:
    """What planted changes do: for each change, the share of every run with its interval.

    Args:
        rows: `entry`, `change`, `value`, `low`, `high`.
        changes: from top to bottom.
        share: what is shown.
    """
    shown = _known(rows)
    names = list(dict.fromkeys(row["entry"] for row in shown))
    base = chart(shown).encode(
        y=alt.Y("change:N", sort=list(changes), title=None),
        yOffset=alt.YOffset("entry:N", sort=names),
        color=series(names),
    )
    axis = alt.Axis(format=".0%", tickCount=5)
    layers = (
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q", scale=alt.Scale(domain=[0, 1]), title=share, axis=axis), x2="high:Q"
        ),
        base.mark_point(filled=True, size=50, opacity=1).encode(x="value:Q"),
    )
    height = alt.Step(max(_ROW - 4, 11 * len(names)), **{"for": "position"})
    return svg(alt.layer(*layers).properties(width=_WIDTH, height=height))


def _known(rows: Rows) -> Rows:
    return [row for row in rows if not math.isnan(row["value"])]
