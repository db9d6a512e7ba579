"""Examples for the prompts of a run: records with their answers that are not evaluated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recrm_tasks.answers.prompt import Lang, Mode
from recrm_tasks.data.dataset import Dataset
from recrm_tasks.data.store.arrow_store import codes_of
from recrm_tasks.data.train_part import all_evaluated, shares_with_evaluated, train_split
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.prompting.options import Options


def choose_examples(
    dataset: Dataset, pool_of: Callable[[str, Lang], Dataset], mode: Mode, options: Options
) -> dict[Lang, tuple[str, ...]]:
    """The examples for each language. All its records get the same ones, so that prefix caches hold them.

    They are the first `options.fewshot` records of the source's `train` split, or of `hash-train` where it has none, in
    the seeded, balanced order. Records with the text, the user or the query of an evaluated record are passed over.

    Args:
        dataset: the records that are evaluated.
        pool_of: loads a split of the same source in one language.
        mode: how answers are read.
        options: the run's.

    Raises:
        RecrmError: all records are evaluated, so that none are left for examples.
        DataError: there are too few records for examples, or one has a ready-made prompt.
    """
    evaluated, train = dataset.provenance["split"], train_split(dataset)
    if all_evaluated(dataset):
        raise RecrmError(
            f"examples (fewshot) come from records that are not evaluated, but this run evaluates "
            f"{'the split ' + repr(evaluated) if evaluated == train else 'all records'}: add split=hash-test "
            "(lm-eval: recrm_split)"
        )
    barred = shares_with_evaluated(dataset)
    found: dict[Lang, tuple[str, ...]] = {}
    for lang in _langs(dataset):
        pool = pool_of(train, lang)
        rows = pool.rows[~barred[pool.rows]][: options.fewshot]
        chosen = Dataset(pool.dimension, pool.labels, pool.provenance, pool.stored, rows)
        if len(chosen) < options.fewshot:
            raise DataError(
                f"there are not enough records for {options.fewshot} examples (fewshot): split {train!r} has only "
                f"{len(chosen)} in {lang!r} that share neither text nor user or query with split {evaluated!r}"
            )
        spoken, style, ask = options.prompt_lang, options.style, options.ask
        found[lang] = tuple(
            dataset.dimension.example(record, chosen.labels, mode, spoken, style, ask, turn)
            for turn, record in enumerate(chosen.records())
        )
    return found


def _langs(dataset: Dataset) -> list[Lang]:
    """The languages of the evaluated records."""
    codes, names = codes_of(dataset.stored.index.column("lang"))
    return sorted("zh" if names[code] == "zh" else "en" for code in np.unique(codes[dataset.rows]))
