"""One log of Inspect: its header, what it says of the run, and its samples one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import ijson
from inspect_ai._util.constants import get_deserializing_context
from inspect_ai.log import (
    EvalLog,
    EvalSample,
    read_eval_log,
    read_eval_log_sample_summaries,
    read_eval_log_samples_by_id,
)

from recrm_tasks.errors import DataError
from recrm_tasks.reports.run_info import DECISIVE

RESCORED = "recrm_rescored"
"""The key that `recrm rescore` adds to a log's metadata: the entry `rescored` of each dimension's provenance."""

STRESS = "recrm_stress"
"""The entry of the metadata of a stress run, whose samples are no results of the benchmark: its version."""


BULK = {"messages", "events", "events_data", "store", "attachments"}
"""What no report needs of a sample."""


def read_header(file: Path) -> EvalLog:
    """A log without its samples.

    Raises:
        DataError: the file is not a readable log.
    """
    try:
        return read_eval_log(str(file), header_only=True)
    except Exception as error:  # Inspect raises whatever its readers of zip, JSON and pydantic do
        raise _unreadable(file, error) from None


def is_ours(log: EvalLog, stress: bool = False) -> bool:
    """Whether a log is of our tasks: of a stress run, or of one of the other tasks."""
    found = log.eval.metadata or {}
    return "recrm_provenance" in found and (STRESS in found) == stress


def unfinished(log: EvalLog) -> str | None:
    """What is missing from a run; None if nothing is."""
    if log.status != "success" or log.results is None or not log.results.scores:
        return f"status {log.status}, {log.eval.dataset.samples} samples wanted"
    if log.invalidated:  # by a person, after the run: the metrics in the log still count these samples
        return "samples were invalidated; `inspect eval-retry` asks them again"
    # With --no-fail-on-error a run succeeds without the samples whose requests failed.
    done, wanted = log.results.completed_samples, log.results.total_samples
    return f"{done} of {wanted} samples have an answer" if done < wanted else None


def provenance_of(log: EvalLog) -> dict[str, dict[str, Any]]:
    """What a run logged about its data, prompts and versions, by dimension, and each time that it was rescored."""
    found: dict[str, dict[str, Any]] = (log.eval.metadata or {})["recrm_provenance"]
    rescored = log.metadata.get(RESCORED, {})
    return {key: {**entry, **({"rescored": rescored[key]} if key in rescored else {})} for key, entry in found.items()}


def model_of(log: EvalLog) -> str:
    """The model's name without its provider."""
    return log.eval.model.rpartition("/")[2]


def weights_of(log: EvalLog) -> tuple[str, ...]:
    """Where the model was loaded from; see `RunInfo.weights`."""
    named = log.eval.model.partition("/")[2]
    base, _, adapter = named.partition(":")  # as Inspect names the LoRA adapters of its vLLM
    names = (log.eval.model_args.get("model_path"), *((adapter.partition("@")[0], base) if adapter else ()), named)
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name))


def began_of(log: EvalLog) -> datetime:
    """When the run began; of one that was resumed, its last part."""
    return datetime.fromisoformat(str(log.eval.created))


def seconds_of(log: EvalLog) -> float:
    """How long the run took, without loading the model; of one that was resumed, its last part.

    Raises:
        ValueError: it has not ended.
    """
    began, ended = (datetime.fromisoformat(str(at)) for at in (log.stats.started_at, log.stats.completed_at))
    return (ended - began).total_seconds()


_OF_CONNECTIONS = {
    "max_retries", "timeout", "attempt_timeout", "stream_idle_timeout", "max_connections", "adaptive_connections",
    "extra_headers", "cache", "cache_prompt", "batch",
}  # fmt: skip
"""Generation settings that change no answer."""


def settings_of(log: EvalLog) -> dict[str, Any]:
    """Inspect's own settings on which answers depend; see `RunInfo.harness_settings`."""
    generation = log.plan.config.model_dump(mode="json", exclude_none=True, exclude=_OF_CONNECTIONS)
    arguments = log.eval.model_args
    return {
        "--model": log.eval.model,
        "path or name": list(weights_of(log)),
        "--epochs": log.eval.config.epochs or 1,
        **{f"model argument {name}": str(arguments[name]) for name in DECISIVE if name in arguments},
        **{f"generation setting {name}": value for name, value in generation.items()},
    }


def read_samples(file: Path, log: EvalLog, without: set[str]) -> Iterator[EvalSample]:
    """The samples, one after the other.

    Args:
        file: the log.
        log: its header.
        without: fields of a sample that need not be read.

    Raises:
        DataError: the samples are broken.
    """
    try:
        if file.suffix == ".json":
            yield from _samples_of_json(file, without)
        else:
            yield from _samples_of_eval(file, log, without)
    except Exception as error:  # as for the header
        raise _unreadable(file, error) from None


_PART = 1_024


def _samples_of_eval(file: Path, log: EvalLog, without: set[str]) -> Iterator[EvalSample]:
    if unfinished(log) is None:
        epochs = range(1, (log.eval.config.epochs or 1) + 1)
        wanted = [(name, epoch) for name in log.eval.dataset.sample_ids or [] for epoch in epochs]
    else:
        wanted = [(one.id, one.epoch) for one in read_eval_log_sample_summaries(str(file))]
    if "events" in without:
        yield from _without_events(file, wanted, without)
        return
    # In parts: Inspect's reader of all samples opens the file and its directory again for each.
    for start in range(0, len(wanted), _PART):
        yield from read_eval_log_samples_by_id(str(file), wanted[start : start + _PART], exclude_fields=without)


def _without_events(file: Path, wanted: Sequence[tuple[str | int, int]], without: set[str]) -> Iterator[EvalSample]:
    """In half the time of Inspect's own reader, which puts events together and is made for storage at a distance."""
    with ZipFile(file) as archive:  # Inspect has taught it zstd
        for name, epoch in wanted:
            with archive.open(f"samples/{name}_epoch_{epoch}.json") as stream:
                sample = json.load(stream)
            yield EvalSample.model_validate(
                {field: value for field, value in sample.items() if field not in without},
                context=get_deserializing_context(),
            )


def _samples_of_json(file: Path, without: set[str]) -> Iterator[EvalSample]:
    """As a stream. Inspect's own reader holds the whole file, and goes through all of it for every sample."""
    done = 0
    try:
        with file.open("rb") as stream:
            for sample in ijson.items(stream, "samples.item", use_float=True):
                yield EvalSample.model_validate({name: value for name, value in sample.items() if name not in without})
                done += 1
    except ijson.IncompleteJSONError:  # NaN and infinities, which Inspect writes and JSON does not have
        yield from (read_eval_log(str(file)).samples or [])[done:]


def _unreadable(file: Path, error: Exception) -> DataError:
    return DataError(f"{file}: not a readable Inspect log: {type(error).__name__}: {error}")
