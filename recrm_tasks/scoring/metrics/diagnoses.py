"""What lies behind the metrics, as rows for a table or a plot: confusions, reliability, places."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeAlias

from recrm_tasks.scoring.metrics import columns
from recrm_tasks.scoring.metrics.calibration import reliability_curve
from recrm_tasks.scoring.metrics.columns import Columns, Rows
from recrm_tasks.scoring.metrics.f1 import confusion
from recrm_tasks.scoring.outcomes import Outcome

Diagnosis: TypeAlias = list[dict[str, float]]
"""One dict per row, all with the same keys in the same order."""


def confusion_rows(outcomes: Sequence[Outcome]) -> Diagnosis:
    """The confusion matrix: a row per gold label (by its place in the set), the last column for unreadable answers."""
    table = Columns.of(outcomes)
    gold, predicted = columns.labels(table, [outcome.values for outcome in outcomes])
    return [
        {"gold": label, **{f"answered {i}": int(n) for i, n in enumerate(row[:-1])}, "unreadable": int(row[-1])}
        for label, row in enumerate(confusion(gold, predicted))
    ]


def reliability_rows(outcomes: Sequence[Outcome]) -> Diagnosis:
    """The points of a reliability diagram over readable answers: the bins of `ece`."""
    table = Columns.of(outcomes)
    readable = Rows.of(table).readable
    gold, stated = columns.probabilities(table)
    return [point._asdict() for point in reliability_curve(gold[readable], stated[readable])]


def place_rows(outcomes: Sequence[Outcome]) -> Diagnosis:
    """How often the first choice stood at each place of the order shown, and how often it would by chance.

    Candidates that share the first choice count at equal parts.
    """
    chosen: dict[int, float] = defaultdict(float)
    chance: dict[int, float] = defaultdict(float)
    for _, scores in columns.lists(Columns.of(outcomes)):
        if not scores:
            continue
        best = [place for place, score in enumerate(scores, 1) if score == max(scores)]
        for place in best:
            chosen[place] += 1 / len(best)
        for place in range(1, len(scores) + 1):
            chance[place] += 1 / len(scores)
    return [{"place": place, "first choice": chosen[place], "by chance": chance[place]} for place in sorted(chance)]
