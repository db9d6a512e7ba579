"""One results file of lm-evaluation-harness, as it is."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from recrm_tasks.errors import DataError
from recrm_tasks.reports.run_info import DECISIVE

HARNESS = "lm-eval"
"""What reports call lm-evaluation-harness."""

_NAMED = re.compile(r"results_.*\.json", re.DOTALL)
_BEGINS = re.compile(rb'\s*\{\s*"results"\s*:\s*\{')
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d.-]+$")
_OURS = {"recrm_dimension", "recrm_provenance"}
METRICS = "recrm_metrics"
"""The entry of a task's metadata with all numbers of the run."""
STRESS = "recrm_stress"
"""The entry of the metadata of a stress task, whose samples are no results of the benchmark: its version."""


def is_results(file: Path) -> bool:
    """Whether a file is called or begins like a results file: with `--output_path x.json` it is called x_TIME.json."""
    if file.suffix != ".json" or not file.is_file():
        return False
    if _NAMED.fullmatch(file.name):
        return True
    try:
        with file.open("rb") as stream:
            return _BEGINS.match(stream.read(200)) is not None
    except OSError:
        return False


def samples_of(file: Path, task: str) -> Path:
    """The file of a task's samples, which lm-eval writes beside the results with the same time in its name."""
    time = _TIME.search(file.stem)
    return file.with_name(f"samples_{task}_{time[0] if time else file.stem.removeprefix('results_')}.jsonl")


def load_results(file: Path) -> dict[str, Any]:
    """The content of a results file.

    Raises:
        DataError: it is not one.
    """
    try:
        results: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        results["results"].items()
        for config in results["configs"].values():
            config.get("metadata")
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise not_results(file, error) from None
    return results


def tasks_of(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The metadata of the tasks of this package that evaluate a model, by task."""
    return {task: metadata for task, metadata in _ours(results).items() if STRESS not in metadata}


def stress_tasks_of(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The same of the stress tasks."""
    return {task: metadata for task, metadata in _ours(results).items() if STRESS in metadata}


def metadata_of(results: dict[str, Any], task: str) -> dict[str, Any]:
    """The metadata of one task of either kind."""
    return _ours(results)[task]


def _ours(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {task: config.get("metadata") or {} for task, config in results["configs"].items()}
    return {task: metadata for task, metadata in found.items() if _OURS & metadata.keys()}


def numbers_of(results: dict[str, Any], task: str) -> dict[str, float]:
    """All numbers of a task of this package, flat: `acc`, `acc_stderr`, …, and what its answers cost.

    The hybrid tasks also have those of each dimension, `factual_acc`, …. Earlier versions put the numbers among
    lm-eval's own results, and had none by dimension.

    Args:
        results: a results file's content, or what `lm_eval.simple_evaluate` returns.
        task: the task.
    """
    recorded: dict[str, float] | None = metadata_of(results, task).get(METRICS)
    if recorded is not None:
        return dict(recorded)
    table: dict[str, Any] = results["results"][task]
    return {name.partition(",")[0]: value for name, value in table.items() if isinstance(value, int | float)}


def model_of(results: dict[str, Any]) -> str:
    """The model's name without the folders before it."""
    name = results.get("model_name") or results.get("config", {}).get("model", "?")
    return str(name).rstrip("/").rpartition("/")[2] or str(name)


def began_of(results: dict[str, Any]) -> datetime | None:
    """When the run began, which lm-eval logs in seconds since 1970; None if it is not there."""
    try:
        return datetime.fromtimestamp(float(results["date"]), timezone.utc)
    except (LookupError, TypeError, ValueError, OverflowError, OSError):
        return None


_WEIGHTS = ("peft", "delta", "lora_local_path", "pretrained")
"""The model arguments that name weights, adapters before the model below them."""


def weights_of(results: dict[str, Any]) -> tuple[str, ...]:
    """Where the model was loaded from; see `RunInfo.weights`."""
    arguments = _arguments(results)
    names = (*(arguments.get(name) for name in _WEIGHTS), results.get("model_name"))
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name))


def settings_of(results: dict[str, Any]) -> dict[str, Any]:
    """lm-eval's own settings on which answers depend; see `RunInfo.harness_settings`."""
    config, arguments = results.get("config", {}), _arguments(results)
    found = {
        "--model": config.get("model"),
        "path or name": list(weights_of(results)),
        "--gen_kwargs": config.get("gen_kwargs"),
        "chat template (SHA-256)": results.get("chat_template_sha"),
        "system instruction": results.get("system_instruction"),
        **{f"model argument {name}": str(arguments[name]) for name in DECISIVE if name in arguments},
    }
    return {name: value for name, value in found.items() if value is not None}


def _arguments(results: dict[str, Any]) -> dict[str, Any]:
    arguments = results.get("config", {}).get("model_args") or {}
    if isinstance(arguments, str):
        arguments = dict(one.partition("=")[::2] for one in arguments.split(","))
    return dict(arguments)


def not_results(file: Path, error: Exception) -> DataError:
    """The error for a file that is not a whole results file."""
    return DataError(f"{file}: not a results file of lm-evaluation-harness: {type(error).__name__}: {error}")
