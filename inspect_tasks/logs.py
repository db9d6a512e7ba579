"""Inspect's logs -> runs."""

from __future__ import annotations

from pathlib import Path

from inspect_ai.log import EvalLog, EvalScore, read_eval_log

from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import DataError
from recrm_tasks.reports.runs import Run


def read(file: Path) -> list[Run]:
    """The runs in one log, none if it is of another task.

    Raises:
        DataError: the file is no log, or its run did not end well: an incomplete run has no score.
    """
    try:
        log = read_eval_log(str(file), header_only=True)
    except Exception as error:  # Inspect raises whatever its readers of zip, JSON and pydantic do
        raise DataError(f"{file}: not a readable Inspect log: {type(error).__name__}: {error}") from None
    provenance = (log.eval.metadata or {}).get("recrm_provenance")
    if provenance is None:
        return []
    if log.status != "success" or log.results is None or not log.results.scores:
        raise DataError(
            f"{file}: this run is incomplete (status {log.status}, {log.eval.dataset.samples} samples wanted); "
            "it has no score"
        )
    # With --no-fail-on-error a run succeeds without the samples whose requests failed.
    done, wanted = log.results.completed_samples, log.results.total_samples
    if done < wanted:
        raise DataError(f"{file}: this run is incomplete ({done} of {wanted} samples have an answer); it has no score")
    return [_run(log, log.results.scores[0], key, entry, len(provenance)) for key, entry in provenance.items()]


def _run(log: EvalLog, score: EvalScore, dimension: str, provenance: dict[str, object], of: int) -> Run:
    prefix = f"{dimension}_" if of == len(dimensions()) else ""
    metrics = {
        name.removeprefix(prefix): float(metric.value)
        for name, metric in score.metrics.items()
        if name.startswith(prefix)
    }
    return Run(
        harness="inspect",
        model=log.eval.model.rpartition("/")[2],
        dimension=dimension,
        mode=str(provenance["mode"]),
        metrics=metrics,
        provenance=dict(provenance),
        limited=metrics["n"] < float(str(provenance["rows_available"])),
    )
