"""lm-evaluation-harness's `results_*.json` -> runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.reports.runs import Cost, Run


def read(file: Path) -> list[Run]:
    """The runs of our tasks in one results file, none if it holds other tasks only.

    Raises:
        DataError: the file is not a whole results file.
    """
    results = load(file)
    for task, config in results["configs"].items():
        metadata = config.get("metadata") or {}
        if "recrm_provenance" in metadata and "recrm_dimension" not in metadata:
            raise DataError(f"{file}: {task} is of all dimensions; recrm aggregate reads it")
    ours = {t: c["metadata"] for t, c in results["configs"].items() if "recrm_dimension" in (c.get("metadata") or {})}
    try:
        cost = _cost([results["results"][task] for task in ours], results)
        return [_run(results, task, metadata, cost) for task, metadata in ours.items()]
    except (LookupError, TypeError, ValueError, AttributeError, RecrmError) as error:
        raise _not_results(file, error) from None


def load(file: Path) -> dict[str, Any]:
    """The content of a results file.

    Raises:
        DataError: it is none.
    """
    try:
        results: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        results["results"].items()
        for config in results["configs"].values():
            config.get("metadata")
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _not_results(file, error) from None
    return results


def model_of(results: dict[str, Any]) -> str:
    """The model's name without the folders before it."""
    name = results.get("model_name") or results.get("config", {}).get("model", "?")
    return str(name).rstrip("/").rpartition("/")[2] or str(name)


def _not_results(file: Path, error: Exception) -> DataError:
    return DataError(f"{file}: not a results file of lm-evaluation-harness: {type(error).__name__}: {error}")


def _cost(tables: list[dict[str, Any]], results: dict[str, Any]) -> Cost | None:
    """None for results that were not saved by lm-eval's command line, which alone takes the time."""
    if "total_evaluation_time_seconds" not in results:
        return None
    counted = all("tokens_in,none" in table for table in tables)
    tokens = [
        sum(table[f"{name},none"] for table in tables) if counted else None for name in ("tokens_in", "tokens_out")
    ]
    return Cost(
        records=int(sum(table["n,none"] for table in tables)),
        seconds=float(results["total_evaluation_time_seconds"]),
        tokens_in=tokens[0],
        tokens_out=tokens[1],
    )


def _run(results: dict[str, Any], task: str, metadata: dict[str, Any], cost: Cost | None) -> Run:
    table = results["results"][task]
    metrics = {name.partition(",")[0]: value for name, value in table.items() if isinstance(value, int | float)}
    provenance = metadata["recrm_provenance"]
    run = Run(
        harness="lm-eval",
        model=model_of(results),
        dimension=metadata["recrm_dimension"],
        mode=metadata["recrm_mode"],
        metrics=metrics,
        provenance=provenance,
        limited=metrics["n"] < provenance["rows_available"],
        cost=cost,
    )
    run.interval()  # what a table needs is there, or the file is not whole
    return run
