"""Records -> the documents that lm-evaluation-harness iterates over."""

from __future__ import annotations

import json
from typing import Any

import datasets

from recrm_tasks.data import load
from recrm_tasks.dimensions.base import MODES, Prompt
from recrm_tasks.errors import DataError, RecrmError

_OPTIONS = ("recrm_data", "recrm_split", "recrm_lang", "recrm_prompt_lang", "recrm_limit", "recrm_seed")

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
    recrm_dimension: str,
    recrm_mode: str,
    recrm_provenance: dict[str, Any],
    recrm_data: str | None = None,
    recrm_split: str | None = None,
    recrm_lang: str | None = None,
    recrm_prompt_lang: str | None = None,
    recrm_limit: int | None = None,
    recrm_seed: int = 0,
    **others: Any,
) -> dict[str, datasets.Dataset]:
    """`custom_dataset` of every task: called with the task's metadata, `--metadata` and `--model_args` merged.

    Args:
        recrm_dimension: the dimension's key, from the task's YAML.
        recrm_mode: `generate` or `logprob`, from the task's YAML.
        recrm_provenance: the task's own metadata entry, filled in here. lm-eval offers no hook for it: the dict is
            the one that its configuration holds, so that what is written into it stands in every result.
        recrm_data: `hub`, `sample` or a path.
        recrm_split: split of the source.
        recrm_lang: only records in this language.
        recrm_prompt_lang: language of the prompts; by default each record's.
        recrm_limit: a balanced choice of so many records.
        recrm_seed: seed of that choice and of the order.
        others: model arguments and further metadata, which are not ours; names that begin with `recrm_` are errors.

    Returns:
        One split, `test`, with the columns of `COLUMNS`.

    Raises:
        RecrmError: what `load` raises, or an unknown option.
    """
    unknown = sorted(name for name in others if name.startswith("recrm_"))
    if unknown:
        raise RecrmError(f"unknown option in --metadata: {', '.join(unknown)}; the options are {', '.join(_OPTIONS)}")
    mode = next(m for m in MODES if m == recrm_mode)
    dataset = load(recrm_dimension, recrm_data, split=recrm_split, lang=recrm_lang, limit=recrm_limit, seed=recrm_seed)
    recrm_provenance.clear()
    recrm_provenance.update(dataset.provenance, mode=mode, prompt_lang=recrm_prompt_lang)
    rows = [_document(recrm_dimension, prompt) for prompt in dataset.prompts(mode, recrm_prompt_lang)]
    return {"test": datasets.Dataset.from_list(rows, features=COLUMNS)}


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
        "scoring": json.dumps({"words": prompt.words, "gold": prompt.gold}, ensure_ascii=False),
    }
