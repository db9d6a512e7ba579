"""The colours of plots and pages."""

from __future__ import annotations

from collections.abc import Mapping

INK, FAINT, PAPER, ACCENT = "#24292f", "#d0d7de", "#fdfdfd", "#1f6fd1"
SERIES = ("#1f6fd2", "#d1571f", "#2a8a4a", "#8e4ec6", "#a87b00", "#c2185b", "#0f8b8d", "#6e7781")
READABLE = "#2f9e63"
REASONS = ("#8c959f", "#e0a100", "#d1571e", "#b3261e", "#8e4ec5", "#5b6ee1")

PALETTE: Mapping[str, str] = {
    INK: "ink",
    FAINT: "faint",
    PAPER: "paper",
    ACCENT: "accent",
    READABLE: "readable",
    **{colour: f"series-{i}" for i, colour in enumerate(SERIES)},
    **{colour: f"reason-{i}" for i, colour in enumerate(REASONS)},
}
"""Every colour in a plot, and its name in a page."""
