"""Finished runs of one model -> the block for its model card."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from recrm_tasks import __version__
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.reports.leaderboard_entries import Entry, model_of, runs_of
from recrm_tasks.reports.runs import Run
from recrm_tasks.reports.tables.leaderboard_table import report_tables
from recrm_tasks.reports.tables.markdown import markdown


def model_card(entries: Sequence[Entry]) -> str:
    """YAML for the top of a model card (`model-index`), and the tables for its text.

    Undefined metrics (AUC of one class) are not in the YAML; a line of the text names them.

    Raises:
        DataError: the runs are of several models.
    """
    model = model_of(entries)
    results, undefined = [], []
    for entry, run in runs_of(entries):
        if math.isnan(run.metrics[run.primary]):
            undefined.append(f"{run.primary} of {run.dimension} ({run.harness}, {run.mode})")
        else:
            results.append(_result(entry, run))
    data = ModelCardData(model_name=model, eval_results=results or None)
    left_out = f"Undefined, so not in the YAML above: {', '.join(undefined)}.\n\n" if undefined else ""
    return (
        f"---\n{data.to_yaml()}\n---\n\n# RecRM-Bench, by recrm-tasks {__version__}\n\n"
        "An independent packaging of arXiv 2605.11874. Prompts and answer reading are its own: these numbers are not "
        f"comparable with the paper's table.\n\n{left_out}{markdown(report_tables(entries))}"
    )


def _result(entry: Entry, run: Run) -> EvalResult:
    dimension = dimension_of(run.dimension)
    provenance = run.provenance
    low, high = run.interval()
    sample = provenance["data"] == "sample"
    seen = entry.in_training.get(run.dimension)
    config = [run.dimension, run.mode, *(["content"] if run.of_content else []), run.harness]
    config += [f"run {entry.number}"] if entry.number > 1 else []
    arguments: dict[str, Any] = {
        "harness": run.harness,
        "answers": run.mode,
        "n": int(run.metrics["n"]),
        "coverage": run.metrics["coverage"],
        **({"ask": "item", "lists": int(run.metrics["lists"])} if run.by_item else {}),
        **({"reads": "content", "pairs": int(run.metrics["pairs"])} if run.of_content else {}),
        **({"unseen": run.unseen} if run.unseen else {}),
        **({} if seen is None else {"in_training": seen.shared}),
        "rows_available": provenance["rows_available"],
        "sha256": provenance["sha256"],
        "prompt_version": provenance["prompt_version"],
        **({"rescored": True, "reader_version": run.reader_version} if run.rescored else {}),
    }
    return EvalResult(
        task_type=dimension.kind.hub_task,
        task_name=dimension.title,
        dataset_type="sample" if sample else provenance["source"],
        dataset_name="sample of recrm-tasks (not RecRM-Bench)" if sample else provenance["source"],
        dataset_config=", ".join(config),
        dataset_split=provenance["split"],
        dataset_revision=provenance["revision"],
        dataset_args=arguments,
        metric_type=dimension.kind.declared[run.primary].hub or run.primary,
        metric_name=run.primary,
        metric_value=run.metrics[run.primary],
        metric_args=None if math.isnan(low) else {"low": low, "high": high, "confidence": 0.95},
    )
