"""lm-evaluation-harness's `results_*.json` -> runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.reports.runs import Run


def read(file: Path) -> list[Run]:
    """The runs of our tasks in one results file, none if it holds other tasks only.

    Raises:
        DataError: the file is not a whole results file.
    """
    try:
        results = json.loads(file.read_text(encoding="utf-8"))
        ours = {t: c for t, c in results["configs"].items() if "recrm_dimension" in (c.get("metadata") or {})}
        return [_run(results, task, config["metadata"]) for task, config in ours.items()]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, RecrmError) as error:
        raise DataError(
            f"{file}: not a results file of lm-evaluation-harness: {type(error).__name__}: {error}"
        ) from None


def _run(results: dict[str, Any], task: str, metadata: dict[str, Any]) -> Run:
    table = results["results"][task]
    metrics = {name.partition(",")[0]: value for name, value in table.items() if isinstance(value, int | float)}
    provenance = metadata["recrm_provenance"]
    run = Run(
        harness="lm-eval",
        model=_model(results),
        dimension=metadata["recrm_dimension"],
        mode=metadata["recrm_mode"],
        metrics=metrics,
        provenance=provenance,
        limited=metrics["n"] < provenance["rows_available"],
    )
    run.interval()  # what a table needs is there, or the file is not whole
    return run


def _model(results: dict[str, Any]) -> str:
    name = results.get("model_name") or results.get("config", {}).get("model", "?")
    return str(name).rstrip("/").rpartition("/")[2] or str(name)
