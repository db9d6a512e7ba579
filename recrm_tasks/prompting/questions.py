"""The questions of a run, for both harnesses: options -> prompts and their provenance."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from functools import partial
from itertools import groupby
from typing import Any, TypeAlias

from recrm_tasks.answers.prompt import ANSWER_TOKENS, Ask, Lang, Mode, Prompt, Reads, shows_all
from recrm_tasks.data.dataset import Dataset, load
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions.base import Form
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.prompting.examples import choose_examples
from recrm_tasks.prompting.fit import Backend, Fit, fit_of
from recrm_tasks.prompting.options import Options
from recrm_tasks.prompting.prompt_end import CLOSING_TOKENS

_log = logging.getLogger(__name__)

Pose: TypeAlias = Callable[[Dataset, Mode, Options, Form, Any], list[Prompt]]
"""Makes the questions about one record. `load_questions` says what the arguments are."""


def plain_questions(dataset: Dataset, mode: Mode, options: Options, form: Form, record: Any) -> list[Prompt]:
    """The questions that the benchmark asks about a record."""
    lang, orders, ask = options.prompt_lang, options.orders, options.ask
    return list(dataset.dimension.prompts(record, dataset.labels, mode, lang, orders, form, ask))


def load_questions(
    dimension: str,
    mode: Mode,
    backend: Backend,
    options: Options,
    ids: Collection[str] = (),
    reads: Reads = "letters",
    pose: Pose = plain_questions,
) -> tuple[Iterator[Prompt], dict[str, Any]]:
    """The questions about one dimension.

    Args:
        dimension: its key.
        mode: how answers are read.
        backend: what the harness knows of the model.
        options: the run's.
        ids: only the records with these ids, if there are any.
        reads: what a reward model scores; other models read letters.
        pose: makes the questions about one of the records, by how answers are read, the run's options, and the style
            and examples of its prompts. Not used where contents are scored.

    Returns:
        The prompts, and their provenance. The prompts can be iterated once; the provenance is complete after the last,
        but for `thinking_in_prompt`: only the harness knows how its prompts end.

    Raises:
        RecrmError: anything that the user can put right. Prompts that do not fit are reported after the last one.
    """
    _check_lists(dimension, options)
    if reads == "content":
        _check_content(dimension, mode, options)
        if pose is not plain_questions:
            raise RecrmError("a reward model that reads content gives scores and no verdicts: nothing could flip")
    dataset = _load(dimension, options, split=options.split, lang=options.lang, limit=options.limit)
    _check_ids(dataset, options.orders, options.ask)
    form = Form(options.style)
    if options.fewshot:

        def pool_of(train: str, lang: Lang) -> Dataset:
            return _load(dimension, options, split=train, lang=lang)

        form = Form(options.style, choose_examples(dataset, pool_of, mode, options))
    if options.shard is not None:  # after the examples, which are the same in every shard
        dataset = dataset.shard(options.shard)
    if ids:
        dataset = dataset.only(ids)
    answer = options.thinking + (1 if mode == "logprob" else ANSWER_TOKENS) if reads == "letters" else 0
    fit = fit_of(backend, options, answer + (CLOSING_TOKENS if options.close_thinking else 0))
    marks = options.thinking_marks
    provenance = {
        "shard": None,
        **dataset.provenance,
        "mode": mode,
        **({"reads": reads} if mode == "logprob" else {}),
        "prompt_lang": options.prompt_lang,
        "style": options.style,
        "orders": options.orders,
        "ask": options.ask,
        "questions": 0,
        "fewshot": options.fewshot,
        "thinking": options.thinking,
        "thinking_marks": marks and "...".join(marks),
        "close_thinking": options.close_thinking,
        "thinking_in_prompt": None,
        "fit": None,
    }
    make = partial(_contents, dataset, options) if reads == "content" else partial(pose, dataset, mode, options, form)
    prompts = _counted(_prompts(dataset, make, options, fit, provenance), provenance)
    if mode == "logprob" and reads == "letters":
        prompts = _with_letters(prompts, provenance)
    return (prompt._replace(marks=marks) for prompt in prompts) if marks else prompts, provenance


def records_of_run(dimension: str, options: Options) -> Dataset:
    """The records that a run asks about, in the balanced order.

    Args:
        dimension: its key.
        options: the run's.

    Raises:
        RecrmError: anything that the user can put right.
    """
    dataset = _load(dimension, options, split=options.split, lang=options.lang, limit=options.limit)
    return dataset if options.shard is None else dataset.shard(options.shard)


def _counted(prompts: Iterator[Prompt], provenance: dict[str, Any]) -> Iterator[Prompt]:
    """The same, counted; and the lists that cannot be put in order, where each candidate is a question."""
    for of_list, members in groupby(prompts, lambda prompt: prompt.of_list):
        grades = set()
        for prompt in members:
            provenance["questions"] += 1
            grades.add(of_list is not None and prompt.gold > 0)  # type: ignore[operator]
            yield prompt
        if of_list is not None:
            provenance["lists_without_order"] = provenance.get("lists_without_order", 0) + (len(grades) < 2)


def _with_letters(prompts: Iterator[Prompt], provenance: dict[str, Any]) -> Iterator[Prompt]:
    """The same; ready prompts that do not show the letters whose probabilities are read are counted, and reported."""
    unseen = 0
    for prompt in prompts:
        if prompt.ready:
            unseen += not shows_all("\n".join(turn.content for turn in prompt.messages), prompt.choices)
        yield prompt
    if unseen:
        provenance["letters_not_shown"] = unseen
        _log.warning(
            "%s: %d ready-made prompts do not show the letters whose probabilities are read. They ask for something "
            "else, so these probabilities may mean nothing: use generated answers",
            provenance["source"], unseen,
        )  # fmt: skip


def _check_lists(key: str, options: Options) -> None:
    """Refuses what cannot be asked about one candidate."""
    dimension = dimension_of(key)
    if options.ask == "list" or not is_list(dimension.record_type):
        return
    if options.orders > 1:
        raise RecrmError(
            f"orders={options.orders} and ask=item exclude each other: with ask=item candidates are asked about one by "
            "one, so there is no order in which they are shown"
        )
    if not dimension.item_question:
        raise RecrmError(f"{key}: it declares no question about one candidate (`item_question`): ask must be list")


def _check_content(key: str, mode: Mode, options: Options) -> None:
    """Refuses what has no meaning where contents are scored."""
    if mode != "logprob":
        raise RecrmError("a reward model that reads content writes no text: use log-probability mode")
    if not dimension_of(key).has_request:
        raise RecrmError(f"{key}: it declares no user's turn for contents (`request`), so reads must be letters")
    given = [name for name, unset in (("fewshot", 0), ("orders", 1)) if getattr(options, name) != unset]
    if given:
        raise RecrmError(f"with reads=content {' and '.join(given)} would have no effect; leave it out")


def _check_ids(dataset: Dataset, orders: int, ask: Ask) -> None:
    """Refuses a record with the id of a further question about another: their answers would count as of one record."""
    if orders == 1 and ask == "list":
        return
    if clash := dataset.dimension.kind.clash(dataset.ids(), orders, ask):
        first, second = clash
        if ask == "item":
            raise DataError(
                f"{dataset.provenance['source']}: ids of {dataset.dimension.key} collide: with ask=item, "
                f"candidates of {first!r} are asked about as {first + '@1'!r} and so on, and there is also a record "
                f"{second!r}. Rename one of the two, or set ask to list"
            )
        raise DataError(
            f"{dataset.provenance['source']}: ids of {dataset.dimension.key} collide: with {orders} orders, record "
            f"{first!r} is asked again as {first + '#1'!r} and so on, and there is also a record {second!r}. Rename "
            "one of the two, or set orders to 1"
        )


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
        ask=options.ask,
    )


def _contents(dataset: Dataset, options: Options, record: Any) -> list[Prompt]:
    return list(dataset.dimension.contents(record, dataset.labels, options.prompt_lang, options.ask))


def _prompts(
    dataset: Dataset,
    make: Callable[[Any], list[Prompt]],
    options: Options,
    fit: Fit | str,
    provenance: dict[str, Any],
) -> Iterator[Prompt]:
    for record in dataset.records():
        yield from make(record) if isinstance(fit, str) else fit.prompts(dataset.dimension, record, make, options.ask)
    provenance["fit"] = f"not checked: {fit}" if isinstance(fit, str) else fit.close()
