"""Records -> the documents that lm-evaluation-harness iterates over."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa

from recrm_tasks.data import load
from recrm_tasks.dimensions import dimensions
from recrm_tasks.dimensions.base import MODES, Prompt
from recrm_tasks.errors import DataError, RecrmError

_OPTIONS = (
    "recrm_data",
    "recrm_split",
    "recrm_lang",
    "recrm_prompt_lang",
    "recrm_limit",
    "recrm_seed",
    "recrm_mapping",
    "recrm_revision",
    "recrm_orders",
)
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
        "scoring": datasets.Value("string"),
    }
)


def documents(
    recrm_dimension: str, recrm_mode: str, recrm_provenance: dict[str, Any], **options: Any
) -> dict[str, datasets.Dataset]:
    """`custom_dataset` of every task with one dimension.

    lm-eval calls it with the task's metadata, `--metadata` and `--model_args` merged.

    Args:
        recrm_dimension: the dimension's key, from the task's YAML.
        recrm_mode: `generate` or `logprob`, from the task's YAML.
        recrm_provenance: the task's own metadata entry, filled in here. lm-eval offers no hook for it: the dict is
            the one that its configuration holds, so that what is written into it stands in every result.
        options: see `_load`.

    Returns:
        One split, `test`, with the columns of `COLUMNS`.

    Raises:
        RecrmError: what `load` raises, or an unknown option.
    """
    rows, provenance = _load(recrm_dimension, recrm_mode, **options)
    recrm_provenance.clear()
    recrm_provenance.update(provenance)
    return {"test": _on_disk(rows)}


def documents_of_all(recrm_mode: str, recrm_provenance: dict[str, Any], **options: Any) -> dict[str, datasets.Dataset]:
    """`custom_dataset` of the hybrid tasks: as `documents`, with the provenance by dimension.

    The dimensions' records take turns, so that lm-eval's --limit takes of every one.
    """
    loaded = {key: _load(key, recrm_mode, **options) for key in dimensions()}
    recrm_provenance.clear()
    recrm_provenance.update({key: provenance for key, (_, provenance) in loaded.items()})
    turns = zip_longest(*(rows for rows, _ in loaded.values()))
    return {"test": _on_disk(row for turn in turns for row in turn if row is not None)}


def _load(
    dimension: str,
    answer: str,
    recrm_data: str | None = None,
    recrm_split: str | None = None,
    recrm_lang: str | None = None,
    recrm_prompt_lang: str | None = None,
    recrm_limit: int | str | None = None,
    recrm_seed: int = 0,
    recrm_mapping: str | None = None,
    recrm_revision: str | None = None,
    recrm_orders: int | str = 1,
    **others: Any,
) -> tuple[Iterator[dict[str, Any]], dict[str, Any]]:
    """The documents of one dimension, and where they come from.

    Args:
        dimension: its key.
        answer: `generate` or `logprob`.
        recrm_data: `hub`, `sample` or a path.
        recrm_split: split of the source, or `hash-test`, `hash-train`, `all`.
        recrm_lang: only records in this language.
        recrm_prompt_lang: language of the prompts; by default each record's.
        recrm_limit: a balanced choice of so many records, or `lite` for the fixed one of 1,000.
        recrm_seed: seed of that choice and of the order.
        recrm_mapping: a mapping.yaml that says what the source's columns are.
        recrm_revision: revision of the hub's data.
        recrm_orders: in how many seeded orders each list is asked; other dimensions are asked once.
        others: model arguments and further metadata, which are not ours; names that begin with `recrm_` are errors.
    """
    unknown = sorted(name for name in others if name.startswith("recrm_"))
    if unknown:
        raise RecrmError(f"unknown option in --metadata: {', '.join(unknown)}; the options are {', '.join(_OPTIONS)}")
    mode = next(m for m in MODES if m == answer)
    dataset = load(
        dimension,
        recrm_data,
        split=recrm_split,
        lang=recrm_lang,
        limit=recrm_limit,
        seed=recrm_seed,
        mapping=recrm_mapping,
        revision=recrm_revision,
    )
    prompts = dataset.prompts(mode, recrm_prompt_lang, recrm_orders)
    chosen = {"mode": mode, "prompt_lang": recrm_prompt_lang, "orders": int(recrm_orders)}
    return (_document(dimension, p) for p in prompts), {**dataset.provenance, **chosen}


_folders: list[tempfile.TemporaryDirectory[str]] = []
"""Those of this process's documents; they go when it ends."""


def _on_disk(documents: Iterable[dict[str, Any]]) -> datasets.Dataset:
    """The documents in a file that is mapped into memory: a million of them would take gigabytes of it."""
    try:
        _folders.append(tempfile.TemporaryDirectory(prefix="recrm-documents-"))
        file = Path(_folders[-1].name) / "documents.arrow"
        rows = iter(documents)
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, COLUMNS.arrow_schema) as writer:
            while part := list(islice(rows, _PART)):
                writer.write_table(pa.Table.from_pylist(part, schema=COLUMNS.arrow_schema))
    except OSError as error:
        raise DataError(
            f"the documents cannot be written to {tempfile.gettempdir()}: {error.strerror or error}"
        ) from None
    return datasets.Dataset.from_file(str(file))


def _document(dimension: str, prompt: Prompt) -> dict[str, Any]:
    *before, last = prompt.messages
    if last.role != "user" or len(before) > 1 or any(m.role != "system" for m in before):
        raise DataError(
            f"{prompt.id}: its ready prompt has the turns {', '.join(m.role for m in prompt.messages)}, but "
            "lm-evaluation-harness puts one user turn, with or without a system turn before it. Inspect can run them."
        )
    return {
        "id": prompt.id,
        "dimension": dimension,
        "lang": prompt.lang,
        "system": before[0].content if before else "",
        "prompt": last.content,
        "choices": list(prompt.choices),
        "target": prompt.target,
        "scoring": json.dumps(
            {"words": prompt.words, "gold": prompt.gold, "group": prompt.group, "values": prompt.values},
            ensure_ascii=False,
        ),
    }
