"""The mark of figures from log-probabilities that the provider did not report for every allowed answer."""

from __future__ import annotations

from recrm_tasks.reports.number_format import number
from recrm_tasks.reports.tables.report_table import Cell

_MEANING = (
    "*: the provider did not report the probability of every allowed answer for some records (unseen). A missing one "
    "counts as 0, so the figure is not exact."
)


def maybe_marked_cell(value: float, unseen: int, *notes: str) -> Cell:
    """A metric, marked if some of its records have unseen answers.

    Args:
        value: the metric.
        unseen: the number of such records.
        notes: small print below the number.
    """
    return Cell(f"{number(value)}{'*' if unseen else ''}", notes, value)


def with_meaning(caption: str, unseen: int) -> str:
    """A caption that explains the mark, if there is one in the table."""
    return f"{caption} {_MEANING}".lstrip() if unseen else caption
