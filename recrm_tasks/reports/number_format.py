"""How numbers are shown."""

from __future__ import annotations

import math


def number(value: float) -> str:
    """Four decimals, or that it is undefined."""
    return "undefined" if math.isnan(value) else f"{value:.4f}"


def signed(value: float) -> str:
    """The same with its sign; zero has none."""
    return number(value) if math.isnan(value) or value == 0 else f"{value:+.4f}"


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{100 * share:.1f} %"


def full_interval(interval: tuple[float, float]) -> str:
    """Both ends of an interval."""
    low, high = interval
    return f"{number(low)} – {number(high)}"


def short_interval(interval: tuple[float, float]) -> str:
    """Both ends in three decimals, where there is little room."""
    low, high = interval
    return "undefined" if math.isnan(low) else f"{low:.3f}–{high:.3f}"


def signed_interval(low: float, high: float, digits: int = 4) -> str:
    """Both ends of the interval of a difference."""
    return "undefined" if math.isnan(low) else f"{low:+.{digits}f} to {high:+.{digits}f}"


def percent_interval(interval: tuple[float, float]) -> str:
    """Both ends as percentages with one decimal."""
    low, high = interval
    return "undefined" if math.isnan(low) else f"{100 * low:.1f}–{100 * high:.1f} %"


def p_value(p: float) -> str:
    """Four decimals; smaller ones are only said to be below."""
    if math.isnan(p):
        return "undefined"
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"
