"""The results of stress tasks: what `process_results` returns, and the figures. It needs no lm-eval."""

from __future__ import annotations

from collections.abc import Sequence

from recrm_tasks.lm_eval_tasks import results
from recrm_tasks.lm_eval_tasks.results import Item, Shared
from recrm_tasks.robustness.measured import measured, numbers_of, shown_names


def of_stress(item: Item) -> dict[str, Item | Shared]:
    """The metrics of one document in a stress task: those that the table shows."""
    return results.for_every_metric(item, shown_names())


def measure(items: Sequence[Item]) -> dict[str, float]:
    """The figures of a stress run, and what all answers cost."""
    return {**numbers_of(measured(results.by_dimension(items))), **results.counts(items)}
