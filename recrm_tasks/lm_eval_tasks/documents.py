"""Records -> the documents that lm-evaluation-harness iterates over."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, TypeAlias

import datasets
import pyarrow as pa

from recrm_tasks.answers.prompt import MODES, Mode, Prompt, Reads
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.dimensions.suites import Suite, suite_of
from recrm_tasks.dimensions.suites import suite as suite_named
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.lm_eval_tasks.answer_cache import warn_of_earlier_answers
from recrm_tasks.lm_eval_tasks.backend import backend_of
from recrm_tasks.lm_eval_tasks.cost import count_questions, forget_requests
from recrm_tasks.models.engines import engine_of
from recrm_tasks.models.trained_as import asked_as_trained
from recrm_tasks.prompting import Options, load_questions
from recrm_tasks.prompting.fit import tokens_by
from recrm_tasks.prompting.options import AnyOptions, one_of, parse, refuse_list_options
from recrm_tasks.prompting.questions import Pose, plain_questions

PREFIX = "recrm_"
"""What a user writes before the name of an option."""
_log = logging.getLogger(__name__)
_PART = 4_096

COLUMNS = datasets.Features(
    {
        "id": datasets.Value("string"),
        "dimension": datasets.Value("string"),
        "lang": datasets.Value("string"),
        "system": datasets.Value("string"),
        "prompt": datasets.Value("string"),
        "choices": datasets.List(datasets.Value("string")),
        "target": datasets.Value("string"),
        "tokens": datasets.Value("int64"),
        "scoring": datasets.Value("string"),
    }
)


def documents(
    recrm_dimension: str, recrm_mode: str, recrm_provenance: dict[str, Any], **arguments: Any
) -> dict[str, datasets.Dataset]:
    """`custom_dataset` of every task of one dimension.

    lm-eval calls it with the task's metadata, `--metadata` and `--model_args`, merged.

    Args:
        recrm_dimension: the dimension's key, from the task's YAML.
        recrm_mode: `generate` or `logprob`, from the task's YAML.
        recrm_provenance: an entry of the task's metadata, filled in here. lm-eval has no hook for this, but the dict is
            the one in the task's configuration, so every result contains it.
        arguments: the run's options, named `recrm_…`, and lm-eval's model arguments.

    Returns:
        One split, `test`, with the columns of `COLUMNS`.

    Raises:
        RecrmError: an option is unknown or has a wrong value; or any error of `load_questions`.
    """
    options = options_of(arguments, Options)
    rows, provenance = load(recrm_dimension, recrm_mode, arguments, suite_of(recrm_dimension), options)
    documents = _on_disk(rows)
    recrm_provenance.clear()
    recrm_provenance.update(provenance)
    return {"test": documents}


def documents_of_all(
    recrm_suite: str, recrm_mode: str, recrm_provenance: dict[str, Any], **arguments: Any
) -> dict[str, datasets.Dataset]:
    """`custom_dataset` of the hybrid tasks: like `documents`, for a suite, with the provenance by dimension.

    The records of the dimensions alternate, so that lm-eval's --limit takes some of each.
    """
    suite, options = suite_named(recrm_suite), options_of(arguments, Options)
    loaded = {key: load(key, recrm_mode, arguments, suite, options) for key in suite.keys}
    return taking_turns(loaded, recrm_provenance)


Loaded: TypeAlias = tuple[Iterator[dict[str, Any]], dict[str, Any]]
"""The documents of one dimension, which can be iterated once, and their provenance, complete after the last one."""


def taking_turns(loaded: Mapping[str, Loaded], recrm_provenance: dict[str, Any]) -> dict[str, datasets.Dataset]:
    """The documents of several dimensions, by key, in turns; their provenance by dimension is filled in."""
    turns = zip_longest(*(rows for rows, _ in loaded.values()))
    documents = _on_disk(row for turn in turns for row in turn if row is not None)
    recrm_provenance.clear()
    recrm_provenance.update({key: provenance for key, (_, provenance) in loaded.items()})
    return {"test": documents}


def options_of(arguments: Mapping[str, Any], kind: type[AnyOptions]) -> AnyOptions:
    """The options of a run among `--metadata` and `--model_args`: those named `recrm_…`.

    Args:
        arguments: both, merged.
        kind: `Options`, or the subclass of a task with more options.

    Raises:
        RecrmError: one is unknown or has a wrong value.
    """
    given = {name.removeprefix(PREFIX): value for name, value in arguments.items() if name.startswith(PREFIX)}
    return parse(kind, given, PREFIX)


def load(
    dimension: str,
    answer: str,
    arguments: dict[str, Any],
    suite: Suite | None,
    options: Options,
    pose: Pose = plain_questions,
) -> Loaded:
    """The documents of one dimension.

    Args:
        dimension: its key.
        answer: `generate` or `logprob`.
        arguments: as in `documents`.
        suite: the suite that the run belongs to.
        options: the run's.
        pose: makes the questions about a record.
    """
    warn_of_earlier_answers()
    forget_requests()
    mode = one_of(MODES).parse(answer, "recrm_mode")
    _warn_of_list_options(dimension, options)
    chat = str(arguments.get("base_url", "")).rstrip("/").endswith("/chat/completions")
    if mode == "logprob" and chat and arguments.get("api") != "chat":
        raise RecrmError(
            "lm-eval's own models cannot read log-probabilities from chat APIs: use --model recrm-server with api=chat "
            "among its arguments, or the task without _logprob, or a completions API (/v1/completions), or Inspect "
            "with -T answer=logprob"
        )
    backend = backend_of(arguments)
    reads, options = _as_trained(dimension, mode, arguments, options)
    prompts, provenance = load_questions(dimension, mode, backend, options, reads=reads, pose=pose)
    provenance["enable_thinking"] = arguments.get("enable_thinking")
    provenance["engine"] = _reward_engine(mode, arguments)
    provenance["suite"] = suite and suite.to_json()
    documents = _documents(dimension, prompts, provenance, {"suite": suite.name} if suite else {})
    tokens = tokens_by(backend, options.tokenizer)
    return documents if isinstance(tokens, str) else count_questions(documents, tokens), provenance


def _as_trained(dimension: str, mode: Mode, arguments: Mapping[str, Any], options: Options) -> tuple[Reads, Options]:
    """What the model of a run reads, and the run's options with those that it was trained with.

    Reward models have the argument `reads`, and may say in their config how they were trained.
    """
    path, revision = _reward_model(mode, arguments)
    if path is None:
        return "letters", options
    return asked_as_trained(path, revision, arguments.get("reads"), dimension, options)


def _reward_engine(mode: Mode, arguments: Mapping[str, Any]) -> str | None:
    """The engine of a reward model and its version; None for other models."""
    path, revision = _reward_model(mode, arguments)
    return path and engine_of(path, revision, arguments.get("engine"), arguments.get("base_url"))


def _reward_model(mode: Mode, arguments: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The model of a run if it may be a reward model, and its revision."""
    path, revision = arguments.get("pretrained"), arguments.get("revision")
    if mode != "logprob" or not isinstance(path, str):
        return None, None
    return path, revision if isinstance(revision, str) else None


def _warn_of_list_options(dimension: str, options: Options) -> None:
    """Says that options of lists have no effect here. No error: all tasks of a run get the same `--metadata`."""
    if not is_list(dimension_of(dimension).record_type):
        try:
            refuse_list_options(options, dimension, PREFIX)
        except RecrmError as error:
            _log.warning("%s, unless other tasks of this run have lists", error)


def _documents(
    dimension: str, prompts: Iterator[Prompt], provenance: dict[str, Any], more: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    yield from (_document(dimension, prompt, more) for prompt in prompts)
    fit = provenance["fit"]
    if provenance["mode"] == "logprob" and isinstance(fit, dict) and fit["labels_of_several_tokens"]:
        _log.warning(
            "%s: for %d records some answers are several tokens in this tokenizer; each of these answers takes a pass",
            dimension,
            fit["labels_of_several_tokens"],
        )


def _on_disk(documents: Iterable[dict[str, Any]]) -> datasets.Dataset:
    """The documents in a memory-mapped file: a million of them would take gigabytes of memory.

    The file loses its name at once. The system keeps its content as long as a process uses it, and no longer, however
    that process ends. (Windows cannot remove a file in use, so there it stays.)
    """
    rows = iter(documents)
    try:
        with tempfile.TemporaryDirectory(prefix="recrm-documents-", ignore_cleanup_errors=True) as folder:
            file = Path(folder) / "documents.arrow"
            with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, COLUMNS.arrow_schema) as writer:
                while part := list(islice(rows, _PART)):
                    writer.write_table(pa.Table.from_pylist(part, schema=COLUMNS.arrow_schema))
            return datasets.Dataset.from_file(str(file))
    except OSError as error:
        raise DataError(
            f"the documents cannot be written to {tempfile.gettempdir()}: {error.strerror or error}"
        ) from None


def _document(dimension: str, prompt: Prompt, more: dict[str, Any]) -> dict[str, Any]:
    *before, last = prompt.messages
    if last.role != "user" or len(before) > 1 or any(m.role != "system" for m in before):
        raise DataError(
            f"{prompt.id}: its ready-made prompt has the turns {', '.join(m.role for m in prompt.messages)}, but "
            "lm-evaluation-harness takes one user turn, with or without a system turn before it. Use Inspect instead"
        )
    return {
        "id": prompt.id,
        "dimension": dimension,
        "lang": prompt.lang,
        "system": before[0].content if before else "",
        "prompt": last.content,
        "choices": list(prompt.choices),
        "target": prompt.target,
        "tokens": None,
        # As JSON: one column for all fields that only scoring needs, whatever their types.
        "scoring": json.dumps({name: found for name, found in prompt.to_json().items() if name not in _SHOWN} | more),
    }


_SHOWN = ("id", "dimension", "lang", "messages", "choices", "target")
"""Fields of a prompt that have columns of their own."""
