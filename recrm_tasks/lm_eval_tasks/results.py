"""Model answers -> outcomes, and outcomes -> the numbers of a run."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from recrm_tasks.answers.prompt import Prompt
from recrm_tasks.dimensions import dimension as dimension_of
from recrm_tasks.dimensions import dimensions
from recrm_tasks.errors import HarnessError
from recrm_tasks.lm_eval_tasks.cost import cost_of
from recrm_tasks.models.usage import FIELDS
from recrm_tasks.scoring.metric import VALID, brief, columns, flat
from recrm_tasks.scoring.outcomes import Answer, Outcome

UNSEEN = "unseen"
"""The number of records with an allowed answer whose log-probability was not reported; in the item of such a record."""
COST = "cost"
"""What an answer cost, in its item: names of `Usage`."""
Item: TypeAlias = dict[str, Any]
"""One outcome with named fields and its `dimension`: the entry of sample logs under `score`."""


class Shared:
    """A reference to the item under `score`, so that sample logs contain it once and not for each metric."""

    __slots__ = ("item",)

    def __init__(self, item: Item) -> None:
        self.item = item

    def __repr__(self) -> str:
        return "see score"


def generated(doc: dict[str, Any], results: Sequence[object]) -> dict[str, Item | Shared]:
    """`process_results` for generated answers: `results` contains one completion."""
    return of_dimension(answered(doc, results))


def weighed(doc: dict[str, Any], results: Sequence[tuple[float, bool]]) -> dict[str, Item | Shared]:
    """`process_results` for log-probability answers: `results` contains (log-likelihood, is greedy) per choice."""
    return of_dimension(likely(doc, results))


def answered(doc: dict[str, Any], results: Sequence[object]) -> Item:
    """A generated answer as it is read, with what it cost."""
    return {**read(doc, results), **_counted(cost_of(doc, "generate", results[0]))}


def likely(doc: dict[str, Any], results: Sequence[tuple[float, bool]]) -> Item:
    """A log-probability answer as it is read, with what it cost, and whether one was not reported."""
    unseen = any(float(logprob) == -math.inf for logprob, _ in results)
    return {**weigh(doc, results), **_counted(cost_of(doc, "logprob")), **({UNSEEN: True} if unseen else {})}


def _counted(cost: dict[str, int]) -> dict[str, Any]:
    return {COST: cost} if cost else {}


def read(doc: dict[str, Any], results: Sequence[object]) -> Item:
    """Reads the only completion in `results`."""
    prompt = prompt_of(doc)
    return _item(doc, prompt, dimension_of(doc["dimension"]).kind.read(results[0], prompt))


def weigh(doc: dict[str, Any], results: Sequence[tuple[float, bool]]) -> Item:
    """Reads `results`, (log-likelihood, is greedy) per choice.

    Raises:
        HarnessError: they are no numbers.
    """
    prompt = prompt_of(doc)
    numbers = [float(logprob) for logprob, _ in results]
    try:
        answer = dimension_of(doc["dimension"]).kind.read_numbers(numbers, prompt)
    except HarnessError as error:
        raise HarnessError(f"record {doc['id']}: {error}") from None
    return _item(doc, prompt, answer)


def by_dimension(items: Sequence[Item]) -> dict[str, list[Outcome]]:
    """The outcomes of items, by dimension."""
    outcomes: dict[str, list[Outcome]] = defaultdict(list)
    for item in items:
        outcomes[item["dimension"]].append(outcome_of(item))
    return outcomes


def outcome_of(item: Item) -> Outcome:
    """The outcome of one item."""
    return Outcome.from_json({name: value for name, value in item.items() if name not in _NOT_OUTCOME})


_NOT_OUTCOME = ("dimension", "suite", "answer", COST, UNSEEN)
"""Fields of an item that do not belong to the outcome; `suite` is in those of the hybrid tasks."""


def _item(doc: dict[str, Any], prompt: Prompt, answer: Answer) -> Item:
    """The outcome, with the answer in the words of the document's target for people who look at the samples."""
    shown = answer.reason or dimension_of(doc["dimension"]).kind.shown(answer.value, prompt)
    return {"dimension": doc["dimension"], "answer": shown, **prompt.outcome(answer).to_json()}


class LastRun:
    """All metrics of one run, computed once: lm-eval requests them one by one, each time with the same outcomes."""

    def __init__(self, measure: Callable[[Sequence[Item]], dict[str, float]]) -> None:
        self._measure = measure
        self._items: list[Item] = []
        self._numbers: dict[str, float] = {}

    def __call__(self, items: list[Item]) -> dict[str, float]:
        """The metrics of these items."""
        if items != self._items:  # cheap: equal items are the same objects, unless they come from other processes
            self._numbers = self._measure(items)
            self._items = items
        return self._numbers


class Aggregation:
    """The aggregation of one metric: outcomes of a run -> its number. A class, so that logs can show its name."""

    def __init__(self, path: str, metric: str, measure: LastRun) -> None:
        self.path = path
        self.metric = metric
        self.measure = measure

    def __call__(self, items: Sequence[Item | Shared]) -> float:
        return self.numbers(items)[self.metric]

    def numbers(self, items: Sequence[Item | Shared]) -> dict[str, float]:
        """All numbers of the run."""
        return self.measure([item.item if isinstance(item, Shared) else item for item in items])

    def __repr__(self) -> str:
        return self.path


def __getattr__(name: str) -> Aggregation:
    """A metric's aggregation by its name, for YAML like `!function recrm_tasks.lm_eval_tasks.results.acc`.

    lm-eval needs one function per metric, and these differ only in their names. Function names cannot contain `@`:
    `hr@3` is `hr_at_3`.
    """
    metric = name.replace("_at_", "@")
    if metric not in _metric_names():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return Aggregation(f"{__name__}.{metric}", metric, _last_run)


def measure(items: Sequence[Item]) -> dict[str, float]:
    """The metrics of a task of one dimension, and what its answers cost."""
    ((key, outcomes),) = by_dimension(items).items()
    return {**flat(dimension_of(key).metrics(outcomes)), **counts(items)}


def counts(items: Sequence[Item]) -> dict[str, float]:
    """What is summed over a run: the costs as far as they are known, and `unseen` if there are such records."""
    costs = [item[COST] for item in items if COST in item]
    found = {name: sum(cost.get(name, 0) for cost in costs) for name in FIELDS if any(name in cost for cost in costs)}
    unseen = sum(UNSEEN in item for item in items)
    return {**found, **({UNSEEN: unseen} if unseen else {})}


_last_run = LastRun(measure)


@lru_cache(maxsize=1)
def _metric_names() -> frozenset[str]:
    return frozenset(name for d in dimensions().values() for name in columns(d.kind.declared))


@lru_cache(maxsize=16)
def shown_names(dimension: str, reads: str, by_item: bool) -> tuple[str, ...]:
    """What lm-eval's table shows of a run, with the names of errors.

    Args:
        dimension: its key.
        reads: `content` if a reward model scored content, which is always readable; else `letters`.
        by_item: whether candidates were asked about one by one.
    """
    kind = dimension_of(dimension).kind
    shown = {name: one for name, one in brief(kind.declared, kind.primary).items() if one.is_of(reads, by_item)}
    return tuple(columns({name: one for name, one in shown.items() if reads == "letters" or not name.endswith(VALID)}))


def of_dimension(item: Item) -> dict[str, Item | Shared]:
    """The metrics of one document in a task of one dimension: those that the table shows."""
    return for_every_metric(
        item, shown_names(item["dimension"], "content" if "question" in item else "letters", "of_list" in item)
    )


def for_every_metric(item: Item, names: Sequence[str]) -> dict[str, Item | Shared]:
    """What `process_results` returns: the item under `score`, and a reference to it under each other name."""
    return {**dict.fromkeys(names, Shared(item)), "score": item}


def prompt_of(doc: dict[str, Any]) -> Prompt:
    """The part of the prompt that reading an answer needs."""
    return Prompt.from_json({**doc, **json.loads(doc["scoring"])})
