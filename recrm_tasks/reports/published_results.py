"""The paper's table of zero-shot results, with the intervals that its digits allow.

Source: arXiv 2605.11874v1. The paper states neither numbers of records nor intervals. What the notes say of
denominators is inferred from the printed digits.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

from recrm_tasks.scoring.metrics.intervals import wilson

SOURCE = "arXiv 2605.11874v1, zero-shot results, in percent"

FULL: Mapping[str, int] = {"IF ACC": 128, "FC ACC": 297}
"""The number of records that accuracies of a column are consistent with (five of eight in IF, all in FC)."""

NOTES = (
    "FC: every accuracy is consistent with k / 297, and every F1 equals 2·ACC / (1 + ACC), which weighted F1 gives "
    "when all gold labels are of one class.",
    "IF: five accuracies are consistent with k / 128; the others fit only smaller numbers of records (the largest one "
    "is taken), as if unreadable answers had been left out. Our strict figures count those as wrong; compare the "
    "`_valid` ones.",
    "At N = 128 a 95 % interval is about ±8 points. F1 there is consistent with weighted F1.",
    "IR: the figures cannot be the share of lists whose first candidate is a positive (our `acc`) beside a hit rate: "
    "RecRM-RL has ACC 86.78 above HR 83.67, but a hit among the first k is never rarer than one at the first place.",
    "IR: ACC and AUC are consistent with one question per user and item, answered yes or no, all answers pooled (our "
    "`acc_pooled` and `auc_pooled` with ask=item). Or HR is not a hit rate, but a recall or a precision.",
    "QIR, IR and UBP share no number of records below 3,000: no interval can be given.",
    "The paper's prompts, records and answer reading are not public: other runs are not comparable with this table.",
)


class Figure(NamedTuple):
    """One published number."""

    percent: float
    n: int | None
    """The number of records that the digits are consistent with; None where it cannot be inferred."""

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval, in percent; NaN without a number of records."""
        if self.n is None:
            return math.nan, math.nan
        low, high = wilson(round(self.percent * self.n / 100) / self.n, self.n)
        return 100 * low, 100 * high


def published_results() -> dict[str, dict[str, Figure]]:
    """All figures by model and column, in the order of the paper's table."""
    text = (files("recrm_tasks.reports") / "published_results.csv").read_text(encoding="utf-8")
    return {
        row.pop("model"): {
            column: Figure(float(percent), denominator(float(percent), FULL.get(column)))
            for column, percent in row.items()
        }
        for row in csv.DictReader(text.splitlines())
    }


def denominator(percent: float, most: int | None) -> int | None:
    """The largest number of records, up to `most`, of which some share rounds to these two decimals of a percent."""
    fitting = (n for n in range(most or 0, 0, -1) if round(100 * round(percent * n / 100) / n, 2) == percent)
    return next(fitting, None)


def f1_of_one_class(accuracy: float) -> float:
    """Weighted F1 where all gold labels are of one class: 2·acc / (1 + acc).

    Args:
        accuracy: in [0, 1].
    """
    return 2 * accuracy / (1 + accuracy)
