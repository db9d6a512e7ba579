"""Numbers as tables show them."""

from __future__ import annotations

import math


def number(value: float) -> str:
    """Four decimals, or that it is undefined."""
    return "undefined" if math.isnan(value) else f"{value:.4f}"


def signed(value: float) -> str:
    """The same with its sign; no difference has none."""
    return number(value) if math.isnan(value) or value == 0 else f"{value:+.4f}"


def reach(interval: tuple[float, float]) -> str:
    """Both ends of an interval."""
    low, high = interval
    return f"{number(low)} – {number(high)}"


def probability(p: float) -> str:
    """A p-value: how small it is does not matter below a ten-thousandth."""
    if math.isnan(p):
        return "undefined"
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def short(interval: tuple[float, float]) -> str:
    """Both ends of an interval in three decimals, where there is little room."""
    low, high = interval
    return "undefined" if math.isnan(low) else f"{low:.3f}–{high:.3f}"
