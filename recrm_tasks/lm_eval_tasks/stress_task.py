"""The stress tasks: their documents, `process_results` and aggregations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import datasets

from recrm_tasks.lm_eval_tasks import results
from recrm_tasks.lm_eval_tasks.documents import PREFIX, load, options_of, taking_turns
from recrm_tasks.lm_eval_tasks.rendered_task import RenderedTask
from recrm_tasks.lm_eval_tasks.results import Aggregation, Item, LastRun, Shared
from recrm_tasks.lm_eval_tasks.stress_results import measure, of_stress
from recrm_tasks.prompting.options import Options
from recrm_tasks.robustness.measured import figure_names
from recrm_tasks.robustness.stress_options import StressOptions, check_options, keys_of
from recrm_tasks.robustness.stress_questions import VERSION, stress_questions


class StressTask(RenderedTask):
    """A task with the options of stress runs."""

    options: ClassVar[type[Options]] = StressOptions


def documents(
    recrm_stress: int, recrm_mode: str, recrm_provenance: dict[str, Any], **arguments: Any
) -> dict[str, datasets.Dataset]:
    """`custom_dataset` of the stress tasks: see `documents.documents`, for several dimensions. Their questions
    alternate.

    Args:
        recrm_stress: the version of the stress tasks, for logs.
        recrm_mode: `generate` or `logprob`.
        recrm_provenance: filled in here, by dimension.
        arguments: the run's options, and lm-eval's model arguments.
    """
    options = options_of(arguments, StressOptions)
    check_options(options, PREFIX)
    loaded = {
        key: load(key, recrm_mode, arguments, None, options, stress_questions) for key in keys_of(options.dimensions)
    }
    for _, provenance in loaded.values():
        provenance["stress"] = VERSION
    return taking_turns(loaded, recrm_provenance)


def generated(doc: dict[str, Any], results_of_doc: Sequence[object]) -> dict[str, Item | Shared]:
    """`process_results` for generated answers: see `results.generated`."""
    return of_stress(results.answered(doc, results_of_doc))


def weighed(doc: dict[str, Any], results_of_doc: Sequence[tuple[float, bool]]) -> dict[str, Item | Shared]:
    """`process_results` for log-probability answers: see `results.weighed`."""
    return of_stress(results.likely(doc, results_of_doc))


def __getattr__(name: str) -> Aggregation:
    """A figure's aggregation by its name, for YAML like `!function …stress_task.praise_flip`."""
    if name not in figure_names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return Aggregation(f"{__name__}.{name}", name, _last_run)


_last_run = LastRun(measure)
