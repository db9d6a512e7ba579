"""lm-evaluation-harness's `results_*.json` -> runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recrm_tasks.errors import DataError
from recrm_tasks.reports.runs import Run


def read(file: Path) -> list[Run]:
    """The runs of our tasks in one results file, none if it holds other tasks only.

    Raises:
        DataError: the file is not a whole results file.
    """
    try:
        results = json.loads(file.read_text(encoding="utf-8"))
        configs, tables = results["configs"], results["results"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{file}: not a results file of lm-evaluation-harness: {type(error).__name__}: {error}"
        ) from None
    runs = []
    for task, config in configs.items():
        metadata = config.get("metadata") or {}
        if "recrm_dimension" not in metadata:
            continue
        metrics = {name.partition(",")[0]: v for name, v in tables[task].items() if isinstance(v, int | float)}
        runs.append(
            Run(
                harness="lm-eval",
                model=_model(results),
                dimension=metadata["recrm_dimension"],
                mode=metadata["recrm_mode"],
                metrics=metrics,
                provenance=metadata["recrm_provenance"],
                limited=metrics["n"] < metadata["recrm_provenance"]["rows_available"],
            )
        )
    return runs


def _model(results: dict[str, Any]) -> str:
    name = results.get("model_name") or results.get("config", {}).get("model", "?")
    return str(name).rstrip("/").rpartition("/")[2] or str(name)
