"""One door to the questions of a run, for both harnesses: options -> prompts and where they come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from recrm_tasks.answers.prompt import ANSWER_TOKENS, LANGS, STYLES, Lang, Mode, Prompt
from recrm_tasks.data.dataset import Dataset, load
from recrm_tasks.dimensions.base import Form
from recrm_tasks.errors import RecrmError
from recrm_tasks.prompting.examples import examples
from recrm_tasks.prompting.fit import Backend, Fit, fit_of

OPTIONS = (
    "data",
    "split",
    "lang",
    "prompt_lang",
    "limit",
    "seed",
    "mapping",
    "revision",
    "orders",
    "style",
    "fewshot",
    "thinking",
    "overflow",
    "context",
    "tokenizer",
)


def questions(
    dimension: str,
    mode: Mode,
    backend: Backend,
    data: str | None = None,
    split: str | None = None,
    lang: str | None = None,
    prompt_lang: str | None = None,
    limit: int | str | None = None,
    seed: int = 0,
    mapping: str | None = None,
    revision: str | None = None,
    orders: int | str = 1,
    style: str = "chat",
    fewshot: int | str = 0,
    thinking: int | str = 0,
    overflow: str = "stop",
    context: int | str | None = None,
    tokenizer: str | None = None,
) -> tuple[Iterator[Prompt], dict[str, Any]]:
    """The questions about one dimension.

    Args:
        dimension: its key.
        mode: how answers are read.
        backend: what the harness knows of the model.
        data: `hub`, `sample` or a path.
        split: split of the source, or `hash-test`, `hash-train`, `all`.
        lang: only records in this language.
        prompt_lang: language of the prompts; by default each record's.
        limit: a balanced choice of so many records, or `lite` for the fixed one of 1,000.
        seed: seed of that choice, of the order and of the examples.
        mapping: a mapping.yaml that says what the source's columns are.
        revision: revision of the hub's data.
        orders: in how many seeded orders each list is asked; other dimensions are asked once.
        style: `chat`, or `completion` for base models.
        fewshot: so many examples with their answers in every prompt, from records that are not evaluated.
        thinking: tokens that a model may think before it answers.
        overflow: `stop` if a prompt does not fit the model's context, or `shorten` it.
        context: tokens of that context; by default what the model's config says.
        tokenizer: of the model, folder or name; by default the backend's.

    Returns:
        The prompts, to be gone through once and to the end, and the provenance, complete after that.

    Raises:
        RecrmError: anything that the user can put right; what does not fit the context is told after the last prompt.
    """
    known = next((s for s in STYLES if s == style), None)
    if known is None:
        raise RecrmError(f"unknown style {style!r}: it is {' or '.join(STYLES)}")
    forced = _prompt_lang(prompt_lang)
    counts = {"orders": _whole("orders", orders, 1), "fewshot": _whole("fewshot", fewshot, 0)}
    room = _whole("thinking", thinking, 0)
    dataset = load(dimension, data, split=split, lang=lang, limit=limit, seed=seed, mapping=mapping, revision=revision)
    form = Form(known)
    if counts["fewshot"]:

        def pool_of(train: str, of: Lang) -> Dataset:
            return load(dimension, data, split=train, lang=of, seed=seed, mapping=mapping, revision=revision)

        form = Form(known, examples(dataset, pool_of, counts["fewshot"], mode, forced, known))
    fit = fit_of(backend, tokenizer, context, room + (1 if mode == "logprob" else ANSWER_TOKENS), overflow)
    provenance = {
        **dataset.provenance,
        "mode": mode,
        "prompt_lang": prompt_lang,
        "style": known,
        **counts,
        "thinking": room,
        "fit": None,
    }
    return _prompts(dataset, mode, forced, counts["orders"], form, fit, provenance), provenance


def _prompts(
    dataset: Dataset,
    mode: Mode,
    lang: Lang | None,
    orders: int,
    form: Form,
    fit: Fit | str,
    provenance: dict[str, Any],
) -> Iterator[Prompt]:
    if isinstance(fit, str):
        yield from dataset.prompts(mode, lang, orders, form)
        provenance["fit"] = f"not checked: {fit}"
        return
    kind = dataset.dimension

    def make(record: Any) -> Sequence[Prompt]:
        return list(kind.prompts(record, dataset.labels, mode, lang, orders, form))

    for record in dataset.records():
        yield from fit.prompts(kind, record, make)
    provenance["fit"] = fit.close()


def _prompt_lang(lang: str | None) -> Lang | None:
    forced: Lang | None = next((known for known in LANGS if known == lang), None)
    if lang is not None and forced is None:
        raise RecrmError(f"unknown prompt language {lang!r}: prompts are in {' or '.join(LANGS)}")
    return forced


def _whole(name: str, number: int | str, least: int) -> int:
    if isinstance(number, str) and number.isdecimal():
        number = int(number)
    if not isinstance(number, int) or isinstance(number, bool) or number < least:
        raise RecrmError(f"{name} must be a number of at least {least}, not {number}")
    return number
