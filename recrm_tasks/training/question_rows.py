"""Records -> rows that ask the benchmark's own questions."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from recrm_tasks.answers.prompt import Mode, Prompt
from recrm_tasks.data.dataset import Dataset
from recrm_tasks.data.store.sampling import fraction
from recrm_tasks.dimensions.base import Dimension, Form
from recrm_tasks.dimensions.record_fields import is_list
from recrm_tasks.errors import DataError, RecrmError
from recrm_tasks.training.options import SetOptions
from recrm_tasks.training.rows import Row, as_case


def question_rows(dataset: Dataset, options: SetOptions) -> Iterator[tuple[Any, Row]]:
    """The records' questions as rows, each with its record, in the order of the records.

    Raises:
        RecrmError: a question cannot be asked in this way, or a trainer could not take its turns.
    """
    dimension, mode = dataset.dimension, options.mode
    form = Form(options.style)
    ask = options.asked if is_list(dimension.record_type) else "list"
    if ask == "item" and not dimension.item_question:
        raise RecrmError(f"{dimension.key}: it declares no question about one candidate, so --ask must be list")
    for record in dataset.records():
        prompts: Iterable[Prompt] = dimension.prompts(record, dataset.labels, mode, options.prompt_lang, 1, form, ask)
        if ask == "item" and options.shares == "balanced":
            prompts = _as_many(list(prompts), options.seed)
        for prompt in prompts:
            check_turns(prompt)
            yield record, _row(dataset, prompt, record.id, mode, options)


def class_names(dimension: Dimension, prompt: Prompt, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names of a classifier's classes, in the order of its logits, as `recrm-rm` finds them.

    Args:
        dimension: the questions' dimension.
        prompt: one of them.
        names: of the source's label set; empty if answers are not labels.

    Raises:
        RecrmError: the answers are not classes.
    """
    known = dimension.kind.class_names(prompt)
    if not known:
        raise RecrmError(f"{dimension.key}: candidates of a list are not classes: --ask item asks about each of them")
    called = [names[i] if names else one[0] for i, one in enumerate(known)]
    return tuple(called[i] for i in _order(known))


def _order(known: tuple[tuple[str, ...], ...]) -> list[int]:
    """The answers in the order of their classes.

    A config without names of its own has LABEL_0, LABEL_1, …: where a kind reads these, they fix the order.
    """
    places = {
        place: answer for answer, words in enumerate(known) for place in range(len(known)) if f"label_{place}" in words
    }
    return [places[place] for place in range(len(known))] if len(places) == len(known) else list(range(len(known)))


def check_turns(prompt: Prompt) -> None:
    """Refuses turns that trainers would drop: after a system turn, user and assistant take turns, the user last."""
    roles = [turn.role for turn in prompt.messages]
    asked = roles[1:] if roles[0] == "system" else roles
    if len(asked) % 2 == 0 or any(role != ("user", "assistant")[i % 2] for i, role in enumerate(asked)):
        raise DataError(
            f"{prompt.id}: the turns of its ready-made prompt are {', '.join(roles)}. Trainers take user and assistant "
            "in turn, the user first and last, after at most one system turn: change the prompt in the source"
        )


def _row(dataset: Dataset, prompt: Prompt, record_id: str, mode: Mode, options: SetOptions) -> Row:
    kind = dataset.dimension.kind
    answer = kind.answer(prompt, mode)
    if mode == "generate" and not kind.right(prompt.outcome(kind.read(answer, prompt))):
        raise DataError(
            f"{prompt.id}: its right answer {answer!r} is not read as one; --answer logprob trains on letters"
        )
    row = Row(
        dimension=dataset.dimension.key,
        lang=prompt.lang,
        ids=(record_id,),
        label=_label(dataset, prompt),
        messages=prompt.messages,
        answer=answer,
    )
    if options.kind == "classes":
        right = prompt.choices.index(kind.answer(prompt, "logprob"))
        return row._replace(place=_order(kind.class_names(prompt)).index(right))
    if options.kind == "pairs":
        wrong, margin = kind.mistaken(prompt, fraction(f"{options.seed}\nmistaken\n{prompt.id}"))
        return row._replace(rejected=kind.answer(wrong, mode), margin=round(margin, 6))
    if options.kind == "rl":
        question = {name: value for name, value in prompt.to_json().items() if name != "messages"}
        return row._replace(case=json.dumps(as_case(prompt.id, prompt.lang, question), ensure_ascii=False))
    return row


def _label(dataset: Dataset, prompt: Prompt) -> str:
    """What rows are counted by: the label; of an order how many candidates it has."""
    if isinstance(prompt.gold, tuple):
        return f"{len(prompt.gold)} candidates"
    if dataset.labels is not None:
        return dataset.labels.names[prompt.gold]
    return str(int(prompt.gold > 0))


def _as_many(prompts: list[Prompt], seed: int) -> list[Prompt]:
    """As many positives as negatives of a list, in its order; none of a list that lacks one of them."""
    sides: dict[bool, list[Prompt]] = defaultdict(list)
    for prompt in prompts:
        sides[isinstance(prompt.gold, int) and prompt.gold > 0].append(prompt)
    least = min(len(sides[True]), len(sides[False]))
    kept = {
        prompt.id
        for side in sides.values()
        for prompt in sorted(side, key=lambda one: fraction(f"{seed}\nbalanced\n{one.id}"))[:least]
    }
    return [prompt for prompt in prompts if prompt.id in kept]
