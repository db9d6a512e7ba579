"""`process_results` and aggregations of the hybrid tasks, which contain all dimensions.

lm-eval's groups can only average the results of their tasks, and the hybrid score is not an average.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.suites import RECRM
from recrm_tasks.dimensions.suites import suite as suite_named
from recrm_tasks.lm_eval_tasks import results
from recrm_tasks.lm_eval_tasks.results import Aggregation, Item, LastRun, Shared
from recrm_tasks.scoring.aggregate.declared import DECLARED
from recrm_tasks.scoring.metric import brief, columns, flat


def generated(doc: dict[str, Any], results_of_doc: Sequence[object]) -> dict[str, Item | Shared]:
    """`process_results` for generated answers: see `results.generated`."""
    return of_suite(doc, results.answered(doc, results_of_doc))


def weighed(doc: dict[str, Any], results_of_doc: Sequence[tuple[float, bool]]) -> dict[str, Item | Shared]:
    """`process_results` for log-probability answers: see `results.weighed`."""
    return of_suite(doc, results.likely(doc, results_of_doc))


def __getattr__(name: str) -> Aggregation:
    """A metric's aggregation by its name, for YAML like `!function …hybrid_task.mean_score`."""
    if name not in columns(DECLARED):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return Aggregation(f"{__name__}.{name}", name, _last_run)


def measure(items: Sequence[Item]) -> dict[str, float]:
    """The metrics of a hybrid task, those of each dimension, `factual_acc`, …, and what all answers cost."""
    outcomes = results.by_dimension(items)
    measured = {key: dimension_of(key).metrics(found) for key, found in sorted(outcomes.items())}
    metrics = suite_named(items[0]["suite"]).aggregate(outcomes, measured)
    numbers = {**flat({"score": metrics["hybrid"], **metrics}), **results.counts(items)}
    for key, found in measured.items():
        own = {**flat(found), **results.counts([item for item in items if item["dimension"] == key])}
        numbers.update({f"{key}_{name}": value for name, value in own.items()})
    return numbers


_SHOWN = tuple(columns(brief(DECLARED, "hybrid")))
_last_run = LastRun(measure)


def of_suite(doc: dict[str, Any], item: Item) -> dict[str, Item | Shared]:
    """The metrics of one document in a hybrid task: those that the table shows.

    Documents of version 0.1.0 do not name the suite.
    """
    suite = json.loads(doc["scoring"]).get("suite", RECRM.name)
    return results.for_every_metric({"suite": suite, **item}, _SHOWN)
