"""Examples with their answers, from records that are not evaluated."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import numpy as np

from recrm_tasks.answers.prompt import Lang, Mode, Style
from recrm_tasks.data.dataset import Dataset
from recrm_tasks.data.store.arrow_store import codes_of
from recrm_tasks.data.store.content_digests import as_digests
from recrm_tasks.data.store.record_index import CONTENT
from recrm_tasks.data.store.splits import HASHED, choose_split
from recrm_tasks.errors import DataError, RecrmError


def examples(
    dataset: Dataset,
    pool_of: Callable[[str, Lang], Dataset],
    count: int,
    mode: Mode,
    prompt_lang: Lang | None,
    style: Style,
) -> dict[Lang, tuple[str, ...]]:
    """So many examples for each language, the same for all its records, so that prefix caches hold them.

    They are the first of the seeded, balanced order of the source's `train` split, or of `hash-train` where it has
    none, but for records that say the same as one of the evaluated split or are of the same user or query.

    Args:
        dataset: what is evaluated.
        pool_of: loads a split of the same source in one language.
        count: examples per language.
        mode: how answers are read.
        prompt_lang: language of the prompts; by default each record's.
        style: of the prompts.

    Raises:
        RecrmError: the evaluated records are not a split, so that none is left for examples.
        DataError: there are too few records that may be examples, or one has a ready prompt.
    """
    evaluated = dataset.provenance["split"]
    index = dataset.stored.index
    splits = codes_of(index.column("split"))[1]
    train = "train" if "train" in splits else HASHED[1]
    if evaluated in (None, "all", train):
        raise RecrmError(
            f"fewshot takes its examples from records that are not evaluated, and this run evaluates "
            f"{'the split ' + repr(evaluated) if evaluated == train else 'all records'}: add split=hash-test "
            "(lm-eval: recrm_split)"
        )
    rows, _ = choose_split(dataset.stored, evaluated, hashed=False)
    content = as_digests(index.column(CONTENT))[:, 0]
    groups, names = codes_of(index.column("group"))
    same_group = np.isin(groups, np.unique(groups[rows])) & (groups != (names.index(None) if None in names else -1))
    barred = np.isin(content, content[rows]) | same_group
    found: dict[Lang, tuple[str, ...]] = {}
    for lang in _langs(dataset):
        pool = pool_of(train, lang)
        chosen = Dataset(
            pool.dimension, pool.labels, pool.provenance, pool.stored, pool.rows[~barred[pool.rows]][:count]
        )
        if len(chosen) < count:
            raise DataError(
                f"{count} examples were asked for, and split {train!r} has only {len(chosen)} records in {lang!r} that "
                f"are not like one of split {evaluated!r}"
            )
        kind = dataset.dimension
        found[lang] = tuple(
            kind.example(record, chosen.labels, mode, prompt_lang, style) for record in islice(chosen.records(), count)
        )
    return found


def _langs(dataset: Dataset) -> list[Lang]:
    """The languages of the evaluated records."""
    codes, names = codes_of(dataset.stored.index.column("lang"))
    return sorted("zh" if names[code] == "zh" else "en" for code in np.unique(codes[dataset.rows]))
