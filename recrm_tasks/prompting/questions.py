"""The questions of a run, for both harnesses: options -> prompts and their provenance."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from recrm_tasks.answers.prompt import ANSWER_TOKENS, Lang, Mode, Prompt
from recrm_tasks.data.dataset import Dataset, load
from recrm_tasks.dimensions.base import Form
from recrm_tasks.prompting.examples import choose_examples
from recrm_tasks.prompting.fit import Backend, Fit, fit_of
from recrm_tasks.prompting.options import Options
from recrm_tasks.prompting.prompt_end import CLOSING_TOKENS


def load_questions(
    dimension: str, mode: Mode, backend: Backend, options: Options, ids: Collection[str] = ()
) -> tuple[Iterator[Prompt], dict[str, Any]]:
    """The questions about one dimension.

    Args:
        dimension: its key.
        mode: how answers are read.
        backend: what the harness knows of the model.
        options: the run's.
        ids: only the records with these ids, if there are any.

    Returns:
        The prompts, and their provenance. The prompts can be iterated once; the provenance is complete after the last,
        but for `thinking_in_prompt`: only the harness knows how its prompts end.

    Raises:
        RecrmError: anything that the user can put right. Prompts that do not fit are reported after the last one.
    """
    dataset = _load(dimension, options, split=options.split, lang=options.lang, limit=options.limit)
    if ids:
        dataset = dataset.only(ids)
    form = Form(options.style)
    if options.fewshot:

        def pool_of(train: str, lang: Lang) -> Dataset:
            return _load(dimension, options, split=train, lang=lang)

        form = Form(options.style, choose_examples(dataset, pool_of, mode, options))
    answer = options.thinking + (1 if mode == "logprob" else ANSWER_TOKENS)
    fit = fit_of(backend, options, answer + (CLOSING_TOKENS if options.close_thinking else 0))
    marks = options.thinking_marks
    provenance = {
        **dataset.provenance,
        "mode": mode,
        "prompt_lang": options.prompt_lang,
        "style": options.style,
        "orders": options.orders,
        "fewshot": options.fewshot,
        "thinking": options.thinking,
        "thinking_marks": marks and "...".join(marks),
        "close_thinking": options.close_thinking,
        "thinking_in_prompt": None,
        "fit": None,
    }
    prompts = _prompts(dataset, mode, options, form, fit, provenance)
    return (prompt._replace(marks=marks) for prompt in prompts) if marks else prompts, provenance


def _load(
    dimension: str, options: Options, split: str | None, lang: Lang | None, limit: int | str | None = None
) -> Dataset:
    return load(
        dimension,
        options.data,
        split=split,
        lang=lang,
        limit=limit,
        seed=options.seed,
        mapping=options.mapping,
        revision=options.revision,
    )


def _prompts(
    dataset: Dataset, mode: Mode, options: Options, form: Form, fit: Fit | str, provenance: dict[str, Any]
) -> Iterator[Prompt]:
    lang, orders = options.prompt_lang, options.orders
    if isinstance(fit, str):
        yield from dataset.prompts(mode, lang, orders, form)
        provenance["fit"] = f"not checked: {fit}"
        return
    dimension = dataset.dimension

    def make(record: Any) -> Sequence[Prompt]:
        return list(dimension.prompts(record, dataset.labels, mode, lang, orders, form))

    for record in dataset.records():
        yield from fit.prompts(dimension, record, make)
    provenance["fit"] = fit.close()
